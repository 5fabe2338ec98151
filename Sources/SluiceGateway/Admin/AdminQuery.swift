import SluiceServer

/// The query of a request to the admin listener, read strictly: a misspelt name is refused.
struct AdminQuery {
  private var values: [String: String] = [:]

  /// Reads `NAME=VALUE&…`, percent-encoding and all.
  init(_ text: String, names: [String]) throws(AdminError) {
    for part in text.split(separator: "&") {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(pair[0])
      guard names.contains(name), values[name] == nil else {
        throw .badQuery("The query may have each of \(names.joined(separator: ", ")) once.")
      }
      guard pair.count == 2 else { throw .badQuery("`\(name)` has no value.") }
      values[name] = PercentEncoding.decoded(String(pair[1]))
    }
  }

  subscript(name: String) -> String? { values[name] }
}
