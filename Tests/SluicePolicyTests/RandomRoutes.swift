import SluiceExpressions
import SluicePolicy
import SluiceTestSupport

/// Small random lists of routes, and every request that they can tell apart.
struct RandomRoutes {
  /// One variable, conditions over it, and a value from each stretch that they can tell apart.
  struct Topic {
    var atoms: [String]
    /// By slot; a header that is not there has no value.
    var slot: Int
    var values: [Value]
  }

  static let names = ReachNames(
    requestable: ["small", "large", "fast"],
    tiers: ["free", "premium"],
    products: ["support", "pricing"]
  )

  private static func texts(
    _ variable: PolicyVariable,
    _ values: [String],
    _ more: [String]
  ) -> Topic {
    let name = variable.name
    let atoms = [
      "\(name) == \"a\"", "\(name) == \"ab\"", "\"b\" == \(name)", "\(name) != \"a\"",
      "\(name) in [\"a\", \"b\"]", "\(name) in []", "\(name).startsWith(\"a\")",
      "\(name).startsWith(\"ab\")", "\(name).startsWith(\"\")", "\(name) < \"ab\"",
      "\(name) >= \"b\"",
    ]
    return Topic(
      atoms: atoms + more,
      slot: variable.slot,
      values: values.map { .string($0) }
    )
  }

  /// The beginnings of all stretches that the atoms above cut texts into.
  private static let cuts = ["", "a", "a\0", "ab", "ab\0", "ac", "b", "b\0", "c"]

  static let topics: [Topic] = [
    texts(.product, cuts, []),
    texts(.userTier, cuts, ["!(user.tier == \"ab\")"]),
    texts(.tenant, cuts, []),
    Topic(
      atoms: [
        "request.stream", "!request.stream", "request.stream == true", "request.stream != true",
      ],
      slot: PolicyVariable.requestStream.slot,
      values: [.bool(false), .bool(true)]
    ),
    Topic(
      atoms: [
        "prompt.tokens < 10", "prompt.tokens <= 10", "prompt.tokens > 20", "20 <= prompt.tokens",
        "prompt.tokens == 10", "prompt.tokens != 20", "prompt.tokens in [10, 20]",
        "prompt.tokens < 0", "prompt.tokens >= 0", "prompt.tokens < 15.5", "prompt.tokens <= 15.5",
        "prompt.tokens > 9.0", "prompt.tokens < 10u",
      ],
      slot: PolicyVariable.promptTokens.slot,
      values: [0, 9, 10, 11, 15, 16, 20, 21, .max].map { .int($0) }
    ),
    Topic(
      atoms: [
        "request.temperature > 0.5", "request.temperature <= 1", "request.temperature == 0.5",
        "request.temperature < -0.5", "request.temperature >= 1u", "request.temperature != 1.0",
      ],
      slot: PolicyVariable.requestTemperature.slot,
      values: [
        -.infinity, -0.5, 0, 0.5, 0.5.nextUp, 1, 1.0.nextUp, .infinity,
      ]
      .map { .double($0) }
    ),
    Topic(
      atoms: [
        "request.model == \"auto\"", "request.model in [\"small\", \"large\"]",
        "request.model.startsWith(\"fa\")", "request.model != \"small\"", "request.model > \"g\"",
      ],
      slot: PolicyVariable.requestModel.slot,
      values: ["auto", "small", "large", "fast"].map { .string($0) }
    ),
    Topic(
      atoms: [
        "request.path == \"/v1/embeddings\"", "request.path.startsWith(\"/v1/c\")",
        "request.path in [\"/v1/completions\", \"/v1/chat/completions\"]",
      ],
      slot: PolicyVariable.requestPath.slot,
      values: ["/v1/chat/completions", "/v1/completions", "/v1/embeddings"].map { .string($0) }
    ),
    Topic(
      atoms: [
        "client.ip == \"10.1.0.1\"", "client.ip.startsWith(\"10.\")",
        "client.ip.startsWith(\"10.1\")", "client.ip.startsWith(\"10.1.\")",
        "client.ip == \"10.01.0.1\"", "client.ip in [\"10.1.0.1\", \"2001:db8::/64\"]",
        "client.ip.startsWith(\"10.1.0.1\")", "client.ip.startsWith(\"010.\")",
        "client.ip == \"2001:db8::\"",
      ],
      slot: PolicyVariable.clientIP.slot,
      values: [
        "0.0.0.1", "10.0.0.0", "10.1.0.0", "10.1.0.1", "10.1.0.2", "10.1.0.10", "10.1.0.100",
        "10.10.0.0", "10.100.0.1", "10.2.0.0", "11.0.0.0", "::/64", "2001:db8::/64",
        "2001:db8:0:1::/64",
      ]
      .map { .string($0) }
    ),
    Topic(
      atoms: [
        "headers[\"x\"] == \"a\"", "\"x\" in headers", "has(headers.x)", "headers.x != \"a\"",
        "headers[\"x\"].startsWith(\"a\")", "headers.x in [\"ab\", \"b\"]", "!has(headers.X)",
        "has(headers.x) && headers.x == \"b\"", "has(headers.cookie)",
      ],
      slot: PolicyVariable.headers.slot,
      values: [.strings([(String, String)]())] + cuts.map { .strings([("x", $0)]) }
    ),
    Topic(
      atoms: ["breaker(\"small\").state == \"open\"", "breaker(\"small\").state != \"closed\""],
      slot: -1,
      values: ["closed", "open", "half_open"].map { .string($0) }
    ),
  ]

