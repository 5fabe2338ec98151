import SluiceCore
import SluiceExpressions
package import SluicePolicy

/// Prints a policy in one canonical form: every default spelt out, maps sorted by name, conditions
/// in their canonical spelling.
///
/// The text is a policy file again, and says the same. Secrets are references and stay so.
package enum PolicyPrinter {
  /// The text, with a trailing newline.
  package static func print(_ policy: Policy) -> String { lines(of: policy).text }

  static func lines(of policy: Policy) -> PrintedLines {
    var lines = PrintedLines()
    lines.add("sluice: v1")
    printServer(policy.server, &lines)
    printIdentity(policy.identity, &lines)
    lines.section("upstreams", policy.upstreams) { printUpstream($0, &$1) }
    lines.section("models", policy.models) { printModel($0, &$1) }
    lines.section("tiers", policy.tiers) { printTier($0, policy, &$1) }
    lines.section("features", policy.features) { feature, lines in
      lines.add("\(feature.name): \(expression(feature.value))")
    }
    lines.section("targets", policy.targets) { printTarget($0, policy, &$1) }
    lines.section("routes", policy.routes) { printRoute($0, policy, &$1) }
    lines.section("products", policy.products) { printProduct($0, policy, &$1) }
    lines.section("limits", policy.limits) { printLimit($0, &$1) }
    lines.section("budgets", policy.budgets) { printBudget($0, policy, &$1) }
    lines.section("kill_switches", policy.killSwitches) { printKillSwitch($0, &$1) }
    return lines
  }
}

/// The lines of a text that is indented by its structure.
struct PrintedLines {
  private(set) var text = ""
  /// Each line with the keys that it stands under.
  private(set) var settings: [(path: [String], line: String)] = []
  private var path: [String] = []

  mutating func add(_ line: String) {
    text += String(repeating: "  ", count: path.count) + line + "\n"
    settings.append((path, line))
  }

  /// A key with lines below it.
  mutating func block(_ head: String, _ body: (inout PrintedLines) -> Void) {
    text += String(repeating: "  ", count: path.count) + "\(head):\n"
    path.append(head)
    body(&self)
    path.removeLast()
  }

  /// A section with its entries; nothing if there are none.
  mutating func section<Entry>(
    _ name: String,
    _ entries: [Entry],
    _ body: (Entry, inout PrintedLines) -> Void
  ) {
    guard !entries.isEmpty else { return }
    block(name) { lines in
      for entry in entries { body(entry, &lines) }
    }
  }
}

extension PolicyPrinter {
  private static func printServer(_ server: ServerSettings, _ lines: inout PrintedLines) {
    lines.block("server") { lines in
      lines.add("listen: \(list(server.listen.map(\.text)))")
      lines.add("admin: \(PlainScalar.text(server.admin.text))")
      lines.add("max_body: \(ByteCount.text(server.maxBody))")
      lines.block("timeout") { lines in
        lines.add("head: \(server.timeout.head.text)")
        lines.add("body: \(server.timeout.body.text)")
        lines.add("request: \(server.timeout.request.text)")
        lines.add("idle: \(server.timeout.idle.text)")
        lines.add("drain: \(server.timeout.drain.text)")
      }
      lines.add("durability: \(server.durability.rawValue)")
      lines.add("on_ledger_failure: \(server.onLedgerFailure.rawValue)")
      lines.add("expose: \(list(words(server.expose)))")
    }
  }

  private static func printIdentity(_ identity: IdentitySettings, _ lines: inout PrintedLines) {
    lines.block("identity") { lines in
      if let keys = identity.keys { lines.add("keys: \(PlainScalar.text(keys))") }
      if !identity.trustFrom.isEmpty || !identity.accept.isEmpty {
        lines.block("headers") { lines in
          lines.add("trust_from: \(list(identity.trustFrom.map(\.description)))")
          lines.add("accept: \(list(words(identity.accept)))")
        }
      }
      guard let anonymous = identity.anonymous else {
        lines.add("anonymous: false")
        return
      }
      guard !anonymous.tier.isEmpty || !anonymous.products.isEmpty else {
        lines.add("anonymous: true")
        return
      }
      lines.block("anonymous") { lines in
        if !anonymous.tier.isEmpty { lines.add("tier: \(PlainScalar.text(anonymous.tier))") }
        if !anonymous.products.isEmpty { lines.add("products: \(list(anonymous.products))") }
      }
    }
  }

