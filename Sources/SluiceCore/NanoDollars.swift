/// An amount of money: a whole number of nano-dollars (10⁻⁹ USD).
///
/// Sums are exact. `Int64` holds about ±9.2 billion dollars; arithmetic that would leave that
/// range traps, since an amount that wraps is worse than a stopped process.
package struct NanoDollars: Hashable, Sendable, Comparable {
  package var count: Int64

  package init(_ count: Int64) { self.count = count }

  package static let zero = NanoDollars(0)
  /// Nano-dollars in one dollar.
  package static let perDollar: Int64 = 1_000_000_000

  package static func < (left: Self, right: Self) -> Bool { left.count < right.count }
  package static func + (left: Self, right: Self) -> Self { Self(left.count + right.count) }
  package static func - (left: Self, right: Self) -> Self { Self(left.count - right.count) }
  package static func += (left: inout Self, right: Self) { left.count += right.count }
  package static func -= (left: inout Self, right: Self) { left.count -= right.count }
}

extension NanoDollars: CustomStringConvertible {
  /// Dollars without the sign of the currency: at least two decimals, at most nine, no rounding.
  ///
  /// `NanoDollars(1_500_000)` prints `0.0015`, two dollars print `2.00`.
  package var description: String {
    DecimalText.text(ofNano: count, leastDecimals: 2)
  }

  /// Appends the same, without making a string.
  package func append(to output: inout [UInt8]) {
    DecimalText.append(nano: count, leastDecimals: 2, to: &output)
  }

  /// Reads plain decimal dollars such as `5`, `0.02` or `-1.50`; at most nine decimals.
  ///
  /// - Returns: `nil` for anything else, and for an amount outside the range.
  package init?(dollars text: some StringProtocol) {
    var bytes = Array(text.utf8)[...]
    let isNegative = bytes.first == UInt8(ascii: "-")
    if isNegative { bytes.removeFirst() }
    var total: Int64 = 0
    var decimals = -1
    var digits = 0
    for byte in bytes {
      if byte == UInt8(ascii: "."), decimals < 0, digits > 0 {
        decimals = 0
        continue
      }
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      if decimals >= 0 {
        decimals += 1
        guard decimals <= 9 else { return nil }
      }
      digits += 1
      let (product, overflowed) = total.multipliedReportingOverflow(by: 10)
      let (sum, carried) = product.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
      guard !overflowed, !carried else { return nil }
      total = sum
    }
    guard digits > 0, decimals != 0 else { return nil }
    for _ in 0..<(9 - max(decimals, 0)) {
      let (product, overflowed) = total.multipliedReportingOverflow(by: 10)
      guard !overflowed else { return nil }
      total = product
    }
    self.init(isNegative ? -total : total)
  }
}
