import SluiceCore
import SluiceJSON
import SluicePolicy
import SluiceStages
import SluiceTelemetry

/// The breakers of the policy that is served, as they are at one moment.
struct BreakerBoard: Sendable {
  /// One model.
  struct Row: Sendable {
    var model: String
    var upstream: String
    /// `nil`: its upstream has no breaker.
    var status: BreakerTable.Status?
    /// `nil`: its upstream is not checked.
    var health: HealthCheck.Report?

    /// `closed`, `open`, `half_open`, or `none`.
    var state: String { status?.state.rawValue ?? "none" }
    /// Whether an attempt may be made, or will be as a probe.
    var isUsable: Bool { status?.state != .open }
  }

  let rows: [Row]
  private let moment: Moment

  init(of policy: Policy, _ breakers: BreakerTable, _ health: HealthChecks, at moment: Moment) {
    self.moment = moment
    let upstreams = Dictionary(uniqueKeysWithValues: policy.upstreams.map { ($0.name, $0) })
    rows = policy.models.map { model in
      Row(
        model: model.name,
        upstream: model.upstream,
        status: upstreams[model.upstream]?.breaker
          .map { breakers.status(of: model.name, under: $0, at: moment.monotonic) },
        health: health.report(of: model.upstream)
      )
    }
  }

  subscript(model: String) -> Row? { rows.first { $0.model == model } }

  /// `{"breakers": [{"model": …, "state": …}, …]}`.
  var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("breakers")
    writer.beginArray()
    for row in rows { append(row, to: &writer) }
    writer.endArray()
    writer.endObject()
    return writer.bytes + [UInt8(ascii: "\n")]
  }

  /// What an order did: `{"was": "closed", "breaker": {…}}`.
  func json(of row: Row, was before: String) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("was", before)
    writer.key("breaker")
    append(row, to: &writer)
    writer.endObject()
    return writer.bytes + [UInt8(ascii: "\n")]
  }

  private func append(_ row: Row, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("model", row.model)
    writer.member("upstream", row.upstream)
    writer.member("state", row.state)
    if let status = row.status {
      if let cause = status.cause { writer.member("cause", cause.rawValue) }
      if let since = status.since { writer.member("since", time(since)) }
      writer.member("failures", status.failures)
      if let calls = status.calls { writer.member("calls", calls) }
      if let retryAt = status.retryAt { writer.member("next_try_at", time(retryAt)) }
      if let coolsUntil = status.coolsUntil { writer.member("cools_until", time(coolsUntil)) }
      if let forcing = status.forcing {
        writer.key("forced")
        writer.beginObject()
        writer.member("to", forcing.to.rawValue)
        writer.member("reason", forcing.reason)
        writer.member("by", forcing.by)
        if let at = status.forcedAt { writer.member("at", time(at)) }
        writer.endObject()
      }
    }
    if let health = row.health {
      writer.key("health_check")
      writer.beginObject()
      writer.member("state", health.isHealthy ? "healthy" : "unhealthy")
      if let at = health.checkedAt { writer.member("checked_at", UTCTime.text(ofWall: at.wall)) }
      if let failure = health.lastFailure { writer.member("last_failure", failure) }
      writer.endObject()
    }
    writer.endObject()
  }

  /// A table for people.
  var html: String {
    let lines = rows.map { row in
      let status = row.status
      let why = [
        status?.cause?.rawValue,
        status?.forcing.map { "forced \($0.to.rawValue) by \($0.by): \($0.reason)" },
        status?.retryAt.map { "next try at \(time($0))" },
        row.health.flatMap { health in
          health.isHealthy ? nil : health.lastFailure.map { "health check: \($0)" }
        },
      ]
      let cells = [
        row.model, row.upstream, row.state, (status?.since).map { time($0) } ?? "",
        why.compactMap { $0 }.joined(separator: "; "),
      ]
      return "<tr>" + cells.map { "<td>\(AdminPage.escaped($0))</td>" }.joined() + "</tr>"
    }
    return "<table>\(lines.joined(separator: "\n"))</table>"
  }

  /// A monotonic time as people read time.
  private func time(_ monotonic: Int64) -> String {
    UTCTime.text(ofWall: moment.wall + (monotonic - moment.monotonic))
  }
}