  private static func printUpstream(_ upstream: UpstreamSettings, _ lines: inout PrintedLines) {
    lines.block(PlainScalar.text(upstream.name)) { lines in
      switch upstream.api {
      case .openai(let url, let secret):
        lines.add("api: openai")
        switch url {
        case .literal(let text): lines.add("url: \(PlainScalar.text(text))")
        case .environment(let name): lines.add("url: env:\(name)")
        case .file(let path): lines.add("url: \(PlainScalar.text("file:\(path)"))")
        }
        switch secret {
        case .environment(let name): lines.add("secret: env:\(name)")
        case .file(let path): lines.add("secret: \(PlainScalar.text("file:\(path)"))")
        case nil: break
        }
        if let path = upstream.authorities {
          lines.add("ca: \(PlainScalar.text(path))")
        }
      case .simulated(let simulated):
        lines.add("api: simulated")
        lines.add("latency: \(simulated.latency.text)")
        lines.add("output: \(simulated.output)")
        lines.add("failures: \(Ratio.text(simulated.failures))")
        lines.add("seed: \(simulated.seed)")
      }
      lines.block("timeout") { lines in
        lines.add("connect: \(upstream.timeout.connect?.text ?? "none")")
        lines.add("first_byte: \(upstream.timeout.firstByte?.text ?? "none")")
        lines.add("idle: \(upstream.timeout.idle?.text ?? "none")")
        lines.add("total: \(upstream.timeout.total?.text ?? "none")")
      }
      printBreaker(upstream.breaker, &lines)
      printRetry(upstream.retry, &lines)
      printHealthCheck(upstream.healthCheck, &lines)
    }
  }

  private static func printHealthCheck(
    _ check: UpstreamSettings.HealthCheck?,
    _ lines: inout PrintedLines
  ) {
    guard let check else {
      lines.add("health_check: none")
      return
    }
    lines.block("health_check") { lines in
      lines.add("path: \(PlainScalar.text(check.path))")
      lines.add("interval: \(check.interval.text)")
      lines.add("timeout: \(check.timeout.text)")
      lines.add("unhealthy_threshold: \(check.unhealthyThreshold)")
      lines.add("healthy_threshold: \(check.healthyThreshold)")
    }
  }

  private static func printBreaker(
    _ breaker: UpstreamSettings.Breaker?,
    _ lines: inout PrintedLines
  ) {
    switch breaker {
    case nil: lines.add("breaker: none")
    case .consecutive(let count, let recovery, let probes):
      lines.block("breaker") { lines in
        lines.add("consecutive: \(count)")
        lines.add("recovery: \(recovery.text)")
        lines.add("probes: \(probes)")
      }
    case .ratio(let ratio, let calls, let window, let recovery, let probes):
      lines.block("breaker") { lines in
        lines.add("ratio: \(Ratio.text(ratio))")
        lines.add("min_calls: \(calls)")
        lines.add("window: \(window.text)")
        lines.add("recovery: \(recovery.text)")
        lines.add("probes: \(probes)")
      }
    }
  }

  private static func printRetry(_ retry: UpstreamSettings.Retry?, _ lines: inout PrintedLines) {
    guard let retry else {
      lines.add("retry: none")
      return
    }
    lines.block("retry") { lines in
      lines.add("attempts: \(retry.attempts)")
      lines.add("base: \(retry.base.text)")
      lines.add("factor: \(retry.factor)")
      switch retry.jitter {
      case .full: lines.add("jitter: full")
      case .bounded(let bound): lines.add("jitter: \(bound.text)")
      }
      lines.add("budget: \(Ratio.text(retry.budget))")
    }
  }

  private static func printModel(_ model: ModelSettings, _ lines: inout PrintedLines) {
    lines.block(PlainScalar.text(model.name)) { lines in
      lines.add("upstream: \(PlainScalar.text(model.upstream))")
      lines.add("id: \(PlainScalar.text(model.upstreamName))")
      lines.add("context: \(model.context)")
      lines.add("max_output: \(model.maxOutput)")
      printPrices(model.prices, &lines)
      if let tokenizer = model.tokenizer { lines.add("tokenizer: \(tokenizer.rawValue)") }
      lines.add("serves: \(list(words(model.serves)))")
      lines.add("output_field: \(model.outputField)")
    }
  }

