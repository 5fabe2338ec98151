/// Decimal numbers as text, exactly: nothing passes through floating point.
package enum DecimalText {
  /// Spells a number that is not large with three decimals, rounded: `0.957`.
  package static func threeDecimals(of value: Double) -> String {
    text(ofNano: Int64((value * 1_000).rounded()) * 1_000_000, leastDecimals: 3)
  }

  /// Spells `nano` × 10⁻⁹ with no more decimals than it needs, but at least so many.
  ///
  /// With 0 least decimals 1,500,000 is `0.0015` and 2,000,000,000 is `2`; with two that is `2.00`.
  package static func text(ofNano nano: Int64, leastDecimals: Int = 0) -> String {
    var bytes: [UInt8] = []
    bytes.append(nano: nano, leastDecimals: leastDecimals)
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Numbers written where they are sent from: a string that only its bytes are wanted of costs ten
/// times as much.
extension [UInt8] {
  /// Appends `number` in decimal digits.
  package mutating func append(decimal number: Int64) {
    if number < 0 { append(UInt8(ascii: "-")) }
    append(decimal: number.magnitude)
  }

  /// Appends `number` in decimal digits, with zeros in front of it where it has fewer than `digits`.
  package mutating func append(decimal number: UInt64, digits: Int = 1) {
    var spelled = InlineArray<20, UInt8>(repeating: UInt8(ascii: "0"))
    var start = spelled.count
    var rest = number
    while rest > 0 {
      start -= 1
      spelled[start] += UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    for place in Swift.min(start, spelled.count - digits)..<spelled.count { append(spelled[place]) }
  }

  /// Appends `nano` × 10⁻⁹ as `DecimalText.text(ofNano:leastDecimals:)` spells it.
  package mutating func append(nano: Int64, leastDecimals: Int = 0) {
    if nano < 0 { append(UInt8(ascii: "-")) }
    let (whole, rest) = nano.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
    append(decimal: whole)
    // Every log line has three, so zeros are dropped from the number rather than from its digits.
    var fraction = rest
    var decimals = 9
    while decimals > leastDecimals, fraction % 10 == 0 {
      fraction /= 10
      decimals -= 1
    }
    guard decimals > 0 else { return }
    append(UInt8(ascii: "."))
    append(decimal: fraction, digits: decimals)
  }
}
