import SluiceCore
import SluiceJSON
import SluicePipeline
import SluiceReactor
import SluiceSemantics
import SluiceStages

/// A question of the stream, with what an encoder makes of it.
struct Asked {
  var product: String
  var source: String
  /// The same within a product: the same answer.
  var group: String
  var text: String
  var meaning: Meaning
  var facts: QuestionFacts
}

struct BadData: Error { var why: String }

/// Reads the stream and embeds it, or takes its vectors from a file of an earlier run.
enum Stream {
  static func read(
    _ folder: String,
    by encoder: SentenceEncoder,
    cache path: String
  ) throws -> [Asked] {
    let file = try Files.read("\(folder)/stream.jsonl", maximumBytes: 1 << 28)
    var known = Vectors(path, of: encoder.fingerprint)
    let asked = try file.split(separator: UInt8(ascii: "\n"))
      .map { line -> Asked in
        let document = try JSONDocument(Array(line))
        func field(_ name: String) throws -> String {
          guard
            let value = document.member(name, of: document.root).flatMap({ document.string($0) })
          else { throw BadData(why: "a line of stream.jsonl has no \(name)") }
          return value
        }
        let text = try field("query")
        return Asked(
          product: try field("ns"),
          source: try field("source"),
          group: try field("group"),
          text: text,
          meaning: try known.meaning(of: text, by: encoder),
          facts: QuestionFacts(text)
        )
      }
    try known.save()
    return asked
  }
}

/// Meanings by text, kept in one file outside the repository.
private struct Vectors {
  private let path: String
  private let fingerprint: Digest
  private var meanings: [String: Meaning] = [:]
  private var isChanged = false

  init(_ path: String, of fingerprint: Digest) {
    self.path = path
    self.fingerprint = fingerprint
    guard Files.kind(of: path) == .other,
      let bytes = try? Files.read(path, maximumBytes: 1 << 30)
    else { return }
    var reader = ByteReader(bytes: bytes)
    guard reader.string() == fingerprint.hex else { return }
    while !reader.isAtEnd {
      let text = reader.string()
      let vector = (0..<reader.int()).map { _ in Float(bitPattern: UInt32(reader.int())) }
      let words = (0..<reader.int())
        .map { _ in
          Meaning.Word(
            text: reader.string(),
            rarity: Float(bitPattern: UInt32(reader.int())),
            signs: (0..<reader.int()).map { _ in UInt64(reader.int()) << 32 | UInt64(reader.int()) }
          )
        }
      meanings[text] = Meaning(vector: vector, words: words)
    }
  }

  mutating func meaning(of text: String, by encoder: SentenceEncoder) throws -> Meaning {
    if let meaning = meanings[text] { return meaning }
    let ids = encoder.tokenizer.encode(text, upTo: encoder.tokenLimit).ids
    let meaning = try encoder.meaning(of: ids)
    meanings[text] = meaning
    isChanged = true
    return meaning
  }

  func save() throws {
    guard isChanged else { return }
    var bytes: [UInt8] = []
    func append(_ int: UInt32) {
      for shift in [0, 8, 16, 24] as [UInt32] {
        bytes.append(UInt8(truncatingIfNeeded: int >> shift))
      }
    }
    func append(_ text: String) {
      append(UInt32(text.utf8.count))
      bytes += text.utf8
    }
    append(fingerprint.hex)
    for (text, meaning) in meanings {
      append(text)
      append(UInt32(meaning.vector.count))
      for float in meaning.vector { append(float.bitPattern) }
      append(UInt32(meaning.words.count))
      for word in meaning.words {
        append(word.text)
        append(word.rarity.bitPattern)
        append(UInt32(word.signs.count))
        for sign in word.signs {
          append(UInt32(truncatingIfNeeded: sign >> 32))
          append(UInt32(truncatingIfNeeded: sign))
        }
      }
    }
    try Files.writeAtomically(bytes, to: path)
  }
}

private struct ByteReader {
  let bytes: [UInt8]
  private var offset = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { offset >= bytes.count }

  mutating func int() -> Int {
    defer { offset += 4 }
    return (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
  }

  mutating func string() -> String {
    let length = int()
    defer { offset += length }
    return String(decoding: bytes[offset..<offset + length], as: UTF8.self)
  }
}
