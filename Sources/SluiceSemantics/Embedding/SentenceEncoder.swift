package import SluiceCore
package import SluicePipeline

/// A sentence encoder on this machine: its tokenizer and its model.
///
/// The vector of a text is the mean of its last layer's token vectors, the first and the last token
/// included, as long as 1; a model that gives one vector a text is taken at its word.
///
/// Isolation: any thread, several at a time.
package final class SentenceEncoder: Sendable {
  package let tokenizer: WordPiece
  private let model: ONNXModel

  /// Floats of a vector.
  package let dimension: Int
  /// Of model, vocabulary and the way they are used: vectors of two fingerprints are never compared.
  package let fingerprint: Digest
  /// Tokens of the longest text, the first and the last included.
  package let tokenLimit: Int

  /// Changes when the same files make other vectors.
  private static let method = "wordpiece-uncased mean-pooled unit-length word-signs 3"

  /// Makes an encoder of the bytes of its files, and tries it once.
  ///
  /// Takes some 100 ms.
  init(
    library: String,
    model file: [UInt8],
    vocabulary: [UInt8],
    tokenLimit: Int = Bounds.embeddingTokens
  ) throws(SentenceEncoderError.Reason) {
    guard let tokenizer = WordPiece(vocabulary: vocabulary) else { throw .badVocabulary }
    self.tokenizer = tokenizer
    self.tokenLimit = tokenLimit
    model = try ONNXModel(library: library, model: file)
    let parts = [Digest(of: file).hex, Digest(of: vocabulary).hex, "\(Self.method) \(tokenLimit)"]
    fingerprint = Digest(of: Array(parts.joined(separator: "\n").utf8))
    do throws(ONNXModel.Failure) {
      let trial = try model.run(tokenizer.encode("a trial", upTo: tokenLimit).ids)
      guard [2, 3].contains(trial.shape.count), trial.shape[0] == 1,
        let width = trial.shape.last, width > 0
      else { throw ONNXModel.Failure(words: "its output has the shape \(trial.shape)") }
      dimension = width
    } catch {
      throw .notAnEncoder(error.words)
    }
  }

  /// The version of ONNX Runtime.
  package var libraryVersion: String { model.libraryVersion }

  /// The vector of a text's token ids, on this thread, for milliseconds.
  ///
  /// - Throws: `EmbeddingFailure.failed`.
  package func vector(of ids: [Int64]) throws(EmbeddingFailure) -> [Float] {
    try run(ids).vector
  }

  /// What a text's token ids mean, the words in it too, by one pass on this thread, for milliseconds.
  ///
  /// The vector of a word is the mean of those of its pieces, from the last layer.
  ///
  /// - Throws: `EmbeddingFailure.failed`.
  package func meaning(of ids: [Int64]) throws(EmbeddingFailure) -> Meaning {
    let (vector, rows) = try run(ids)
    guard rows.count == ids.count * dimension else { return Meaning(vector: vector, words: []) }
    var words: [Meaning.Word] = []
    for word in tokenizer.words(of: ids) where WordRarity.carriesMeaning(word.text) {
      guard words.count < Bounds.comparedWords else { return Meaning(vector: vector, words: []) }
      let signs = signs(of: word.places, in: rows)
      words.append(
        Meaning.Word(text: word.text, rarity: WordRarity.of(word), signs: signs)
      )
    }
    return Meaning(vector: vector, words: words)
  }

  /// The unit vector, and what the model gave: a row for each token, or one for all.
  private func run(
    _ ids: [Int64]
  ) throws(EmbeddingFailure) -> (vector: [Float], rows: [Float]) {
    do throws(ONNXModel.Failure) {
      let output = try model.run(ids)
      guard output.shape.last == dimension, output.values.count.isMultiple(of: dimension),
        let vector = Self.unit(Self.sum(output.values, width: dimension))
      else { throw ONNXModel.Failure(words: "its output is no vector") }
      return (vector, output.values)
    } catch {
      throw .failed(error.words)
    }
  }

  /// The signs of the sum of some rows; that a mean is shorter changes none.
  private func signs(of places: Range<Int>, in rows: [Float]) -> [UInt64] {
    var signs = [UInt64](repeating: 0, count: (dimension + 63) / 64)
    for column in 0..<dimension {
      let sum = places.reduce(Float(0)) { $0 + rows[$1 * dimension + column] }
      if sum < 0 { signs[column >> 6] |= 1 << UInt64(column & 63) }
    }
    return signs
  }

  /// The rows added up; scaling to unit length makes a mean of it.
  private static func sum(_ values: [Float], width: Int) -> [Float] {
    var sum = Array(values.prefix(width))
    for row in stride(from: width, to: values.count, by: width) {
      for column in 0..<width { sum[column] += values[row + column] }
    }
    return sum
  }

  /// The vector with length 1; `nil` for one that has no direction.
  private static func unit(_ vector: [Float]) -> [Float]? {
    let square = vector.reduce(0) { $0 + Double($1) * Double($1) }
    guard square > 0, square.isFinite else { return nil }
    let scale = Float(1 / square.squareRoot())
    return vector.map { $0 * scale }
  }
}

/// Why there is no sentence encoder.
package struct SentenceEncoderError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Reason: Error, Sendable, Equatable {
    /// No folder has the file.
    case notFound(name: String, folders: [String])
    /// The file is there and cannot be read; the words say why.
    case unreadable(path: String, why: String)
    /// ONNX Runtime could not be loaded.
    case noLibrary(path: String, why: String)
    /// What was loaded is something else, or too old.
    case wrongLibrary(path: String, why: String)
    /// ONNX Runtime refuses the model.
    case badModel(String)
    /// The model takes or gives something else than a sentence encoder does.
    case notAnEncoder(String)
    /// `vocab.txt` is none of BERT's.
    case badVocabulary
  }

  package let reason: Reason
  /// The folder of the model; `nil` for the one that set-up makes.
  package let model: String?

  package init(_ reason: Reason, model: String? = nil) {
    self.reason = reason
    self.model = model
  }

  package var description: String {
    let fetch = "Run `scripts/setup` to fetch it, or name its folder with SLUICE_DATA."
    let own =
      "An encoder is a folder with model.onnx, one file, and vocab.txt: see Docs/embedding.md."
    let help = model == nil ? fetch : own
    let words =
      switch reason {
      case .notFound(let name, let folders):
        "\(name) is in none of \(folders.joined(separator: ", ")). \(help)"
      case .unreadable(let path, let why): "\(path) cannot be read: \(why). \(help)"
      case .noLibrary(let path, let why): "\(path) cannot be loaded: \(why). \(fetch)"
      case .wrongLibrary(let path, let why): "\(path) is of no use: \(why). Delete it. \(fetch)"
      case .badModel(let why): "ONNX Runtime refuses the model: \(why). \(help)"
      case .notAnEncoder(let why): "the model is no sentence encoder: \(why). \(help)"
      case .badVocabulary: "vocab.txt has no [CLS], [SEP] or [UNK]. \(help)"
      }
    return "texts cannot be embedded: \(words)"
  }
}
