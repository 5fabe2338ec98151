/// Decimal numbers as text, exactly: nothing passes through floating point.
package enum DecimalText {
  /// Spells a number that is not large with three decimals, rounded: `0.957`.
  package static func threeDecimals(of value: Double) -> String {
    text(ofNano: Int64((value * 1_000).rounded()) * 1_000_000, leastDecimals: 3)
  }

  /// Spells `nano` × 10⁻⁹ with no more decimals than it needs, but at least so many.
  ///
  /// With 0 least decimals 1,500,000 is `0.0015` and 2,000,000,000 is `2`; with two that is `2.00`.
  /// Every log line has three, so zeros are dropped from the number rather than from a string.
  package static func text(ofNano nano: Int64, leastDecimals: Int = 0) -> String {
    let (whole, rest) = nano.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
    var fraction = rest
    var decimals = 9
    while decimals > leastDecimals, fraction % 10 == 0 {
      fraction /= 10
      decimals -= 1
    }
    var text = nano < 0 ? "-" : ""
    text += String(whole)
    guard decimals > 0 else { return text }
    text += "."
    let digits = String(fraction)
    for _ in digits.utf8.count..<decimals { text += "0" }
    text += digits
    return text
  }
}
