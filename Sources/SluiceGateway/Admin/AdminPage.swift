import SluiceCore
import SluiceJSON
import SluiceLanguage
import SluicePipeline
import SluicePolicy
import SluiceServer
import SluiceTelemetry

/// What the admin listener answers, as functions of what it knows.
enum AdminPage {
  /// The page needs nothing but itself.
  static let contentPolicy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'"

  static func state(_ text: String, status: Int) -> ServerReply {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("status", text)
    writer.endObject()
    return ServerReply(status: status, body: writer.bytes + lineFeed)
  }

  /// Ready, unless no route can be served; those that cannot are named either way.
  static func readiness(unserved: (names: [String], areAll: Bool)) -> ServerReply {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member(
      "status",
      unserved.areAll ? "no route can be served: every upstream is known to fail" : "ok"
    )
    writer.member("unserved_routes", unserved.names)
    writer.endObject()
    return ServerReply(status: unserved.areAll ? 503 : 200, body: writer.bytes + lineFeed)
  }

  static func invalidated(_ count: Int) -> ServerReply {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("forgotten", count)
    writer.endObject()
    return ServerReply(status: 200, body: writer.bytes + lineFeed)
  }

  /// How an order ended.
  static func report(_ report: PolicyReport) -> [UInt8] {
    var writer = JSONWriter()
    append(report, to: &writer)
    return writer.bytes + lineFeed
  }

  private static func append(_ report: PolicyReport, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("result", report.result.rawValue)
    writer.member("cause", report.cause)
    writer.member("at", UTCTime.text(ofWall: report.at.wall))
    writer.member("duration_ms", report.duration / 1_000_000)
    writer.member("generation", report.generation)
    writer.member("hash", report.hash)
    if let problem = report.problem { writer.member("problem", problem) }
    writer.key("diagnostics")
    // As `sluice lint --format json` prints them.
    writer.raw(report.findings.rendered(as: .json, of: report.bundle).utf8.dropLast())
    writer.member(
      "text",
      report.findings.rendered(as: .human, of: report.bundle)
    )
    writer.endObject()
  }

