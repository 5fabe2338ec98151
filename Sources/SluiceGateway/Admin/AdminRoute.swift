import SluiceHTTP

/// What the admin listener can be asked for: the one list.
enum AdminRoute: String, Sendable, CaseIterable {
  case home = "/"
  case metrics = "/metrics"
  case health = "/healthz"
  case readiness = "/readyz"
  case policy = "/policy"
  case graph = "/graph"
  case spend = "/spend"
  case reload = "/policy/reload"
  case rollback = "/policy/rollback"
  case cache = "/cache"
  case invalidate = "/cache/invalidate"
  case shadows = "/cache/shadows"
  case reset = "/cache/semantic/reset"
  case breakers = "/breakers"
  case force = "/breakers/force"
  case switches = "/switches"
  case budgets = "/budgets"
  case kill = "/kill"
  case revive = "/revive"

  var access: AdminGate.Access {
    switch self {
    case .health, .readiness: .open
    case .home, .metrics, .policy, .graph, .breakers, .spend, .switches, .budgets, .cache,
      .shadows:
      .read
    case .reload, .rollback, .invalidate, .reset, .force, .kill, .revive: .change
    }
  }

  /// What it is, in a line.
  var summary: String {
    switch self {
    case .home: "this page"
    case .metrics: "metrics, in the text format of Prometheus"
    case .health: "200 while the process runs"
    case .readiness:
      "200 while traffic is welcome and some route can be served, 503 with the reason otherwise"
    case .policy: "the policy that is served, and how the last reload ended"
    case .graph: "the pipeline as text; ?format=dot for Graphviz, ?format=mermaid for Markdown"
    case .spend:
      "who spent what; ?by=user, tenant, tier, product, model or tag, &since=7d&until=…&format=csv"
    case .reload: "read the files again; {\"force\": true} publishes what has not changed, too"
    case .rollback: "go back to the policy before this one"
    case .cache: "what the caches hold, and what they were to each product's requests"
    case .invalidate:
      "forget answers: {\"product\": …}, {\"tag\": …}, {\"key\": …} or {\"everything\": true}"
    case .shadows: "the last comparisons of semantic hits with fresh answers, a line of JSON each"
    case .reset:
      "have a product's semantic hits need the declared score again: {\"product\": …, \"reason\": …}"
    case .breakers: "the breaker of every model: its state, why, and what comes next"
    case .switches: "the kill switches that are on: since when, until when, by whom, and why"
    case .budgets:
      "what every budget has spent and holds, the largest accounts first; ?budget=NAME&key=VALUE"
    case .kill:
      "stop spending: {\"do\": \"deny\" or \"cache_only\", \"scope\": \"everything\" or "
        + "{\"tenant\": …}, \"for\": \"15m\", \"running\": \"finish\" or \"cut\", \"reason\": …}"
    case .revive:
      "let spending go on: {\"scope\": …}, {\"switch\": …} or {\"everything\": true}, "
        + "with {\"reason\": …}"
    case .force:
      "decide for a breaker: {\"model\": …, \"to\": \"open\", \"closed\" or \"automatic\", "
        + "\"reason\": …}"
    }
  }

  var method: String { access == .change ? "POST" : "GET" }

  /// The route of a request.
  static func of(_ head: RequestHead) throws(AdminError) -> AdminRoute {
    guard let route = AdminRoute(rawValue: head.path) else { throw .notFound }
    switch route.access {
    case .open, .read:
      guard head.method == .get || head.method == .head else {
        throw .methodNotAllowed(allowed: "GET, HEAD")
      }
    case .change:
      guard head.method == .post else { throw .methodNotAllowed(allowed: "POST") }
    }
    return route
  }
}
