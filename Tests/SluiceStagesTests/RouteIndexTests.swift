import SluiceExpressions
import SluicePolicy
import SluiceStages
import SluiceTestSupport
import Testing

@Suite("The index of routes")
struct RouteIndexTests {
  /// One request: a slot without a value fails, and what is asked for is written down.
  private final class Request: FrameSource {
    let values: [Int: Value]
    let features: [Int: Program]
    private(set) var asked: Set<Int> = []

    init(_ values: [Int: Value], features: [Int: Program] = [:]) {
      self.values = values
      self.features = features
    }

    func value(ofSlot slot: Int, in frame: inout Frame) throws(EvaluationError) -> Value {
      asked.insert(slot)
      if let feature = features[slot] { return try feature.evaluate(&frame) }
      guard let value = values[slot] else { throw .unavailable("slot \(slot)") }
      return value
    }

    func call(
      _ function: Int,
      _ arguments: [Value],
      in frame: inout Frame
    ) throws(EvaluationError) -> Value {
      throw .unavailable("a function")
    }

    var frame: Frame { Frame(slots: PolicyVariable.slot(ofFeature: 2), source: self) }
  }

  private static let environment = Environment(
    phase: .request,
    features: [("f0", .bool), ("f1", .bool)]
  )

  private static func checked(_ source: String) -> CheckedExpression {
    let outcome = CheckedExpression.check(source, expecting: .bool, in: environment)
    guard let expression = outcome.expression else {
      preconditionFailure("\(source): \(outcome.issues)")
    }
    return expression
  }

  /// A condition, and what is made of it; none of it: always.
  private struct Condition {
    var source = "always"
    var program: Program?
    var expression: CheckedExpression?
    var requirements: [Int: Set<FiniteValue>] { expression?.requirements ?? [:] }

    init() {}

    init(_ source: String) {
      let condition = checked(source)
      self.source = source
      program = condition.program()
      expression = condition
    }
  }

  private static func table(_ conditions: [Condition], requested: Set<Int>) -> RouteTable {
    RouteTable(
      conditions.enumerated()
        .map { position, condition in
          RouteTable.Entry(
            position: position,
            condition: condition.program,
            expression: condition.expression,
            destination: requested.contains(position)
              ? .requested : .target(TargetIndex(position % 3))
          )
        }
    )
  }

  /// What going through the list finds.
  private static func first(
    _ conditions: [Condition],
    _ requested: Set<Int>,
    isAuto: Bool,
    _ frame: inout Frame
  ) -> (route: Int?, errors: [(route: Int, error: EvaluationError)]) {
    var errors: [(route: Int, error: EvaluationError)] = []
    for (position, condition) in conditions.enumerated() {
      do throws(EvaluationError) {
        guard try condition.program?.evaluateBool(&frame) ?? true else { continue }
      } catch {
        errors.append((position, error))
        continue
      }
      if isAuto, requested.contains(position) { continue }
      return (position, errors)
    }
    return (nil, errors)
  }

  private static let topics: [(slot: Int, atoms: [String], values: [Value])] = [
    (
      PolicyVariable.product.slot,
      (0..<12).map { "product == \"p\($0)\"" }
        + [
          "\"p1\" == product", "product in [\"p1\", \"p2\", \"p3\"]", "product in []",
          "product != \"p1\"", "product.startsWith(\"p1\")", "product == \"caf\u{E9}\"",
          "product == \"cafe\u{301}\"", "product == user.tier",
        ],
      (0..<13).map { .string("p\($0)") } + [.string("caf\u{E9}"), .string("cafe\u{301}")]
    ),
    (
      PolicyVariable.userTier.slot,
      ["user.tier == \"free\"", "user.tier == \"premium\"", "user.tier in [\"free\", \"gold\"]"],
      ["free", "premium", "gold", ""].map { .string($0) }
    ),
    (
      PolicyVariable.tenant.slot,
      (0..<5).map { "tenant == \"t\($0)\"" } + ["tenant > \"t2\""],
      (0..<6).map { .string("t\($0)") }
    ),
    (
      PolicyVariable.requestStream.slot,
      [
        "request.stream", "!request.stream", "request.stream == true", "false == request.stream",
        "request.stream != true", "request.stream in [true]",
      ],
      [.bool(false), .bool(true)]
    ),
    (
      PolicyVariable.promptTokens.slot,
      ["prompt.tokens < 10", "prompt.tokens > 5", "100 / prompt.tokens > 20"],
      [0, 3, 7, 12].map { .int($0) }
    ),
    (
      PolicyVariable.headers.slot,
      ["headers[\"x\"] == \"a\"", "has(headers.x)", "headers.x in [\"a\", \"b\"]"],
      [.strings([("x", "a")]), .strings([("y", "a")])]
    ),
  ]

  private static func source(_ random: inout SplitMix, _ depth: Int, features: Int) -> String {
    let part = { (random: inout SplitMix) in
      source(&random, depth - 1, features: features)
    }
    switch depth == 0 ? 0 : random.below(9) {
    case 1, 2, 3, 4: return "(\(part(&random)) && \(part(&random)))"
    case 5: return "(\(part(&random)) || \(part(&random)))"
    case 6: return "!(\(part(&random)))"
    case 7: return "(\(part(&random)) ? \(part(&random)) : \(part(&random)))"
    default:
      if features > 0, random.below(6) == 0 { return "features.f\(random.below(features))" }
      let atoms = topics[random.below(topics.count)].atoms
      return atoms[random.below(atoms.count)]
    }
  }

