import ArgumentParser
import SluiceCore
import SluiceGateway

/// `sluice eval`.
struct Eval: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Evaluate a CEL expression, or run a file of conformance cases.",
    discussion: """
      All of CEL with its extension libraries, apart from protobuf messages; no variable of a \
      policy exists here, and no bound on cost but that on the work of a run. Docs/expressions.md \
      lists every function.

      EXAMPLES
        sluice eval '"%.2f".format([2.0 / 3.0])'
        sluice eval 'tokens * 2 < limit' --var tokens=150 --var limit=400
        sluice eval 'user.?tier.orValue("free")' --var 'user={"id": "u-1"}' --type
        sluice eval --suite conformance.jsonl

      EXIT CODES
        0  a value, or every case passed    1  an error, or a case failed
      """
  )

  @Argument(help: "The expression.")
  var expression: String?

  @Option(
    name: .customLong("var"),
    parsing: .singleValue,
    help: "A variable as name=VALUE, the value in CEL or JSON; may be repeated."
  )
  var variables: [String] = []

  @Flag(name: .customLong("type"), help: "Print the type below the value.")
  var showsType = false

  @Option(
    help: "A file of conformance cases, one JSON object a line; - for standard input.",
    completion: .file(extensions: ["jsonl"])
  )
  var suite: String?

  func validate() throws {
    guard (expression == nil) != (suite == nil) else {
      throw ValidationError("give either an expression or --suite FILE")
    }
    guard suite == nil || (variables.isEmpty && !showsType) else {
      throw ValidationError("--var and --type belong to an expression, not to --suite")
    }
  }

  func run() throws {
    if let suite {
      let text: [UInt8]
      do throws(Refusal) {
        text = try Terminal.read(suite, maximumBytes: Bounds.replyBytes)
      } catch {
        return try CommandAnswer(error).finish()
      }
      return try EvalSuite(text).answer().finish()
    }
    try EvalCommand(
      expression: expression ?? "",
      variables: variables,
      showsType: showsType
    )
    .run().finish()
  }
}
