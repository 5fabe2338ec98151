import SluiceCore

/// Reads a file into a located tree.
///
/// Total: whatever the bytes, there is a tree, perhaps partial, and what is wrong is among the
/// findings. Collections nest at most `Bounds.yamlNesting` deep, counted while libyaml reads,
/// because it is quadratic on deep flow collections; aliases add at most `Bounds.yamlAliasNodes`.
package enum YAMLReader {
  /// Reads every file of a bundle that has text, in the bundle's order.
  package static func read(_ bundle: Bundle, _ findings: inout Findings) -> [YAMLDocument] {
    bundle.sources.filter { bundle[$0].isText }.map { read($0, of: bundle, &findings) }
  }

  /// Reads one file.
  package static func read(
    _ source: SourceID,
    of bundle: Bundle,
    _ findings: inout Findings
  ) -> YAMLDocument {
    let text = bundle[source]
    if let finding = Self.unreadable(text, source) {
      findings.report(finding)
      findings.markIncomplete(source)
      let nothing = YAMLNode(.null, span: SourceSpan(source: source, start: 0, end: 0))
      return YAMLDocument(source: source, root: nothing, isWhole: false)
    }
    var reading = Reading(text: text, source: source)
    let root = reading.run()
    take(reading.findings, into: &findings)
    if !reading.isWhole { findings.markIncomplete(source) }
    return YAMLDocument(source: source, root: root, isWhole: reading.isWhole)
  }

  private static func take(_ found: [Diagnostic], into findings: inout Findings) {
    // What YAML made of the pieces of a split expression is a consequence.
    for finding in found where finding.code == .expressionSplit {
      findings.report(finding)
      findings.spoil(finding.span)
    }
    for finding in found where finding.code != .expressionSplit {
      findings.report(finding)
      if finding.code == .unknownAnchor { findings.spoil(finding.span) }
    }
  }

  /// What libyaml must not be asked to read, at the first such byte.
  private static func unreadable(_ text: SourceText, _ source: SourceID) -> Diagnostic? {
    if text.bytes.count > Bounds.policyFileBytes {
      return .fileTooLarge(
        bytes: text.bytes.count,
        at: SourceSpan(source: source, start: 0, end: 0)
      )
    }
    if let offset = UTF8Scan.firstInvalid(in: text.bytes) {
      return .notUTF8(at: SourceSpan(source: source, start: offset, end: offset + 1))
    }
    if let found = UTF8Scan.firstForbidden(in: text.bytes) {
      return .controlCharacter(
        found.scalar,
        at: SourceSpan(source: source, start: found.range.lowerBound, end: found.range.upperBound)
      )
    }
    return nil
  }
}

/// Reads one file, over again behind each mistake that can be covered up.
///
/// libyaml stops at its first surprise. Where that is one value, the value is overwritten with a
/// word of the same length, so that every place stays the same, and reading begins anew: an author
/// wants all mistakes at once. What a binder says of the word falls under the spoiled span.
private struct Reading {
  let source: SourceID
  private var text: SourceText
  private(set) var findings: [Diagnostic] = []
  private(set) var isWhole = true

  init(text: SourceText, source: SourceID) {
    self.text = text
    self.source = source
  }

  mutating func run() -> YAMLNode {
    var attempt = 0
    while true {
      let offsets = CharacterOffsets(of: text)
      var tree = YAMLTreeBuilder(text: text, source: source, offsets: offsets)
      let failure = readYAMLEvents(of: text.bytes[text.markLength...]) { tree.take($0) }
      if let failure {
        let surprise =
          failure.isByteOffset
          ? text.markLength + failure.mark : offsets.byte(ofCharacter: failure.mark)
        let finding = YAMLFailureReading(text: text, source: source)
          .finding(failure, at: surprise, from: offsets.byte(ofCharacter: failure.contextMark))
        // Behind a tab, the indentation is anybody's guess.
        let isConsequence =
          finding.code == .yamlSyntax && findings.contains { $0.code == .tabIndentation }
        if !isConsequence { findings.append(finding) }
        attempt += 1
        if attempt <= Bounds.yamlRecoveries, cover(finding) { continue }
        isWhole = false
      }
      if tree.isAbandoned { isWhole = false }
      let root = tree.finish()
      findings += tree.findings
      return root
    }
  }

