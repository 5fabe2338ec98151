import SluiceExpressions
import SluiceReactor

// Measures what the evaluation of an expression costs, once its variables are there.
//
//   expression-bench    a line for each expression: nanoseconds of the best of seven rounds

let phase = Environment.Phase(rank: 0, name: "request")
let variables: [(name: String, type: CELType, value: Value)] = [
  ("product", .string, .string("search")),
  ("prompt.tokens", .int, .int(150)),
  ("request.stream", .bool, .bool(false)),
  ("user.tier", .string, .string("premium")),
  ("request.model", .string, .string("gpt-4-turbo")),
  ("prompt.text", .string, .string("Please compare these two offers and say which is better.")),
  ("headers", .map(.string, .string), .strings([("x-canary", "1"), ("accept", "text/plain")])),
]
let environment = Environment(
  phase: phase,
  variables: variables.enumerated()
    .map { Environment.Variable($1.name, $1.type, slot: $0, phases: [phase]) }
)
let expressions = [
  "product == \"search\"",
  "product != \"search\"",
  "prompt.tokens < 200",
  "product == \"search\" && prompt.tokens < 4000 && !request.stream",
  "product == \"other\" && prompt.tokens < 4000 && !request.stream",
  "user.tier in [\"free\", \"premium\"]",
  "request.model.startsWith(\"gpt-4\") && !request.stream",
  "prompt.text.contains(\"which is\")",
  "request.model.matches(\"^gpt-[0-9]\")",
  "\"x-canary\" in headers && headers[\"x-canary\"] == \"1\"",
  "headers.?accept.orValue(\"\") == \"text/plain\"",
  "[\"analyze\", \"compare\", \"evaluate\"].exists(w, prompt.text.lowerAscii().contains(w))",
]

let turns = 200_000
for source in expressions {
  guard let checked = CheckedExpression.check(source, in: environment).expression else {
    fatalError("'\(source)' does not compile")
  }
  let program = checked.program()
  var frame = Frame(slots: variables.count, source: NoSource())
  for (slot, variable) in variables.enumerated() { frame.fill(slot, with: variable.value) }
  var best = Int64.max
  var trues = 0
  for _ in 0..<7 {
    let start = ThisProcess.processorNanoseconds
    for turn in 0..<turns {
      // Loops count their turns over a whole exchange; a new exchange begins now and then.
      if turn % 1_000 == 0 {
        frame = Frame(slots: variables.count, source: NoSource())
        for (slot, variable) in variables.enumerated() { frame.fill(slot, with: variable.value) }
      }
      if try program.evaluateBool(&frame) { trues += 1 }
    }
    best = min(best, ThisProcess.processorNanoseconds - start)
  }
  let tenths = best * 10 / Int64(turns)
  let line = "\(tenths / 10).\(tenths % 10) ns  \(source)  (\(trues > 0))\n"
  try Files.write(Array(line.utf8), to: 1)
}
