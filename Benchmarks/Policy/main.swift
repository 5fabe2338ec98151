import SluiceExpressions
import SluiceGateway
import SluicePolicy
import SluiceReactor
import SluiceStages

// Measures what many routes cost: a decision, and a bundle that is linted, compiled and printed.
//
//   policy-bench FOLDER    a line for each; writes its bundles into FOLDER

func say(_ line: String) throws { try Files.write(Array("\(line)\n".utf8), to: 1) }

let environment = Environment(phase: .request, features: [])

/// A table whose route `index` takes one product's long prompts, behind it a route for the rest.
func table(of count: Int) -> RouteTable {
  var entries = (0..<count)
    .map { index in
      let source = "product == \"product-\(index)\" && prompt.tokens > 100"
      guard let checked = CheckedExpression.check(source, in: environment).expression else {
        fatalError("'\(source)' does not compile")
      }
      return RouteTable.Entry(
        position: index,
        condition: checked.program(),
        expression: checked,
        destination: .target(TargetIndex(0))
      )
    }
  entries.append(.init(position: count, condition: nil, destination: .target(TargetIndex(1))))
  return RouteTable(entries)
}

for count in [200, 10_000] {
  let routes = table(of: count)
  let turns = 200_000
  let products = (0...count).map { Value.string("product-\($0)") }
  var best = Int64.max
  for _ in 0..<5 {
    let start = ThisProcess.processorNanoseconds
    for turn in 0..<turns {
      var frame = Frame(slots: PolicyVariable.allCases.count, source: NoSource())
      // One in seven is for none of the products.
      frame.fill(
        PolicyVariable.product.slot,
        with: products[turn % 7 == 0 ? count : turn &* 7_919 % count]
      )
      frame.fill(PolicyVariable.promptTokens.slot, with: .int(150))
      guard routes.decide(&frame, requested: nil).route != nil else { fatalError("no route") }
    }
    best = min(best, ThisProcess.processorNanoseconds - start)
  }
  try say("\(best / Int64(turns)) ns  a decision over \(count) routes")
}

let folder = CommandLine.arguments.dropFirst().first ?? "/tmp"
for count in [1_000, 10_000] {
  var text =
    "sluice: v1\nidentity: { keys: keys.jsonl }\nupstreams:\n  sim: { api: simulated }\nmodels:\n"
  text += "  small: { upstream: sim, context: 16k, max_output: 4k, price: free }\n"
  text += "targets:\n  fast: [small]\n  other: [small]\nproducts:\n"
  for index in 0..<count { text += "  p\(index): {}\n" }
  text += "routes:\n"
  for index in 0..<count {
    let condition = "product == \"p\(index)\" && prompt.tokens > 100"
    text += "  - { name: r\(index), when: '\(condition)', to: fast }\n"
  }
  text += "  - name: rest\n    to: other\n"
  let path = "\(folder)/routes-\(count).yaml"
  try Files.writeAtomically(Array(text.utf8), to: path)
  var best = Int64.max
  for _ in 0..<3 {
    let start = ThisProcess.processorNanoseconds
    let answer = GraphCommand(path: path).run()
    best = min(best, ThisProcess.processorNanoseconds - start)
    guard answer.status == .success else { fatalError(answer.notes) }
  }
  try say("\(best / 1_000_000) ms  a bundle of \(count) routes, linted, compiled and printed")
}
