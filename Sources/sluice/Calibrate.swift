import ArgumentParser
import FoundationEssentials
import SluiceGateway

/// `sluice calibrate`.
struct Calibrate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find the score that keeps semantic hits from being wrong too often.",
    discussion: """
      From pairs of questions that people labelled, a line of JSON each:
        {"product": "support", "a": "How do I …", "b": "Where do I …", "same": true}
      One is kept and the other asked, and the gateway's own rule decides; or from hits whose answers \
      were compared with fresh ones (--shadow):
        {"product": "support", "score": 0.91, "same": false}
      For each product it prints what each bar accepts, how much of that is wrong and the share that \
      this bounds (one-sided 95 %), and picks the lowest bar that keeps to --max-wrong. The file that \
      --output writes goes into the bundle, where `semantic: { max_wrong: 1% }` takes its bar from it.

      EXAMPLES
        sluice calibrate --pairs pairs.jsonl
        sluice calibrate --pairs pairs.jsonl policies/mine --output policies/mine/evidence.yaml
        sluice calibrate --shadow hits.jsonl --product support --max-wrong 0.5% --format json

      EXIT CODES
        0  every product has a bar    1  one has none: too few pairs, or too many of them wrong
      """
  )

  @Option(
    help: "Labelled pairs; - for standard input.",
    completion: .file(extensions: ["jsonl"])
  )
  var pairs: String?

  @Option(help: "Judged hits; - for standard input.", completion: .file(extensions: ["jsonl"]))
  var shadow: String?

  @Option(help: "Only this product, again for others; lines without a product are of it.")
  var product: [String] = []

  @Option(help: "The share that may be wrong. (default: the product's max_wrong, or 1%)")
  var maxWrong: String?

  @Option(
    name: .shortAndLong,
    help: "Where to write the evidence. (default: nowhere)",
    completion: .file(extensions: ["yaml"])
  )
  var output: String?

  @Option(
    help: "A folder with model.onnx and vocab.txt. (default: the one that set-up makes)",
    completion: .directory
  )
  var encoder: String?

  @Option(help: "human or json.")
  var format = CalibrateCommand.Format.human

  @Argument(help: "The bundle that it is for.", completion: .directory)
  var bundle: String?

  @OptionGroup var colors: ColorOptions

  func validate() throws {
    guard (pairs == nil) != (shadow == nil) else {
      throw ValidationError("say what was judged: --pairs FILE or --shadow FILE")
    }
  }

  func run() throws {
    var command = CalibrateCommand(
      pairs.map { .pairs($0) } ?? .shadow(shadow ?? ""),
      environment: ProcessInfo.processInfo.environment
    )
    command.bundle = bundle
    command.products = product
    command.maxWrong = maxWrong
    command.output = output
    command.encoder = encoder
    command.format = format
    command.style = colors.style(on: .output)
    command.findingsStyle = colors.style(on: .error)
    if Terminal.isTerminal(.error) {
      command.progress = { done, all in
        guard done.isMultiple(of: 16) || done == all else { return }
        let line = done == all ? "" : "embedding \(done) of \(all)"
        Terminal.write("\r\u{1B}[K\(line)", to: .error)
      }
    }
    try command.run().finish()
  }
}

extension CalibrateCommand.Format: ExpressibleByArgument {}