  /// The policy that is served, and how the last order ended.
  static func policy(_ state: PolicyInstaller.State, live: Int, bundle: String) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("bundle", bundle)
    if let generation = state.generation {
      writer.member("generation", generation.number)
      writer.member("hash", generation.hash)
      if let at = state.loadedAt { writer.member("loaded_at", UTCTime.text(ofWall: at.wall)) }
      writer.member("live_generations", live)
      writer.key("can_roll_back")
      writer.bool(state.hasPrevious)
      writer.key("server")
      append(generation.policy.server, state, to: &writer)
      writer.key("policy")
      PolicyOutline.append(generation.policy, to: &writer)
      writer.member("graph", AdminRoute.graph.rawValue)
    }
    if let path = state.keysPath {
      writer.key("keys")
      writer.beginObject()
      writer.member("file", path)
      writer.member("active", state.keyCount)
      writer.endObject()
    }
    if let report = state.report {
      writer.key("last_reload")
      append(report, to: &writer)
    }
    writer.endObject()
    return writer.bytes + lineFeed
  }

  private static func append(
    _ server: ServerSettings,
    _ state: PolicyInstaller.State,
    to writer: inout JSONWriter
  ) {
    writer.beginObject()
    writer.member("listen", state.traffic.map { "\($0)" })
    writer.member("admin", state.admin.map { "\($0)" } ?? "")
    writer.member("max_body", server.maxBody)
    writer.key("timeout")
    writer.beginObject()
    for (name, duration) in [
      ("head", server.timeout.head), ("body", server.timeout.body),
      ("request", server.timeout.request), ("idle", server.timeout.idle),
      ("drain", server.timeout.drain),
    ] {
      writer.member(name, duration.policyText)
    }
    writer.endObject()
    writer.member("expose", server.expose.map(\.rawValue).sorted())
    writer.endObject()
  }

  // MARK: For people

  /// The page that explains the listener.
  static func html(
    _ state: PolicyInstaller.State,
    _ console: AdminConsole,
    budgets: BudgetBoard
  ) -> [UInt8] {
    let bundle = console.bundle
    let generation = state.generation.map { generation in
      """
      <p>Generation <b>\(generation.number)</b> of <code>\(escaped(bundle))</code>, policy
      <code>\(generation.hash.prefix(12))</code>, since
      \(escaped(state.loadedAt.map { UTCTime.text(ofWall: $0.wall) } ?? "")).
      \(generation.policy.routes.count) routes, \(generation.policy.models.count) models.</p>
      """
    }
    let report = state.report.map { report in
      let text = report.findings.rendered(as: .human, of: report.bundle)
      let problem = report.problem.map { "<p>\(escaped($0))</p>" } ?? ""
      return """
        <h2>The last reload: \(escaped(report.result.rawValue))</h2>
        <p>Asked for by \(escaped(report.cause)), at \(UTCTime.text(ofWall: report.at.wall)).</p>
        \(problem)\(text.isEmpty ? "" : "<pre>\(escaped(text))</pre>")
        """
    }
    let rows = AdminRoute.allCases.map { route in
      let path = escaped(route.rawValue)
      let place = route.access == .change ? path : "<a href=\"\(path)\">\(path)</a>"
      return "<tr><td>\(route.method)</td><td>\(place)</td><td>\(escaped(route.summary))</td></tr>"
    }
    let page = """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><title>Sluice</title>
      <style>
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
             color-scheme: light dark }
      table { border-collapse: collapse } td { padding: .25rem 1rem .25rem 0; vertical-align: top }
      pre { overflow: auto; padding: 1rem; border: 1px solid; border-radius: .25rem }
      </style></head><body>
      <h1>Sluice \(escaped(SluiceVersion.current))</h1>
      <p>An LLM gateway whose policy is checked before it runs. This is its admin listener, apart from
      traffic.</p>
      \(generation ?? "<p>No policy is served yet.</p>")
      \(report ?? "")
      <h2>Kill switches</h2>
      \(console.switches.html)
      <p>To stop all spending on this machine within a second, on the machine itself:</p>
      <pre>sluice kill --everything --reason "why"</pre>
      <p>Answers from the cache go on with <code>--do cache_only</code>; what runs is cut with
      <code>--cut</code>; <code>--tenant</code>, <code>--user</code>, <code>--product</code>,
      <code>--tier</code>, <code>--model</code> and <code>--key</code> stop less than everything. From
      elsewhere, with the token: <code>POST /kill</code>. To let spending go on:</p>
      <pre>sluice revive --everything --reason "why"</pre>
      <h2>Budgets</h2>
      \(budgets.html)
      <h2>Breakers</h2>
      \(console.breakers.html)
      <h2>What there is</h2>
      <table>\(rows.joined(separator: "\n"))</table>
      <p>POST needs <code>Authorization: Bearer TOKEN</code>, with the token from the file
      <code>admin-token</code> of the state folder, and <code>Content-Type: application/json</code>.</p>
      </body></html>

      """
    return Array(page.utf8)
  }

  static func escaped(_ text: some StringProtocol) -> String {
    text.reduce(into: "") { output, character in
      switch character {
      case "&": output += "&amp;"
      case "<": output += "&lt;"
      case ">": output += "&gt;"
      case "\"": output += "&quot;"
      case "'": output += "&#39;"
      default: output.append(character)
      }
    }
  }

  private static let lineFeed = [UInt8(ascii: "\n")]
}

extension JSONWriter {
  mutating func member(_ name: String, _ value: String) {
    key(name)
    string(value)
  }

  mutating func member(_ name: String, _ value: some BinaryInteger) {
    key(name)
    int(value)
  }

  mutating func member(_ name: String, _ values: [String]) {
    key(name)
    beginArray()
    for value in values { string(value) }
    endArray()
  }
}