  @Test("decides as going through the list does, errors included", arguments: 0..<8)
  func agrees(part: Int) {
    var random = SplitMix(seed: 77 + UInt64(part))
    let loose = (0..<150).map { _ in Condition(Self.source(&random, random.below(4), features: 2)) }
    // Half of all name a product or a tenant, as long lists do.
    let strict = (0..<250)
      .map { position in
        let name = position % 2 == 0 ? "product == \"p" : "tenant == \"t"
        let rest = Self.source(&random, random.below(3), features: 2)
        return Condition("\(name)\(random.below(8))\" && \(rest)")
      }
    let features = (0..<20).map { _ in Condition(Self.source(&random, 1, features: 0)).program }
    var met: [String: Int] = [:]
    for _ in 0..<400 {
      let share = random.below(100)
      let conditions = (0..<(1 + random.below(100)))
        .map { _ in
          if random.below(60) == 0 { return Condition() }
          return random.below(100) < share
            ? strict[random.below(strict.count)] : loose[random.below(loose.count)]
        }
      let requested = Set(conditions.indices.filter { _ in random.below(10) == 0 })
      let table = Self.table(conditions, requested: requested)
      let index = RouteIndex(conditions.map(\.requirements))
      for _ in 0..<3 {
        let computed = [0, 1]
          .map { (PolicyVariable.slot(ofFeature: $0), features[random.below(features.count)]) }
        let programs = Dictionary(uniqueKeysWithValues: computed).compactMapValues(\.self)
        var values: [Int: Value] = [:]
        // Now and then something has no value at all, an attribute of the index included.
        for topic in Self.topics where random.below(30) > 0 {
          values[topic.slot] = topic.values[random.below(topic.values.count)]
        }
        let isAuto = random.below(2) == 0
        let (one, other) = (
          Request(values, features: programs), Request(values, features: programs)
        )
        var (listed, indexed) = (one.frame, other.frame)
        let expected = Self.first(conditions, requested, isAuto: isAuto, &listed)
        let decision = table.decide(&indexed, requested: isAuto ? nil : .model(ModelIndex(0)))
        let context = { "\(conditions.map(\.source)) for \(values)" }
        #expect(decision.route == expected.route, "\(context())")
        #expect(decision.errors.elementsEqual(expected.errors, by: ==), "\(context())")
        let more = other.asked.subtracting(one.asked)
        #expect(
          more.allSatisfy { PolicyVariable(rawValue: $0)?.isAtHand == true },
          "\(more) were asked for"
        )
        met[expected.route == nil ? "none" : "some", default: 0] += 1
        if !expected.errors.isEmpty { met["errors", default: 0] += 1 }
        var frame = Request(values).frame
        var candidates = index.candidates(&frame)
        var count = 0
        while index.next(&candidates) != nil { count += 1 }
        if count < conditions.count { met["narrowed", default: 0] += 1 }
      }
    }
    // A run that meets only one kind would prove little.
    for kind in ["none", "some", "errors", "narrowed"] {
      #expect(met[kind, default: 0] > 40, "\(met)")
    }
  }

  private static func candidates(_ conditions: [String], _ values: [PolicyVariable: Value]) -> [Int]
  {
    let index = RouteIndex(conditions.map { checked($0).requirements })
    var frame = Request(Dictionary(uniqueKeysWithValues: values.map { ($0.slot, $1) })).frame
    var candidates = index.candidates(&frame)
    var found: [Int] = []
    while let next = index.next(&candidates) { found.append(next) }
    return found
  }

  @Test(
    "as many routes are evaluated for one of 200 as for one of 10,000",
    arguments: [200, 10_000]
  )
  func constant(count: Int) {
    let conditions =
      (0..<count).map { "product == \"p\($0)\" && prompt.tokens > 100" } + ["prompt.tokens > 5"]
    #expect(Self.candidates(conditions, [.product: .string("p150")]) == [150, count])
    #expect(Self.candidates(conditions, [.product: .string("other")]) == [count])
  }

  @Test("where many routes share a value, a second attribute tells them apart")
  func nested() {
    let conditions = (0..<1_000)
      .map { "product == \"p\($0 / 100)\" && tenant == \"t\($0 % 100)\"" }
    let values: [PolicyVariable: Value] = [.product: .string("p3"), .tenant: .string("t42")]
    #expect(Self.candidates(conditions, values) == [342])
  }

  @Test("routes about different attributes keep their order among each other")
  func order() {
    let conditions = (0..<100)
      .map { $0 % 2 == 0 ? "product == \"p\($0 / 20)\"" : "tenant == \"t\($0 / 20)\"" }
    let values: [PolicyVariable: Value] = [.product: .string("p1"), .tenant: .string("t1")]
    #expect(Self.candidates(conditions, values) == Array(20..<40))
  }

  @Test("where an attribute has no value, every route is looked at")
  func unknown() {
    let conditions = (0..<20).map { "product == \"p\($0)\"" }
    #expect(Self.candidates(conditions, [:]) == Array(0..<20))
  }

  @Test("a route that names more values than it may have places for stays one of all")
  func copies() {
    let many = (0..<100).map { "\"p\($0)\"" }.joined(separator: ", ")
    let conditions = (0..<20).map { "product == \"p\($0)\"" } + ["product in [\(many)]"]
    #expect(Self.candidates(conditions, [.product: .string("p7")]) == [7, 20])
    #expect(Self.candidates(conditions, [.product: .string("x")]) == [20])
  }

  @Test("few routes are not worth a look-up")
  func few() {
    let conditions = (0..<8).map { "product == \"p\($0)\"" }
    #expect(Self.candidates(conditions, [.product: .string("p3")]) == Array(0..<8))
  }
}
