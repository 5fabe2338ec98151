import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A health check that knows less than the breaker.
struct HealthCheckTooSlow: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for upstream in draft.upstreams {
      guard let check = upstream.settings.healthCheck else { continue }
      let recovery: Duration
      switch upstream.settings.breaker {
      case .consecutive(_, let time, _): recovery = time
      case .ratio(_, _, _, let time, _): recovery = time
      case nil: continue
      }
      guard check.interval > recovery else { continue }
      binder.report(
        .healthCheckTooSlow(
          upstream.settings.name,
          check.interval.text,
          recovery: recovery.text,
          at: upstream.keySpan("health_check", "interval") == nil
            ? upstream.nameSpan : upstream.span("health_check", "interval")
        )
      )
    }
  }
}

extension Diagnostic {
  static func healthCheckTooSlow(
    _ upstream: String,
    _ interval: String,
    recovery: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .healthCheckTooSlow,
      .warning,
      "`\(Wording.short(upstream))` is checked every \(interval), but its breaker tries again after"
        + " \(recovery)",
      at: span,
      label: "requests find out first",
      help: "check more often than the breaker's `recovery`"
    )
  }
}
