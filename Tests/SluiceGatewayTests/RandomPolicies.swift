import SluiceExpressions
import SluicePolicy
import SluiceTestSupport

@testable import SluiceGateway

/// Small random policies as text, and requests that tell them apart.
struct RandomPolicy {
  /// The sections; another policy may have some of them otherwise.
  var sections: [String]

  init(_ random: inout SplitMix) {
    sections = Self.makers.map { $0(&random) }
  }

  /// The same policy with one section or two made anew.
  func changed(_ random: inout SplitMix) -> RandomPolicy {
    var policy = self
    for _ in 0..<(1 + random.below(2)) {
      let place = random.below(Self.makers.count)
      policy.sections[place] = Self.makers[place](&random)
    }
    return policy
  }

  var text: String { "sluice: v1\n" + sections.joined() }

  private static let makers: [@Sendable (inout SplitMix) -> String] = [
    upstreams, tiers, targets, routes, products, limits, budgets,
  ]

  private static func pick<Element>(_ all: [Element], _ random: inout SplitMix) -> Element {
    all[random.below(all.count)]
  }

  @Sendable
  private static func upstreams(_ random: inout SplitMix) -> String {
    """
    identity: { keys: keys.jsonl, anonymous: false }
    upstreams:
      sim:
        api: simulated
        breaker: { consecutive: \(pick([5, 5, 6], &random)), recovery: 60s, probes: 1 }
        retry: { attempts: \(pick([2, 2, 3], &random)), base: 1s, factor: 2, jitter: full, budget: 20% }
    models:
      a: { upstream: sim, context: 8k, max_output: 1k, price: { input: $1/M, output: $2/M } }
      b: { upstream: sim, context: \(pick(["8k", "8k", "9k"], &random)), max_output: 1k, serves: [chat, embeddings], price: { input: $2/M, output: $2/M } }
      c: { upstream: sim, context: 8k, max_output: 1k, price: { input: $3/M, output: $\(pick([4, 4, 5], &random))/M } }

    """
  }

  @Sendable
  private static func tiers(_ random: inout SplitMix) -> String {
    """
    tiers:
      free: { models: [\(pick(["a", "a, b", "a, b, c"], &random))] }
      premium: {}

    """
  }

  @Sendable
  private static func targets(_ random: inout SplitMix) -> String {
    let share = pick([5, 5, 40], &random)
    return """
      targets:
        fast: [\(pick(["a", "a, b", "b, a"], &random))]
        best: [\(pick(["c", "c, a", "b, c"], &random))]
        trial: { split: { fast: \(100 - share)%, best: \(share)% }, by: \(pick(["user.id", "user.id", "tenant"], &random)) }

      """
  }

  private static let atoms = [
    "product == \"support\"", "product in [\"support\", \"pricing\"]", "user.tier == \"premium\"",
    "user.tier != \"free\"", "request.stream", "request.model == \"fast\"",
    "request.max_tokens > 100", "request.temperature < 0.5",
    "request.path == \"/v1/embeddings\"", "prompt.text.contains(\"code\")", "prompt.tokens < 20",
    "prompt.tokens >= 50", "headers[\"x-team\"] == \"a\"", "\"x-team\" in headers",
    "cidr(\"10.0.0.0/8\").containsIP(client.ip)", "tenant == \"acme\"",
    "breaker(\"a\").state == \"open\"", "user.id.startsWith(\"user-\")",
  ]

  private static func condition(_ random: inout SplitMix, _ depth: Int) -> String {
    switch depth == 0 ? 0 : random.below(6) {
    case 1: "(\(condition(&random, depth - 1)) && \(condition(&random, depth - 1)))"
    case 2: "(\(condition(&random, depth - 1)) || \(condition(&random, depth - 1)))"
    case 3: "!(\(condition(&random, depth - 1)))"
    default: pick(atoms, &random)
    }
  }

  @Sendable
  private static func routes(_ random: inout SplitMix) -> String {
    var text = "routes:\n"
    let goals = ["fast", "best", "trial", "requested"]
    for number in 0..<random.below(4) {
      text += "  - name: r\(number)\n    when: |-\n      \(condition(&random, 2))\n"
      text += "    to: \(pick(goals, &random))\n"
    }
    if random.below(4) > 0 { return text + "  - name: rest\n    to: \(pick(goals, &random))\n" }
    return text + "  - name: rest\n    when: |-\n      \(condition(&random, 1))\n    to: fast\n"
  }

  @Sendable
  private static func products(_ random: inout SplitMix) -> String {
    """
    products:
      support:
        cache: { scope: \(pick(["product", "product", "user"], &random)), ttl: \(pick(["1h", "1h", "2h"], &random)) }
      pricing: {}

    """
  }

  @Sendable
  private static func limits(_ random: inout SplitMix) -> String {
    """
    limits:
      per-user: { key: user.id, rate: \(pick([100, 100, 200], &random))/m, tiers: { premium: \(pick([300, 300, 400], &random))/m } }
      \(pick(["tokens", "tokens", "words"], &random)): { key: user.id, rate: 900k tokens/m }

    """
  }

  @Sendable
  private static func budgets(_ random: inout SplitMix) -> String {
    """
    budgets:
      \(pick(["day", "day", "daily"], &random)): { per: day, key: user.id, limit: $\(pick([20, 20, 30], &random)), on_exceed: [\(pick(["clamp", "clamp", "{ to: fast }"], &random))] }

    """
  }

  /// Any request.
  static func request(_ random: inout SplitMix) -> ReachWitness {
    var point = ReachWitness()
    func set(_ variable: PolicyVariable, _ values: [Value], _ random: inout SplitMix) {
      point.values[variable.slot] = pick(values, &random)
    }
    func texts(_ texts: String...) -> [Value] { texts.map { .string($0) } }
    set(.product, texts("", "support", "pricing", "other"), &random)
    set(.userTier, texts("", "free", "premium"), &random)
    set(.requestStream, [.bool(false), .bool(true)], &random)
    set(.requestModel, texts("auto", "auto", "auto", "fast", "trial", "a", "c"), &random)
    set(.requestMaxTokens, [.int(0), .int(50), .int(200)], &random)
    set(.requestTemperature, [.double(1), .double(0.2)], &random)
    set(
      .requestPath,
      texts("/v1/chat/completions", "/v1/chat/completions", "/v1/completions", "/v1/embeddings"),
      &random
    )
    set(
      .promptText,
      texts("hello", "some code", String(repeating: "word ", count: 60)),
      &random
    )
    set(.tenant, texts("", "acme", "tenant-\(random.below(20))"), &random)
    set(.userID, texts("user-\(random.below(40))", "ada"), &random)
    set(.clientIP, texts("127.0.0.1", "10.1.2.3"), &random)
    let teams: [[(String, String)]] = [[], [("x-team", "a")], [("x-team", "b")]]
    point.values[PolicyVariable.headers.slot] = .strings(pick(teams, &random))
    if random.below(4) == 0 {
      point.states = [(StateFunction.breakerState.rawValue, [.string("a")], .string("open"))]
    }
    return point
  }
}
