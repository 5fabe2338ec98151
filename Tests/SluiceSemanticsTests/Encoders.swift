import Foundation
import SluiceCore
import SluiceReactor
import Testing

@testable import SluiceSemantics

/// The encoders that `scripts/setup` made; a test that needs one fails with what to run.
enum Encoders {
  static let folders = TokenTableFile.folders(
    named: nil,
    environment: { ProcessInfo.processInfo.environment[$0] }
  )
  static let all = make(folders)

  static func make(_ folders: [String]) -> SentenceEncoders {
    SentenceEncoders(folders: folders) {
      Files.kind(of: $0) == .other
    } read: { path in
      Files.kind(of: path) == .nothing ? nil : try Files.read(path, maximumBytes: Bounds.modelBytes)
    }
  }

  static func library() throws -> String {
    try #require(
      folders.map { "\($0)/onnxruntime/libonnxruntime.so" }.first { Files.kind(of: $0) == .other },
      "run scripts/setup"
    )
  }

  static func fixture(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/\(name)").path
  }

  static func int8() throws -> SentenceEncoder { try all.encoder() }

  static func fp32() throws -> SentenceEncoder {
    let places = folders.map { "\($0)/all-minilm-l6-v2/fp32" }
    return try all.encoder(at: places.first { Files.kind(of: $0) == .folder } ?? places[0])
  }
}

/// One text of `Fixtures/embeddings.jsonl`: the token ids that Hugging Face's tokenizers make of it,
/// and for some the vector that numpy makes of the published weights.
struct EmbeddedText: Decodable {
  let text: String
  let ids: [Int64]
  let vector: [Float]?

  enum Key: String, CodingKey { case bytes, ids, vector }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    text = String(decoding: try values.decode(Data.self, forKey: .bytes), as: UTF8.self)
    ids = try values.decode([Int64].self, forKey: .ids)
    vector = try values.decodeIfPresent(Data.self, forKey: .vector)
      .map { data in
        stride(from: 0, to: data.count, by: 4)
          .map { start in
            Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(data[start + $1]) << (8 * $1) })
          }
      }
  }

  static func all() throws -> [EmbeddedText] {
    try Data(contentsOf: URL(fileURLWithPath: Encoders.fixture("embeddings.jsonl")))
      .split(separator: UInt8(ascii: "\n"))
      .map { try JSONDecoder().decode(EmbeddedText.self, from: $0) }
  }
}

func cosine(_ left: [Float], _ right: [Float]) -> Float {
  zip(left, right).reduce(0) { $0 + $1.0 * $1.1 }
}
