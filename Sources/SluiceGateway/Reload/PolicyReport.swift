package import SluiceCore
package import SluiceLanguage
package import SluiceTelemetry

/// How an order to reload or roll back ended: the same for the log, the admin listener and the
/// start.
package struct PolicyReport: Sendable {
  package var result: ReloadFinished.Result
  /// `start`, `files`, `signal`, `admin`.
  package var cause: String
  /// What the policy that is served now is called.
  package var generation: UInt64
  package var hash: String
  /// What the compiler said, as `sluice lint` would.
  package var findings = Findings()
  package var bundle = Bundle()
  /// What stood in the way apart from the policy: an address that is taken.
  package var problem: String?
  package var at: Moment
  /// Nanoseconds.
  package var duration: Int64 = 0

  package var isRefused: Bool { result == .refused }

  /// What the log says.
  var event: ReloadFinished {
    let shown = findings.shown.sorted { $0.severity > $1.severity }
    return ReloadFinished(
      result,
      cause: cause,
      generation: generation,
      policyHash: hash,
      codes: shown.map(\.code.id),
      places: shown.map { "\(bundle.place(of: $0.span))" },
      problem: problem ?? "",
      duration: duration
    )
  }
}
