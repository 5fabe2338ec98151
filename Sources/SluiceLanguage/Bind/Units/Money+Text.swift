import SluiceCore

extension NanoDollars {
  /// Reads `$0.10` or `$1000`; at most nine decimals.
  static func reading(_ text: String) throws(QuantityIssue) -> NanoDollars {
    guard text.hasPrefix("$") else {
      throw NanoDollars(dollars: text) == nil ? .malformed : .unitMissing
    }
    guard let amount = NanoDollars(dollars: text.dropFirst()) else { throw .malformed }
    guard amount >= .zero else { throw .malformed }
    return amount
  }
}

extension TokenPrice {
  /// Reads `$0.50/M`, for a million tokens, or `$0.0005/k`, for a thousand; `free` is nothing.
  static func reading(_ text: String) throws(QuantityIssue) -> TokenPrice {
    guard text != "free" else { return .free }
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    let amount = try NanoDollars.reading(String(parts[0]))
    guard parts.count == 2 else { throw .unitMissing }
    let factor: Int64
    switch parts[1] {
    case "M": factor = 1
    case "k": factor = 1_000
    default: throw .unknownUnit(String(parts[1]))
    }
    let (product, overflowed) = amount.count.multipliedReportingOverflow(by: factor)
    guard !overflowed else { throw .tooLarge }
    return TokenPrice(nanoDollarsPerMillion: product)
  }

  /// The spelling that reads back as this price.
  var text: String { "$\(NanoDollars(nanoDollarsPerMillion))/M" }
}
