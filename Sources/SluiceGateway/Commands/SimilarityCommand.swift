import SluicePipeline
import SluiceSemantics

/// `sluice similarity`: how alike two texts are to the semantic cache.
package struct SimilarityCommand: Sendable {
  package var first: String
  package var second: String
  /// The folder of an encoder; `nil` for the one that set-up makes.
  package var encoder: String?
  package var environment: [String: String]

  package init(
    first: String,
    second: String,
    encoder: String? = nil,
    environment: [String: String]
  ) {
    self.first = first
    self.second = second
    self.encoder = encoder
    self.environment = environment
  }

  /// Loads the encoder and asks it, which blocks.
  package func run() -> CommandAnswer {
    do throws(Refusal) {
      return CommandAnswer(output: "\(Self.printed(try cosine()))\n")
    } catch {
      return CommandAnswer(error)
    }
  }

  private func cosine() throws(Refusal) -> Float {
    let encoder: SentenceEncoder
    do throws(SentenceEncoderError) {
      encoder = try SentenceEncoders.of(environment: environment).encoder(at: self.encoder)
    } catch {
      throw Refusal("\(error)")
    }
    let vectors = (try vector(of: first, by: encoder), try vector(of: second, by: encoder))
    return zip(vectors.0, vectors.1).reduce(0) { $0 + $1.0 * $1.1 }
  }

  private func vector(of text: String, by encoder: SentenceEncoder) throws(Refusal) -> [Float] {
    let (ids, isTruncated) = encoder.tokenizer.encode(text, upTo: encoder.tokenLimit)
    guard !isTruncated else {
      throw Refusal(
        "a text has more than \(encoder.tokenLimit) tokens; such are not compared",
        status: .usage
      )
    }
    do throws(EmbeddingFailure) {
      return try encoder.vector(of: ids)
    } catch {
      throw Refusal("the text cannot be embedded: \(error)")
    }
  }

  /// Four decimals.
  static func printed(_ cosine: Float) -> String {
    let units = Int((Double(cosine) * 10_000).rounded())
    let digits = String(units.magnitude % 10_000)
    let zeros = String(repeating: "0", count: 4 - digits.count)
    return "\(units < 0 ? "-" : "")\(units.magnitude / 10_000).\(zeros)\(digits)"
  }
}
