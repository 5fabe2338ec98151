/// Gives a file the one form that all policies are written in: `sluice fmt`.
///
/// Two spaces for each level, lists one level below their key, one space behind `:` and `,`, flow
/// collections on one line if that has no more than 120 characters and no comment, one empty line
/// where there were any. Order, comments, anchors, styles of text and what is quoted stay.
///
/// What it gives means the same: it is read again, and trees and comments are compared.
package enum PolicyFormatter {
  package enum Outcome: Sendable {
    /// The bytes; perhaps those that were there.
    case formatted([UInt8])
    /// What must be mended first.
    case unreadable(Findings)
    /// The form came out with another meaning, and must not be used.
    case unfaithful
  }

  /// Formats one file of a bundle; pure.
  package static func format(_ source: SourceID, of bundle: Bundle) -> Outcome {
    var findings = Findings()
    let document = YAMLReader.read(source, of: bundle, &findings)
    guard !findings.haveErrors else { return .unreadable(findings) }
    let given = SourceText(path: bundle[source].path, bytes: plainBytes(of: bundle[source]))
    guard let (text, comments) = written(given) else { return .unfaithful }
    let formatted = Bundle(files: [(given.path, Array(text.utf8))])
    var later = Findings()
    let again = YAMLReader.read(SourceID(index: 0), of: formatted, &later)
    let isFaithful =
      !later.haveErrors && says(document.root, again.root)
      && written(formatted[SourceID(index: 0)])?.comments == comments
    return isFaithful ? .formatted(Array(text.utf8)) : .unfaithful
  }

  /// What a text would be formatted to, unchecked: what to look at when that is not faithful.
  package static func attempt(_ bytes: [UInt8]) -> String? {
    written(SourceText(path: "", bytes: plainBytes(of: SourceText(path: "", bytes: bytes))))?.text
  }

  /// Whether two values say the same, wherever they stand and whatever quotes are around them.
  package static func says(_ first: YAMLNode, _ second: YAMLNode) -> Bool {
    switch (first.content, second.content) {
    case (.null, .null): true
    case (.scalar(let one), .scalar(let other)): says(one, other)
    case (.sequence(let one), .sequence(let other)):
      one.count == other.count && zip(one, other).allSatisfy { says($0, $1) }
    case (.mapping(let one), .mapping(let other)):
      one.entries.count == other.entries.count
        && zip(one.entries, other.entries)
          .allSatisfy {
            says($0.key, $1.key) && says($0.value, $1.value)
          }
    case (.null, _), (.scalar, _), (.sequence, _), (.mapping, _): false
    }
  }

  /// Canonically equivalent letters are not equal here, as they are not to YAML.
  private static func says(_ first: YAMLScalar, _ second: YAMLScalar) -> Bool {
    first.isPlain == second.isPlain && first.text.utf8.elementsEqual(second.text.utf8)
  }

  private static func written(_ text: SourceText) -> (text: String, comments: [String])? {
    var reader = FormatReader(text)
    let (isRead, root) = reader.read()
    guard isRead else { return nil }
    let ranges = SourceComments.find(in: text, past: reader.scalars)
    var writer = FormatWriter(text, comments: ranges)
    let comments = ranges.map { range in
      var words = text.text(in: range)[...]
      while words.last == " " || words.last == "\t" { words = words.dropLast() }
      return String(words)
    }
    return (writer.write(root), comments)
  }

  /// Without a byte order mark, and with LF at the end of each line.
  private static func plainBytes(of text: SourceText) -> [UInt8] {
    var plain: [UInt8] = []
    plain.reserveCapacity(text.bytes.count)
    var isBehindReturn = false
    for byte in text.bytes[text.markLength...] {
      if byte == 0x0A, isBehindReturn {
        isBehindReturn = false
        continue
      }
      isBehindReturn = byte == 0x0D
      plain.append(isBehindReturn ? 0x0A : byte)
    }
    return plain
  }
}