  let routes: [RouteCover.Route]
  let features: [Int: CheckedExpression]
  let texts: [String]
  private let topics: [Topic]

  init(_ random: inout SplitMix) {
    var topics: [Topic] = []
    var choices = Array(Self.topics.indices)
    for _ in 0..<(1 + random.below(3)) {
      topics.append(Self.topics[choices.remove(at: random.below(choices.count))])
    }
    self.init(about: topics, &random)
  }

  /// Another list of routes about the same things.
  func another(_ random: inout SplitMix) -> RandomRoutes {
    RandomRoutes(about: topics, &random)
  }

  private init(about topics: [Topic], _ random: inout SplitMix) {
    self.topics = topics
    func condition(_ depth: Int, _ features: Int) -> String {
      let kind = depth == 0 ? 0 : random.below(8)
      switch kind {
      case 1, 2:
        return "(\(condition(depth - 1, features)) && \(condition(depth - 1, features)))"
      case 3, 4: return "(\(condition(depth - 1, features)) || \(condition(depth - 1, features)))"
      case 5: return "!(\(condition(depth - 1, features)))"
      case 6 where random.below(2) == 0:
        return "(\(condition(depth - 1, features)) ? \(condition(depth - 1, features))"
          + " : \(condition(depth - 1, features)))"
      case 7 where random.below(3) == 0:
        return "(\(condition(depth - 1, features))) == (\(condition(depth - 1, features)))"
      default:
        if features > 0, random.below(4) == 0 { return "features.f\(random.below(features))" }
        let atoms = topics[random.below(topics.count)].atoms
        return atoms[random.below(atoms.count)]
      }
    }
    let types = [("f0", CELType.bool), ("f1", .bool)]
    let environment = Environment(phase: .request, features: types)
    func checked(_ text: String) -> CheckedExpression {
      let outcome = CheckedExpression.check(text, expecting: .bool, in: environment)
      guard let expression = outcome.expression else { preconditionFailure("\(outcome.issues)") }
      return expression
    }
    features = [
      PolicyVariable.slot(ofFeature: 0): checked(condition(1, 0)),
      PolicyVariable.slot(ofFeature: 1): checked(condition(1, 1)),
    ]
    var texts: [String] = []
    routes = (0..<(1 + random.below(5)))
      .map { _ in
        let isRequested = random.below(8) == 0
        guard random.below(8) > 0 else {
          texts.append("always\(isRequested ? ", requested" : "")")
          return RouteCover.Route(nil, isRequested: isRequested)
        }
        let text = condition(random.below(4), 2)
        texts.append(text + (isRequested ? " (requested)" : ""))
        return RouteCover.Route(checked(text), isRequested: isRequested)
      }
    self.texts = texts
  }

  /// Every request that the conditions can tell apart.
  var requests: [ReachWitness] {
    var topics = self.topics
    // Which clients name something matters to `to: requested`.
    if routes.contains(where: \.isRequested),
      !topics.contains(where: { $0.slot == PolicyVariable.requestModel.slot })
    {
      topics.append(
        Topic(
          atoms: [],
          slot: PolicyVariable.requestModel.slot,
          values: [.string("auto"), .string("small")]
        )
      )
    }
    var all = [ReachWitness()]
    for topic in topics {
      all = all.flatMap { known in
        topic.values.map { value in
          var next = known
          if topic.slot < 0 {
            next.states = [(StateFunction.breakerState.rawValue, [.string("small")], value)]
          } else {
            next.values[topic.slot] = value
          }
          return next
        }
      }
    }
    return all
  }
}

/// What the real evaluator makes of a list of routes.
struct RouteOracle {
  let routes: [RouteCover.Route]
  let programs: [Program?]
  let features: [Int: Program]

  init(_ routes: [RouteCover.Route], _ features: [Int: CheckedExpression]) {
    self.routes = routes
    programs = routes.map { $0.condition?.program() }
    self.features = features.mapValues { $0.program() }
  }

  /// Which routes would take a request if they were asked, and the first.
  func takers(of request: ReachWitness) -> (conditions: [Bool], matching: [Bool], first: Int?) {
    var frame = Frame(
      slots: PolicyVariable.slot(ofFeature: 8),
      source: WitnessSource(witness: request, features: features)
    )
    let model = request.values[PolicyVariable.requestModel.slot] ?? .string("auto")
    var conditions: [Bool] = []
    for program in programs {
      do throws(EvaluationError) {
        conditions.append(try program?.evaluateBool(&frame) ?? true)
      } catch {
        conditions.append(false)
      }
    }
    let matching = zip(conditions, routes)
      .map { $0 && (!$1.isRequested || model != .string("auto")) }
    return (conditions, matching, matching.firstIndex(of: true))
  }
}
