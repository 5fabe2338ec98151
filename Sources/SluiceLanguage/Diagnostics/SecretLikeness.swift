/// Recognises keys of well-known services, so that no finding repeats one.
package enum SecretLikeness {
  private static let prefixes = ["sk-", "sk_", "pk_live_", "ghp_", "gho_", "AKIA", "AIza", "xox"]
  private static let least = 20

  /// Why a text looks like a secret, without the text; nil if it does not.
  package static func reason(for text: String) -> String? {
    let bytes = Array(text.utf8)
    guard let found = ranges(in: bytes, 0..<bytes.count).first else { return nil }
    let prefix = prefixes.first { text.utf8.dropFirst(found.lowerBound).starts(with: $0.utf8) }
    return prefix.map { "it begins with `\($0)`" }
  }

  /// The text with every such key masked.
  static func masked(_ text: String) -> String {
    var bytes = Array(text.utf8)
    let found = ranges(in: bytes, 0..<bytes.count)
    guard !found.isEmpty else { return text }
    for range in found {
      for index in range { bytes[index] = UInt8(ascii: "*") }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Where such keys stand: a known prefix at the beginning of a word of at least 20 characters.
  static func ranges(in bytes: [UInt8], _ range: Range<Int>) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var index = range.lowerBound
    while index < range.upperBound {
      guard isWord(bytes[index]) else {
        index += 1
        continue
      }
      var end = index
      while end < range.upperBound, isWord(bytes[end]) { end += 1 }
      let word = bytes[index..<end]
      if word.count >= least, prefixes.contains(where: { word.starts(with: $0.utf8) }) {
        found.append(index..<end)
      }
      index = end
    }
    return found
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}

extension Diagnostic {
  /// The finding with every text that looks like a key masked.
  func masked() -> Diagnostic {
    var finding = self
    finding.message = SecretLikeness.masked(message)
    finding.label = label.map(SecretLikeness.masked)
    finding.notes = notes.map(SecretLikeness.masked)
    finding.help = help.map(SecretLikeness.masked)
    if fix.contains(where: { SecretLikeness.reason(for: $0.replacement) != nil }) {
      finding.fix = []
    }
    return finding
  }
}
