import SluiceCore
import SluicePolicy
import SluiceStages
import Testing

@Suite("Operating point")
struct OperatingPointTests {
  private static let terms = OperatingPoint.Terms(bar: 0.85, maxWrong: 0.01)

  /// A stream of hits, spread over scores from 0.85 to 1, of which a share is wrong.
  private struct Traffic {
    var random: Seeded
    var share: Double

    init(seed: UInt64, share: Double) {
      random = Seeded(seed: seed)
      self.share = share
    }

    mutating func next() -> (score: Float, isWrong: Bool) {
      (Float.random(in: 0.85...1, using: &random), Double.random(in: 0..<1, using: &random) < share)
    }
  }

  /// How many comparisons it takes until the bar moves; `nil`: not within a block.
  private func noticed(after seed: UInt64, share: Double) -> Int? {
    var traffic = Traffic(seed: seed, share: share)
    var point = OperatingPoint(Self.terms)
    for count in 1...Bounds.shadowBlock {
      let (score, isWrong) = traffic.next()
      if point.observe(score: score, isWrong: isWrong) != nil { return count }
    }
    return nil
  }

  @Test("of a true 5 % at a bound of 1 % it takes notice, mostly within some hundred comparisons")
  func power() {
    let counts = (0..<200).map { noticed(after: $0, share: 0.05) ?? .max }.sorted()
    #expect(counts.last ?? .max < Bounds.shadowBlock)
    #expect(counts[100] < 150, "half: \(counts[100])")
    #expect(counts[190] < 350, "19 of 20: \(counts[190])")
  }

  @Test("of a true 0.5 % it hardly ever takes notice; of a true 1 % in at most a block of twenty")
  func falseAlarms() {
    let rare = (0..<300).count { noticed(after: $0, share: 0.005) != nil }
    #expect(rare <= 3, "\(rare) of 300")
    let even = (0..<300).count { noticed(after: $0, share: 0.01) != nil }
    // 15, and what chance adds to it.
    #expect(even <= 25, "\(even) of 300")
  }

  @Test("a bad present is noticed after a long good past")
  func change() {
    var point = OperatingPoint(Self.terms)
    var good = Traffic(seed: 1, share: 0.001)
    for _ in 0..<20_500 {
      let (score, isWrong) = good.next()
      #expect(point.observe(score: score, isWrong: isWrong) == nil)
    }
    var bad = Traffic(seed: 2, share: 0.05)
    let after = (1...2_000)
      .first { _ in
        let (score, isWrong) = bad.next()
        return point.observe(score: score, isWrong: isWrong) != nil
      }
    #expect(after ?? .max < 800)
  }

  @Test("the bar goes to the lowest above at which the comparisons bound the share")
  func next() throws {
    var point = OperatingPoint(Self.terms)
    // Right from 0.90 on, and nothing but wrong below, all of a sudden.
    for index in 0..<1_500 {
      let score: Float = index.isMultiple(of: 2) ? 0.9605 : 0.9205
      #expect(point.observe(score: score, isWrong: false) == nil)
    }
    var tightening: OperatingPoint.Tightening?
    for _ in 0..<200 where tightening == nil {
      tightening = point.observe(score: 0.865, isWrong: true)
    }
    let found = try #require(tightening)
    #expect(found.from == 0.85)
    #expect(found.to == 0.87)
    #expect(found.estimate.wrong > 0 && found.estimate.judged == 1_500 + found.estimate.wrong)
    #expect(point.bar == 0.87 && point.isTightened)
    #expect(!point.admits(0.865) && point.admits(0.875))
    #expect(point.estimate.wrong == 0 && point.estimate.judged == 1_500)
  }

  @Test("where no bar above holds it is off, until a person resets it")
  func off() {
    var point = OperatingPoint(Self.terms)
    var last: OperatingPoint.Tightening?
    for _ in 0..<50 { last = point.observe(score: 0.995, isWrong: true) ?? last }
    #expect(last?.to == .some(nil))
    #expect(point.bar == nil && !point.admits(1))
    // What would have been hits is remembered, and loosens nothing.
    for _ in 0..<2_000 { #expect(point.observe(score: 0.995, isWrong: false) == nil) }
    #expect(point.bar == nil)
    #expect(point.estimate.judged > 2_000)
    point.reset()
    #expect(point == OperatingPoint(Self.terms))
    #expect(point.bar == 0.85)
  }

  @Test("equal terms go on where they were, new ones begin anew")
  func resuming() {
    var point = OperatingPoint(Self.terms)
    for _ in 0..<50 { _ = point.observe(score: 0.9, isWrong: true) }
    #expect(OperatingPoint(Self.terms, resuming: point) == point)
    var measured = Self.terms
    measured.basis = Digest(of: [1])
    #expect(OperatingPoint(measured, resuming: point) == OperatingPoint(measured))
    #expect(OperatingPoint(Self.terms, resuming: nil) == OperatingPoint(Self.terms))
  }

  @Test("without a share that is allowed it counts and tightens nothing")
  func unbounded() {
    var point = OperatingPoint(.init(bar: 0.9, maxWrong: nil))
    for _ in 0..<3_000 { #expect(point.observe(score: 0.95, isWrong: true) == nil) }
    #expect(point.estimate.share == 1 && point.bar == 0.9)
    #expect(point.reading() == nil)
  }

  @Test("it is the same after its bytes, and bytes of anything else are nothing")
  func bytes() {
    var point = OperatingPoint(Self.terms)
    var traffic = Traffic(seed: 3, share: 0.02)
    for count in 0..<3_000 {
      let (score, isWrong) = traffic.next()
      _ = point.observe(score: score, isWrong: isWrong)
      if count.isMultiple(of: 500) { #expect(OperatingPoint(bytes: point.bytes) == point) }
    }
    let bytes = point.bytes
    #expect(bytes.count < 700)
    #expect(OperatingPoint(bytes: bytes) == point)
    for length in 0..<bytes.count { #expect(OperatingPoint(bytes: Array(bytes[..<length])) == nil) }
    var random = Seeded(seed: 4)
    for _ in 0..<5_000 {
      var torn = bytes
      torn[Int.random(in: 0..<torn.count, using: &random)] = UInt8.random(
        in: 0...255,
        using: &random
      )
      // It may be another point, but traps nowhere.
      if var other = OperatingPoint(bytes: torn) { _ = other.observe(score: 0.9, isWrong: true) }
    }
    let unbounded = OperatingPoint(.init(bar: 0.9, maxWrong: nil))
    #expect(OperatingPoint(bytes: unbounded.bytes) == unbounded)
  }
}
