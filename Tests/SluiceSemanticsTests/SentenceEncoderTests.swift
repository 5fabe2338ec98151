import SluiceCore
import SluicePipeline
import SluiceReactor
import Testing

@testable import SluiceSemantics

@Suite("Sentence encoder")
struct SentenceEncoderTests {
  private func leastCosine(_ encoder: SentenceEncoder) throws -> Float {
    var least: Float = 1
    var count = 0
    for one in try EmbeddedText.all() {
      guard let expected = one.vector else { continue }
      let found = try encoder.vector(of: one.ids)
      #expect(abs(cosine(found, found) - 1) < 1e-5)
      least = min(least, cosine(found, expected))
      count += 1
    }
    #expect(count >= 18)
    return least
  }

  @Test("gives the vectors of the published weights: cosine at least 0.98 as int8")
  func int8() throws {
    let encoder = try Encoders.int8()
    #expect(encoder.dimension == 384)
    #expect(try leastCosine(encoder) >= 0.98)
  }

  @Test("gives the vectors of the published weights: cosine at least 0.9999 as fp32")
  func fp32() throws {
    #expect(try leastCosine(try Encoders.fp32()) >= 0.9999)
  }

  @Test("a model of other weights has another fingerprint, the same model the same")
  func fingerprint() throws {
    let encoder = try Encoders.int8()
    #expect(encoder.fingerprint != (try Encoders.fp32()).fingerprint)
    #expect(encoder.fingerprint == (try Encoders.make(Encoders.folders).encoder()).fingerprint)
  }

  @Test("keeps the words that carry meaning, and question words without weight")
  func words() throws {
    let encoder = try Encoders.int8()
    let ids = encoder.tokenizer.encode("Why is it that I need a refund?", upTo: 64).ids
    let words = try encoder.meaning(of: ids).words
    #expect(words.map(\.text) == ["why", "refund"])
    #expect(words[0].rarity == 0)
    #expect(words[1].rarity > 0.5)
  }

  @Test("an encoder is loaded once")
  func kept() throws { #expect(try Encoders.int8() === Encoders.int8()) }

  @Test("ids beyond the vocabulary fail, and the encoder goes on")
  func badIDs() throws {
    let encoder = try Encoders.int8()
    #expect(throws: (any Error).self) { try encoder.vector(of: [101, 1 << 40, 102]) }
    #expect(try encoder.vector(of: [101, 102]).count == 384)
  }
}

@Suite("An encoder of one's own")
struct OwnEncoderTests {
  // Ids: [CLS] 1, [SEP] 2, [UNK] 3, a 4.
  private let vocabulary = Array("[PAD]\n[CLS]\n[SEP]\n[UNK]\na\n".utf8)

  private func encoder(_ model: String) throws -> SentenceEncoder {
    try SentenceEncoder(
      library: try Encoders.library(),
      model: try Files.read(Encoders.fixture("\(model).onnx"), maximumBytes: 1 << 20),
      vocabulary: vocabulary
    )
  }

  private func reason(_ model: String) throws -> SentenceEncoderError.Reason {
    try #require(throws: SentenceEncoderError.Reason.self) { try encoder(model) }
  }

  @Test("gets its inputs by name, the mask of ones, and may give one vector a text")
  func pooled() throws {
    let encoder = try encoder("pooled")
    #expect(encoder.dimension == 2)
    let ids = encoder.tokenizer.encode("a a", upTo: 8).ids
    #expect(ids == [1, 4, 4, 2])
    // Four tokens, whose ids add up to 11.
    #expect(
      abs(
        cosine(
          try encoder.vector(of: ids),
          [4 / 137.0.squareRoot(), 11 / 137.0.squareRoot()].map { Float($0) }
        ) - 1
      ) < 1e-6
    )
  }

  @Test("is asked for the vectors of tokens rather than its first output, and their mean is taken")
  func tokens() throws {
    let encoder = try encoder("tokens")
    let vector = try encoder.vector(of: [1, 4, 4, 2])
    #expect(abs(vector[0] / vector[1] - 11.0 / 4) < 1e-5)
  }

  @Test("that wants something else is refused with what it wants")
  func refused() throws {
    #expect(try reason("narrow") == .notAnEncoder("its input \"input_ids\" is not int64"))
    #expect(try reason("wanting") == .notAnEncoder("it wants an input \"pixels\""))
  }
}

@Suite("A sentence encoder that is not there")
struct MissingEncoderTests {
  private func refusal(
    at path: String? = nil,
    files: [String: [UInt8]],
    hasLibrary: Bool = true
  ) throws -> String {
    let library = try Encoders.library()
    let folder = String(library.dropLast("/onnxruntime/libonnxruntime.so".count))
    let encoders = SentenceEncoders(folders: [folder]) { _ in
      hasLibrary
    } read: { path in
      files[String(path.split(separator: "/").last ?? "")]
    }
    return "\(try #require(throws: SentenceEncoderError.self) { try encoders.encoder(at: path) })"
      .replacingOccurrences(folder, with: "DATA")
  }

  @Test("no library: says what to run")
  func library() throws {
    #expect(
      try refusal(files: [:], hasLibrary: false)
        == """
        texts cannot be embedded: onnxruntime/libonnxruntime.so is in none of DATA. \
        Run `scripts/setup` to fetch it, or name its folder with SLUICE_DATA.
        """
    )
  }

  @Test("no model: says what to run")
  func model() throws {
    #expect(
      try refusal(files: [:])
        == """
        texts cannot be embedded: model.onnx is in none of DATA/all-minilm-l6-v2/int8. \
        Run `scripts/setup` to fetch it, or name its folder with SLUICE_DATA.
        """
    )
  }

  @Test("a model of one's own without its vocabulary: says what it takes")
  func vocabulary() throws {
    #expect(
      try refusal(at: "/models/mine", files: ["model.onnx": [1]])
        == """
        texts cannot be embedded: vocab.txt is in none of /models/mine. An encoder is a folder \
        with model.onnx, one file, and vocab.txt: see Docs/embedding.md.
        """
    )
  }

  @Test("a file that is no model, or no vocabulary")
  func damaged() throws {
    let vocabulary = Array("[CLS]\n[SEP]\n[UNK]\n".utf8)
    #expect(
      try refusal(files: ["model.onnx": [1, 2, 3], "vocab.txt": vocabulary])
        .hasPrefix("texts cannot be embedded: ONNX Runtime refuses the model: ")
    )
    #expect(
      try refusal(files: ["model.onnx": [1, 2, 3], "vocab.txt": [97]])
        .hasPrefix("texts cannot be embedded: vocab.txt has no [CLS], [SEP] or [UNK]. ")
    )
  }

  @Test("a library that is something else is told as that")
  func otherLibrary() {
    #expect {
      _ = try ONNXModel(library: "libm.so.6", model: [])
    } throws: { error in
      "\(SentenceEncoderError(error as? SentenceEncoderError.Reason ?? .badVocabulary))"
        .hasPrefix("texts cannot be embedded: libm.so.6 is of no use: it is not ONNX Runtime.")
    }
    #expect(throws: (any Error).self) { try ONNXModel(library: "/no/such.so", model: []) }
  }
}

extension String {
  fileprivate func replacingOccurrences(_ part: String, with other: String) -> String {
    split(separator: part, omittingEmptySubsequences: false).joined(separator: other)
  }
}