  private static func printPrices(
    _ prices: [ModelSettings.DatedPrice],
    _ lines: inout PrintedLines
  ) {
    guard let first = prices.first else { return }
    guard prices.count > 1 || first.from != nil else {
      return lines.add("price: \(first.text)")
    }
    lines.block("price") { lines in
      for price in prices { lines.add("- \(price.text)") }
    }
  }

  private static func printTier(
    _ tier: TierSettings,
    _ policy: Policy,
    _ lines: inout PrintedLines
  ) {
    guard let models = tier.models else {
      lines.add("\(PlainScalar.text(tier.name)): {}")
      return
    }
    lines.block(PlainScalar.text(tier.name)) { lines in
      lines.add("models: \(list(models.map { policy[$0].name }.sorted()))")
    }
  }

  private static func printTarget(
    _ target: TargetSettings,
    _ policy: Policy,
    _ lines: inout PrintedLines
  ) {
    switch target.kind {
    case .candidates(let models):
      lines.add("\(PlainScalar.text(target.name)): \(list(models.map { policy[$0].name }))")
    case .split(let shares, let by):
      lines.block(PlainScalar.text(target.name)) { lines in
        lines.block("split") { lines in
          for share in shares {
            lines.add(
              "\(PlainScalar.text(policy[share.target].name)): "
                + Ratio.text(millionths: share.millionths)
            )
          }
        }
        lines.add("by: \(expression(by))")
      }
    }
  }

  private static func printRoute(
    _ route: RouteSettings,
    _ policy: Policy,
    _ lines: inout PrintedLines
  ) {
    lines.add("- name: \(PlainScalar.text(route.name))")
    if let condition = route.condition { lines.add("  when: \(expression(condition))") }
    switch route.destination {
    case .target(let target): lines.add("  to: \(PlainScalar.text(policy[target].name))")
    case .requested: lines.add("  to: requested")
    }
  }

  private static func printProduct(
    _ product: ProductSettings,
    _ policy: Policy,
    _ lines: inout PrintedLines
  ) {
    guard product.volatility != nil || product.cache != nil else {
      lines.add("\(PlainScalar.text(product.name)): {}")
      return
    }
    lines.block(PlainScalar.text(product.name)) { lines in
      if let volatility = product.volatility { lines.add("volatility: \(volatility.text)") }
      guard let cache = product.cache else { return }
      lines.block("cache") { lines in
        lines.add("scope: \(cache.scope.rawValue)")
        lines.add("ttl: \(cache.ttl.text)")
        if let semantic = cache.semantic {
          printSemantic(semantic, policy, &lines)
        }
        if let stale = cache.staleIfError { lines.add("stale_if_error: \(stale.text)") }
        if let stale = cache.staleWhileRevalidate {
          lines.add("stale_while_revalidate: \(stale.text)")
        }
        if let key = cache.key { lines.add("key: \(expression(key))") }
        lines.add("tags: \(cache.tagging.map(expression) ?? list(cache.tags))")
        lines.add("store_fallbacks: \(cache.storeFallbacks)")
      }
    }
  }

  private static func printSemantic(
    _ semantic: ProductSettings.Semantic,
    _ policy: Policy,
    _ lines: inout PrintedLines
  ) {
    lines.block("semantic") { lines in
      if let threshold = semantic.threshold { lines.add("threshold: \(threshold)") }
      if let share = semantic.maxWrong {
        lines.add("max_wrong: \(Ratio.text(share))  # a hit needs \(semantic.bar)")
      }
      if let shadow = semantic.shadow {
        let budget = shadow.budget.map { ", budget: \(PlainScalar.text($0))" } ?? ""
        lines.add("shadow: { share: \(shadow.share)\(budget) }")
      }
      if let model = semantic.embedder {
        lines.add("embedder: \(PlainScalar.text(policy[model].name))")
      }
    }
  }

  private static func printLimit(_ limit: LimitSettings, _ lines: inout PrintedLines) {
    lines.block(PlainScalar.text(limit.name)) { lines in
      if let key = limit.key { lines.add("key: \(expression(key))") }
      let isConcurrent = if case .concurrent = limit.measure { true } else { false }
      lines.add("\(isConcurrent ? "concurrent" : "rate"): \(limit.measure.value)")
      if let burst = limit.measure.burst { lines.add("burst: \(burst)") }
      lines.section("tiers", limit.tiers.sorted { $0.key < $1.key }) { tier, lines in
        lines.add("\(PlainScalar.text(tier.key)): \(tier.value.value)")
      }
    }
  }

