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
      findings.markIncomplete()
      let nothing = YAMLNode(.null, span: SourceSpan(source: source, start: 0, end: 0))
      return YAMLDocument(source: source, root: nothing, isWhole: false)
    }
    let offsets = CharacterOffsets(of: text)
    var tree = YAMLTreeBuilder(text: text, source: source, offsets: offsets)
    let failure = readYAMLEvents(of: text.bytes[text.markLength...]) { tree.take($0) }
    var isWhole = !tree.isAbandoned
    if let failure {
      let at =
        failure.isByteOffset
        ? text.markLength + failure.mark : offsets.byte(ofCharacter: failure.mark)
      tree.findings.append(
        YAMLFailureReading(text: text, source: source)
          .finding(failure, at: at, from: offsets.byte(ofCharacter: failure.contextMark))
      )
      isWhole = false
    }
    let root = tree.finish()
    for finding in tree.findings where finding.code == .expressionSplit {
      findings.report(finding)
      // What YAML made of the pieces is a consequence.
      findings.spoil(finding.span)
    }
    for finding in tree.findings { findings.report(finding) }
    if !isWhole { findings.markIncomplete() }
    return YAMLDocument(source: source, root: root, isWhole: isWhole)
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
    if let offset = text.bytes.firstIndex(where: { isForbidden($0) }) {
      return .controlCharacter(
        text.bytes[offset],
        at: SourceSpan(source: source, start: offset, end: offset + 1)
      )
    }
    return nil
  }

  private static func isForbidden(_ byte: UInt8) -> Bool {
    byte < 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D || byte == 0x7F
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
