import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A breaker that waits for more calls than can come.
struct BreakerNeverOpens: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for upstream in draft.upstreams {
      guard
        case .ratio(_, let calls, let window, _, _)? = upstream.settings.breaker,
        let most = Self.most(draft.limits, within: window)
      else { continue }
      let tries = upstream.settings.retry?.attempts ?? 1
      guard calls > most * tries else { continue }
      binder.report(
        .breakerNeverOpens(
          upstream.settings.name,
          calls: calls,
          most: most * tries,
          window: window.text,
          at: upstream.span("breaker")
        )
      )
    }
  }

  /// The most requests that a limit of all lets through within a stretch of time.
  private static func most(_ limits: [Declared<LimitSettings>], within window: Duration) -> Int? {
    limits.filter { $0.settings.key == nil && $0.keySpan("key") == nil }
      .compactMap { limit in
        guard case .requests(let rate, let burst) = limit.settings.measure else { return nil }
        let windows = max(1, (window / rate.window).rounded(.up))
        return Int(Double(rate.count) * windows) + burst
      }
      .min()
  }
}

extension Diagnostic {
  static func breakerNeverOpens(
    _ upstream: String,
    calls: Int,
    most: Int,
    window: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .breakerNeverOpens,
      .warning,
      "the breaker of `\(Wording.short(upstream))` judges after \(calls) calls within \(window), but"
        + " limits let at most \(most) through",
      at: span,
      label: "it can never open",
      help: "lower `min_calls`, or lengthen `window`"
    )
  }
}