  private static func printBudget(
    _ budget: BudgetSettings,
    _ policy: Policy,
    _ lines: inout PrintedLines
  ) {
    lines.block(PlainScalar.text(budget.name)) { lines in
      lines.add("per: \(budget.window.rawValue)")
      lines.add("zone: \(PlainScalar.text(budget.zone))")
      if let key = budget.key { lines.add("key: \(expression(key))") }
      lines.add("limit: $\(budget.limit)")
      lines.section("tiers", budget.tiers.sorted { $0.key < $1.key }) { tier, lines in
        lines.add("\(PlainScalar.text(tier.key)): $\(tier.value)")
      }
      let reliefs = budget.onExceed.map { relief in
        switch relief {
        case .clamp: "clamp"
        case .cacheOnly: "cache_only"
        case .deny: "deny"
        case .reroute(let target): "{ to: \(PlainScalar.text(policy[target].name)) }"
        }
      }
      lines.add("on_exceed: [\(reliefs.joined(separator: ", "))]")
      if let warnAt = budget.warnAt { lines.add("warn_at: \(Ratio.text(warnAt))") }
      if let runway = budget.minimumRunway { lines.add("min_runway: \(runway.text)") }
      lines.add("min_output: \(budget.minimumOutput)")
      if let notice = budget.notice { lines.add("notice: \(PlainScalar.text(notice))") }
    }
  }

  private static func printKillSwitch(
    _ killSwitch: KillSwitchSettings,
    _ lines: inout PrintedLines
  ) {
    lines.block(PlainScalar.text(killSwitch.name)) { lines in
      lines.add("when: \(expression(killSwitch.condition))")
      lines.add("do: \(killSwitch.action.rawValue)")
      if let duration = killSwitch.duration { lines.add("for: \(duration.text)") }
      if let clear = killSwitch.clearCondition { lines.add("clear_when: \(expression(clear))") }
      if let key = killSwitch.key { lines.add("key: \(expression(key))") }
    }
  }

  private static func expression(_ expression: SluicePolicy.Expression) -> String {
    PlainScalar.text(expression.checked.canonicalText)
  }

  private static func list(_ items: [String]) -> String {
    "[\(items.map { PlainScalar.text($0) }.joined(separator: ", "))]"
  }

  private static func words<Word: RawRepresentable<String>>(_ words: Set<Word>) -> [String] {
    words.map(\.rawValue).sorted()
  }
}

extension LimitSettings.Measure {
  /// The value as it stands under `rate` or `concurrent`.
  fileprivate var value: String {
    switch self {
    case .requests(let rate, _): rate.text
    case .tokens(let rate, _): rate.tokensText
    case .concurrent(let count): "\(count)"
    }
  }

  fileprivate var burst: Int? {
    switch self {
    case .requests(_, let burst), .tokens(_, let burst): burst
    case .concurrent: nil
    }
  }
}

/// Texts as YAML scalars that read back as themselves, in a flow collection too.
package enum PlainScalar {
  package static func text(_ text: String) -> String {
    let isPlain =
      !text.isEmpty && !text.hasSuffix(":") && !words.contains(text.lowercased())
      && text.utf8.enumerated()
        .allSatisfy { index, byte in
          let letter = byte | 0x20
          return (0x61...0x7a).contains(letter) || byte == UInt8(ascii: "_")
            || index > 0 && ((0x30...0x39).contains(byte) || "-./:".utf8.contains(byte))
        }
      || EndpointText(text) != nil && HostAddress(text) == nil && !text.hasPrefix("[")
        && text.contains(".")
      || text.contains(".") && text.contains("/") && Network(text) != nil
    if isPlain { return text }
    return text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f }
      ? escaped(text) : "'\(doubled(text))'"
  }

  private static let words: Set<String> = [
    "true", "false", "null", "yes", "no", "on", "off", "y", "n",
  ]

  private static func doubled(_ text: String) -> String {
    text.reduce(into: "") { $0 += $1 == "'" ? "''" : String($1) }
  }

  private static func escaped(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case "\u{00}"..<" ", "\u{7F}":
        let digits = String(scalar.value, radix: 16)
        result += "\\x" + (digits.count == 1 ? "0" : "") + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
