/// A loop's own source of chance: xoroshiro128++, a few instructions, not for secrets.
struct FastGenerator: RandomNumberGenerator {
  private var state: (UInt64, UInt64)

  init(seed: (UInt64, UInt64)) {
    // All zeros would stay so for ever.
    state = seed == (0, 0) ? (1, 0) : seed
  }

  mutating func next() -> UInt64 {
    let (first, second) = state
    let mixed = second ^ first
    state = (Self.rotated(first, by: 49) ^ mixed ^ (mixed << 21), Self.rotated(mixed, by: 28))
    return Self.rotated(first &+ second, by: 17) &+ first
  }

  private static func rotated(_ value: UInt64, by count: UInt64) -> UInt64 {
    value << count | value >> (64 - count)
  }
}
