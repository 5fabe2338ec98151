package import SluicePolicy

/// So many requests, or so many tokens, in a window.
struct RateQuantity: Equatable {
  var rate: LimitSettings.Rate
  var isTokens: Bool

  /// Reads `100/m`, `5/s`, `1000/h`, `200/d`, `30/10s`, `200k tokens/m`.
  static func reading(_ text: String) throws(QuantityIssue) -> RateQuantity {
    var scanner = QuantityScanner(text)
    let count = try Count.prefix(&scanner)
    guard !scanner.isAtEnd else { throw .unitMissing }
    scanner.skipBlanks()
    let noun = scanner.letters()
    guard ["", "tokens", "requests"].contains(noun) else { throw .unknownUnit(noun) }
    scanner.skipBlanks()
    guard scanner.skip("/") else { throw .malformed }
    scanner.skipBlanks()
    return RateQuantity(
      rate: LimitSettings.Rate(count: count, per: try window(scanner.remainder)),
      isTokens: noun == "tokens"
    )
  }

  private static func window(_ text: String) throws(QuantityIssue) -> Duration {
    switch text {
    case "": throw .malformed
    case "s": .seconds(1)
    case "m": .seconds(60)
    case "h": .seconds(3_600)
    case "d": .seconds(86_400)
    default: try Duration.reading(text)
    }
  }
}

extension LimitSettings.Rate {
  /// The spelling that reads back as this rate: `100/m`, `30/10s`.
  package var text: String {
    switch window {
    case .seconds(1): "\(count)/s"
    case .seconds(60): "\(count)/m"
    case .seconds(3_600): "\(count)/h"
    case .seconds(86_400): "\(count)/d"
    default: "\(count)/\(window.text)"
    }
  }
}

extension LimitSettings.Rate {
  /// The spelling of a rate of tokens: `200000 tokens/m`.
  package var tokensText: String { text.replacingFirst("/", with: " tokens/") }
}

extension String {
  fileprivate func replacingFirst(_ character: Character, with text: String) -> String {
    guard let index = firstIndex(of: character) else { return self }
    return self[..<index] + text + self[self.index(after: index)...]
  }
}
