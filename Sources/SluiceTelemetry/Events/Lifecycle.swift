package import SluiceCore

/// The gateway accepts connections.
package struct Started: Event {
  package var version: String
  package var listen: [String]
  package var admin: String
  package var generation: UInt64
  package var policyHash: String

  package init(
    version: String,
    listen: [String],
    admin: String,
    generation: UInt64,
    policyHash: String
  ) {
    self.version = version
    self.listen = listen
    self.admin = admin
    self.generation = generation
    self.policyHash = policyHash
  }

  package func count(in metrics: MetricsRegistry) {
    metrics.generation.set(Int64(clamping: generation))
  }

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("started", at: moment)
    line.append("version", version)
    line.append("listen", listen)
    line.append("admin", admin)
    line.append("generation", generation)
    line.append("policy", policyHash)
    return line
  }
}

/// The files of the policy were read again.
package struct ReloadFinished: Event {
  package enum Result: String, Sendable, CaseIterable {
    /// New exchanges get the new policy.
    case accepted
    /// The files say what is served already.
    case unchanged
    /// The files are wrong; the policy that was served still is.
    case refused
    /// An operator went back to an earlier policy.
    case rolledBack = "rolled_back"
  }

  package var result: Result
  /// What asked for it: `files`, `signal`, `admin`.
  package var cause: String
  /// The number of the policy that new exchanges get now.
  package var generation: UInt64
  package var policyHash: String
  /// The codes of the findings, errors first; all for a refusal, warnings for the others.
  package var codes: [String]
  /// Where the findings are, in the order of `codes`: `file:line:column`.
  package var places: [String]
  /// What stood in the way apart from the files; empty if nothing did.
  package var problem: String
  /// Nanoseconds from reading the files to the end.
  package var duration: Int64

  package init(
    _ result: Result,
    cause: String,
    generation: UInt64,
    policyHash: String,
    codes: [String] = [],
    places: [String] = [],
    problem: String = "",
    duration: Int64
  ) {
    self.result = result
    self.cause = cause
    self.generation = generation
    self.policyHash = policyHash
    self.codes = codes
    self.places = places
    self.problem = problem
    self.duration = duration
  }

  package func count(in metrics: MetricsRegistry) {
    metrics.reloads[result.rawValue].increment()
    metrics.configRefused.set(result == .refused ? 1 : 0)
    metrics.generation.set(Int64(clamping: generation))
  }

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("reload", at: moment)
    line.append("result", result.rawValue)
    line.append("cause", cause)
    line.append("generation", generation)
    line.append("policy", policyHash)
    if !codes.isEmpty { line.append("codes", codes) }
    if !places.isEmpty { line.append("places", places) }
    line.append("problem", problem)
    line.append("duration_ms", milliseconds: duration)
    return line
  }
}

/// The file of keys was read, or read again.
package struct KeysLoaded: Event {
  package var records: Int
  /// The numbers of the lines that could not be read, the first ten.
  package var badLines: [Int]

  package init(records: Int, badLines: [Int] = []) {
    self.records = records
    self.badLines = Array(badLines.prefix(10))
  }

  package func count(in metrics: MetricsRegistry) {}

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("keys", at: moment)
    line.append("records", records)
    if !badLines.isEmpty { line.append("bad_lines", badLines.map { String($0) }) }
    return line
  }
}

/// Answers were forgotten by order.
package struct CacheInvalidated: Event {
  /// What was named: `everything`, `product`, `tag`, `key`.
  package var selection: String
  /// The product, the tag, or the key in hexadecimal digits; empty for everything.
  package var name: String
  package var forgotten: Int
  package var reason: String
  /// Who, as the order says.
  package var by: String
  /// The address that the order came from.
  package var client: String

  package init(
    selection: String,
    name: String = "",
    forgotten: Int,
    reason: String = "",
    by: String,
    client: String
  ) {
    self.selection = selection
    self.name = name
    self.forgotten = forgotten
    self.reason = reason
    self.by = by
    self.client = client
  }

  package func count(in metrics: MetricsRegistry) {
    metrics.cacheInvalidations[selection].increment()
    metrics.cacheInvalidated[selection].increment(by: Int64(forgotten))
  }

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("cache_invalidated", at: moment)
    line.append("selection", selection)
    line.append("name", name)
    line.append("forgotten", forgotten)
    line.append("reason", reason)
    line.append("by", by)
    line.append("client", client)
    return line
  }
}

/// The gateway stops accepting and waits for open exchanges.
package struct Draining: Event {
  package var inFlight: Int
  /// Nanoseconds until what is still open is cut.
  package var grace: Int64

  package init(inFlight: Int, grace: Int64) {
    self.inFlight = inFlight
    self.grace = grace
  }

  package func count(in metrics: MetricsRegistry) {}

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("draining", at: moment)
    line.append("in_flight", inFlight)
    line.append("grace_ms", milliseconds: grace)
    return line
  }
}

/// The gateway has ended its exchanges.
package struct Stopped: Event {
  /// Exchanges that the drain's deadline cut.
  package var cut: Int

  package init(cut: Int) { self.cut = cut }

  package func count(in metrics: MetricsRegistry) {}

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("stopped", at: moment)
    line.append("cut", cut)
    return line
  }
}

/// Something that an operator should look into, though serving goes on.
package struct Warned: Event {
  /// A word that alerts can match: `keys_unreadable`, `watch_lost`.
  package var code: String
  package var message: String

  package init(_ code: String, _ message: String) {
    self.code = code
    self.message = message
  }

  package func count(in metrics: MetricsRegistry) {}

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("warning", at: moment)
    line.append("code", code)
    line.append("message", message)
    return line
  }
}