  /// Overwrites what a finding is about; false if that would not help.
  private mutating func cover(_ finding: Diagnostic) -> Bool {
    var bytes = text.bytes
    switch finding.code {
    case .expressionSplit:
      for index in finding.span.range { bytes[index] = UInt8(ascii: "x") }
    case .tabIndentation:
      // Told once: whoever indents with tabs does so on every line.
      for index in finding.span.range { bytes[index] = 0x20 }
      for line in 1...text.lineCount {
        for index in text.range(ofLine: line) {
          guard bytes[index] == 0x20 || bytes[index] == 0x09 else { break }
          bytes[index] = 0x20
        }
      }
    default: return false
    }
    guard bytes != text.bytes else { return false }
    text = SourceText(path: text.path, bytes: bytes)
    return true
  }
}

/// Where each character of a text begins, as libyaml counts them.
struct CharacterOffsets {
  /// Nil when every byte is a character.
  private let starts: [Int]?
  private let base: Int
  private let end: Int

  init(of text: SourceText) {
    base = text.markLength
    end = text.bytes.count
    let body = text.bytes[base...]
    starts = body.allSatisfy { $0 < 0x80 } ? nil : body.indices.filter { body[$0] & 0xC0 != 0x80 }
  }

  func byte(ofCharacter index: Int) -> Int {
    guard let starts else { return min(base + index, end) }
    return index < starts.count ? starts[index] : end
  }
}

/// Finds the first byte that is not part of well-formed UTF-8 (RFC 3629, section 4).
private enum UTF8Scan {
  static func firstInvalid(in bytes: [UInt8]) -> Int? {
    var index = 0
    while index < bytes.count {
      guard let length = sequenceLength(at: index, in: bytes) else { return index }
      index += length
    }
    return nil
  }

  /// The first character that no policy needs and that readers of YAML take differently.
  ///
  /// Controls of ASCII and Latin-1, and the separators U+2028 and U+2029, which are line breaks to
  /// libyaml and to YAML 1.1 but not to YAML 1.2. The bytes are well-formed.
  static func firstForbidden(in bytes: [UInt8]) -> (scalar: UInt32, range: Range<Int>)? {
    for (index, byte) in bytes.enumerated() {
      switch byte {
      case 0x09, 0x0A, 0x0D: continue
      case 0..<0x20, 0x7F: return (UInt32(byte), index..<index + 1)
      case 0xC2 where bytes[index + 1] < 0xA0:
        return (UInt32(bytes[index + 1]), index..<index + 2)
      case 0xE2
      where bytes[index + 1] == 0x80 && (bytes[index + 2] == 0xA8 || bytes[index + 2] == 0xA9):
        return (0x2000 + UInt32(bytes[index + 2] & 0x3F), index..<index + 3)
      default: continue
      }
    }
    return nil
  }

  private static func sequenceLength(at index: Int, in bytes: [UInt8]) -> Int? {
    let first = bytes[index]
    if first < 0x80 { return 1 }
    let second: ClosedRange<UInt8>
    let length: Int
    switch first {
    case 0xC2...0xDF: (second, length) = (0x80...0xBF, 2)
    case 0xE0: (second, length) = (0xA0...0xBF, 3)
    case 0xED: (second, length) = (0x80...0x9F, 3)
    case 0xE1...0xEF: (second, length) = (0x80...0xBF, 3)
    case 0xF0: (second, length) = (0x90...0xBF, 4)
    case 0xF1...0xF3: (second, length) = (0x80...0xBF, 4)
    case 0xF4: (second, length) = (0x80...0x8F, 4)
    default: return nil
    }
    guard index + length <= bytes.count, second.contains(bytes[index + 1]) else { return nil }
    for offset in 2..<max(2, length) where bytes[index + offset] & 0xC0 != 0x80 { return nil }
    return length
  }
}
