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
    append(nano: nano, leastDecimals: leastDecimals, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends what `text(ofNano:)` spells, without making a string: every log line has three.
  package static func append(nano: Int64, leastDecimals: Int = 0, to output: inout [UInt8]) {
    let (whole, rest) = nano.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
    if nano < 0 { output.append(UInt8(ascii: "-")) }
    append(whole, to: &output)
    var fraction = rest
    var decimals = 9
    while decimals > leastDecimals, fraction % 10 == 0 {
      fraction /= 10
      decimals -= 1
    }
    guard decimals > 0 else { return }
    output.append(UInt8(ascii: "."))
    append(fraction, digits: decimals, to: &output)
  }

  /// Appends a number as it is.
  package static func append(_ number: Int64, to output: inout [UInt8]) {
    if number < 0 { output.append(UInt8(ascii: "-")) }
    append(number.magnitude, to: &output)
  }

  /// Appends a number without a sign, with zeros before it up to so many digits.
  ///
  /// The digits are made from the last to the first, in place: a string for each costs more than
  /// the rest of a log line.
  package static func append(_ number: UInt64, digits least: Int = 1, to output: inout [UInt8]) {
    if number < 10, least == 1 { return output.append(digit(number)) }
    if number < 100, least <= 2 {
      output.append(digit(number / 10))
      return output.append(digit(number % 10))
    }
    // As many as the largest number has.
    var digits = InlineArray<20, UInt8>(repeating: UInt8(ascii: "0"))
    var rest = number
    var first = digits.count
    while rest > 0 {
      first -= 1
      digits[first] = digit(rest % 10)
      rest /= 10
    }
    first = min(first, digits.count - least)
    output.append(addingCapacity: digits.count - first) { output in
      for place in first..<digits.count { output.append(digits[place]) }
    }
  }

  private static func digit(_ value: UInt64) -> UInt8 {
    UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value)
  }
}
