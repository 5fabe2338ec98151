import Foundation
import SluicePolicy
import SluiceReactor

@testable import SluiceSemantics

/// The tables that `scripts/setup` fetched; a test that needs one fails with what to run.
enum Tables {
  static let counters = TokenCounters(
    folders: TokenTableFile.folders(
      named: nil,
      environment: { ProcessInfo.processInfo.environment[$0] }
    )
  ) { path in
    Files.kind(of: path) == .nothing ? nil : try Files.read(path, maximumBytes: 16 << 20)
  }

  static func encoding(_ tokenizer: ModelSettings.Tokenizer) throws -> BytePairEncoding {
    try counters.encoding(for: tokenizer)
  }
}

/// One text of `Fixtures/texts.jsonl`, with the tokens that tiktoken makes of it.
struct CountedText: Decodable {
  let text: [UInt8]
  private let cl100k: [Int]
  private let o200k: [Int]

  enum Key: String, CodingKey { case bytes, cl100k, o200k }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    text = Array(try values.decode(Data.self, forKey: .bytes))
    cl100k = try values.decode([Int].self, forKey: .cl100k)
    o200k = try values.decode([Int].self, forKey: .o200k)
  }

  func tokens(_ tokenizer: ModelSettings.Tokenizer) -> [Int] {
    switch tokenizer {
    case .cl100k: cl100k
    case .o200k: o200k
    }
  }

  var isWellFormed: Bool { String(validating: text, as: UTF8.self) != nil }

  static func all() throws -> [CountedText] {
    let file = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent()
      .appendingPathComponent("Fixtures/texts.jsonl")
    return try Data(contentsOf: file)
      .split(separator: UInt8(ascii: "\n"))
      .map { try JSONDecoder().decode(CountedText.self, from: $0) }
  }
}
