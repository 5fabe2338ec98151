import ArgumentParser
import FoundationEssentials
import SluiceGateway

/// `sluice similarity`.
struct Similarity: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print how alike two texts are to the semantic cache: the cosine of their vectors.",
    discussion: """
      1 is the same meaning to the encoder; unrelated texts are near 0. What is alike need not \
      have the same answer: try a negation, or another number.

      EXAMPLES
        sluice similarity "How do I reset my password?" "I forgot my password"
        sluice similarity "Cancel my order" "Do not cancel my order" --encoder models/mine
      """
  )

  @Argument(help: "A text.")
  var first: String

  @Argument(help: "Another.")
  var second: String

  @Option(
    help: "A folder with model.onnx and vocab.txt. (default: the one that set-up makes)",
    completion: .directory
  )
  var encoder: String?

  func run() throws {
    let command = SimilarityCommand(
      first: first,
      second: second,
      encoder: encoder,
      environment: ProcessInfo.processInfo.environment
    )
    try command.run().finish()
  }
}
