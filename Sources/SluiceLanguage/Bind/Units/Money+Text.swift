import SluiceCore
package import SluicePolicy

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

extension ModelSettings.DatedPrice {
  /// The spelling that reads back as this price, as one item of a flow collection.
  package var text: String {
    guard from != nil || price != .free else { return "free" }
    let parts = from.map { ["from: \($0)"] } ?? []
    return "{ \((parts + price.parts).joined(separator: ", ")) }"
  }
}

extension ModelSettings.Price {
  fileprivate var parts: [String] {
    guard !thresholds.isEmpty else { return base.parts }
    let above = thresholds.map { "\($0.above): { \($0.rates.parts.joined(separator: ", ")) }" }
    return base.parts + ["above: { \(above.joined(separator: ", ")) }"]
  }
}

extension ModelSettings.Price.Rates {
  /// The rates that are not what they would be without a word.
  fileprivate var parts: [String] {
    var parts = ["input: \(input.text)"]
    if cachedInput != input { parts.append("cached_input: \(cachedInput.text)") }
    if audioInput != input { parts.append("audio_input: \(audioInput.text)") }
    parts.append("output: \(output.text)")
    if reasoning != output { parts.append("reasoning: \(reasoning.text)") }
    if audioOutput != output { parts.append("audio_output: \(audioOutput.text)") }
    return parts
  }
}
