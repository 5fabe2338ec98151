import SluiceExpressions
import SluicePolicy
import SluiceTestSupport
import Testing

@Suite("How two lists of routes cut the requests")
struct RoutePartitionTests {
  private static func partition(_ old: RandomRoutes, _ new: RandomRoutes) -> RoutePartition {
    RoutePartition(
      RoutePartition.List(old.routes, features: old.features),
      RoutePartition.List(new.routes, features: new.features),
      names: RandomRoutes.names
    )
  }

  /// Which route of each list takes a request.
  private struct Pair: Hashable {
    var old: Int?
    var new: Int?
  }

  @Test(
    "inside the fragment the pairs of routes that meet are those of brute force",
    arguments: 0..<8
  )
  func exact(part: Int) {
    var random = SplitMix(seed: 5_000 + UInt64(part))
    var pairs = 0
    for _ in 0..<260 {
      let old = RandomRoutes(&random)
      let new = old.another(&random)
      let partition = Self.partition(old, new)
      #expect(partition.isWhole)
      let oracles = (
        RouteOracle(old.routes, old.features), RouteOracle(new.routes, new.features)
      )
      func pair(_ request: ReachWitness) -> Pair {
        Pair(old: oracles.0.takers(of: request).first, new: oracles.1.takers(of: request).first)
      }
      var requests = old.requests
      if new.routes.contains(where: \.isRequested) { requests += new.requests }
      let met = Set(requests.map(pair))
      let cells = Set(partition.cells.map { Pair(old: $0.old, new: $0.new) })
      #expect(cells == met, "\(old.texts) and \(new.texts)")
      pairs += cells.count
      for cell in partition.cells {
        let sample = partition.samples(of: cell.box).first
        #expect(
          sample.map(pair) == Pair(old: cell.old, new: cell.new),
          "\(old.texts) and \(new.texts): \(sample?.description ?? "")"
        )
      }
    }
    #expect(pairs > 500)
  }

  @Test("a list and itself meet in their own routes only, whatever cannot be read")
  func same() {
    var random = SplitMix(seed: 77)
    for _ in 0..<300 {
      let list = RandomRoutes(&random)
      let partition = Self.partition(list, list)
      #expect(partition.cells.allSatisfy { $0.old == $0.new })
      #expect(partition.isWhole)
    }
  }

  private static func list(
    _ conditions: [String?],
    feature: String? = nil
  ) -> RoutePartition.List {
    let environment = Environment(phase: .request, features: feature == nil ? [] : [("f", .int)])
    func checked(_ text: String) -> CheckedExpression? {
      let outcome = CheckedExpression.check(text, in: environment)
      if outcome.expression == nil { Issue.record("\(outcome.issues)") }
      return outcome.expression
    }
    var features: [Int: CheckedExpression] = [:]
    if let feature { features[PolicyVariable.slot(ofFeature: 0)] = checked(feature) }
    return RoutePartition.List(
      conditions.map { RouteCover.Route($0.flatMap(checked)) },
      features: features
    )
  }

  @Test("ten thousand routes and themselves are the same, at once")
  func longSame() {
    let texts: [String?] = (0..<10_000).map { "product == \"p\($0)\" && prompt.tokens < 100" }
    let list = Self.list(texts + [nil])
    let partition = RoutePartition(list, list, names: RandomRoutes.names)
    #expect(partition.isWhole)
    #expect(partition.cells.count == 10_002)
    #expect(partition.cells.allSatisfy { $0.old == $0.new })
  }

  @Test("what cannot be read is the same in both where it means the same")
  func unknowns() {
    let one = Self.list(["prompt.text.contains(\"x\")", nil])
    let two = Self.list(["prompt.text.contains('x')", nil])
    let three = Self.list(["prompt.text.contains(\"y\")", nil])
    let names = RandomRoutes.names
    #expect(RoutePartition(one, two, names: names).cells.allSatisfy { $0.old == $0.new })
    #expect(RoutePartition(one, three, names: names).cells.contains { $0.old != $0.new })
  }

  @Test("one name of a feature is two things where it stands for two")
  func features() {
    let one = Self.list(["size(prompt.text) + features.f > 10", nil], feature: "prompt.tokens")
    let two = Self.list(
      ["size(prompt.text) + features.f > 10", nil],
      feature: "request.max_tokens"
    )
    let names = RandomRoutes.names
    #expect(RoutePartition(one, one, names: names).cells.allSatisfy { $0.old == $0.new })
    #expect(RoutePartition(one, two, names: names).cells.contains { $0.old != $0.new })
  }

  @Test("a condition of too many cases is one unknown, and lists of a thousand routes are cut")
  func large() {
    let parts = (0..<24).map { "(headers.a\($0) == \"1\" || headers.b\($0) == \"1\")" }
    let huge = parts.joined(separator: " && ")
    let one = Self.list([huge, "request.stream", nil])
    let two = Self.list([huge, nil])
    let partition = RoutePartition(one, two, names: RandomRoutes.names)
    #expect(partition.isWhole)
    #expect(
      Set(partition.cells.map { "\($0.old ?? -1) \($0.new ?? -1)" }) == ["0 0", "1 1", "2 1"]
    )

    let texts: [String?] = (0..<1_000).map { "product == \"p\($0)\" && prompt.tokens < 100" }
    var moved = texts
    moved[500] = "product == \"p500\" && prompt.tokens < 90"
    let many = RoutePartition(
      Self.list(texts + [nil]),
      Self.list(moved + [nil]),
      names: RandomRoutes.names
    )
    #expect(many.isWhole)
    let differing = many.cells.filter { $0.old != $0.new }
    #expect(differing.count == 1 && differing[0].old == 500 && differing[0].new == 1_000)
  }
}
