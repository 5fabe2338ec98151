import SluicePolicy

/// A limit for one key that a limit for all never lets anybody reach.
///
/// Compared are limits that measure the same over the same window.
struct LimitNesting: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    let globals = draft.limits.filter { $0.settings.key == nil && $0.keySpan("key") == nil }
    for limit in draft.limits where limit.settings.key != nil {
      for global in globals {
        tell(
          limit.settings.name,
          limit.settings.measure,
          at: valueSpan(limit),
          global,
          binder
        )
        for (tier, measure) in limit.settings.tiers.sorted(by: { $0.key < $1.key })
        where measure != limit.settings.measure {
          tell(
            "\(limit.settings.name)` for tier `\(tier)",
            measure,
            at: limit.span("tiers", tier),
            global,
            binder
          )
        }
      }
    }
  }

  private func tell(
    _ name: String,
    _ measure: LimitSettings.Measure,
    at span: SourceSpan,
    _ global: Declared<LimitSettings>,
    _ binder: Binder
  ) {
    guard let most = Self.comparable(measure, global.settings.measure), most.inner > most.outer
    else { return }
    binder.report(
      .limitNeverReached(
        name,
        measure.text,
        outer: global.settings.name,
        outerValue: global.settings.measure.text,
        at: span,
        outerAt: valueSpan(global)
      )
    )
  }

  private func valueSpan(_ limit: Declared<LimitSettings>) -> SourceSpan {
    limit.keySpan("rate") == nil ? limit.span("concurrent") : limit.span("rate")
  }

  /// The counts of two measures of one kind; nil if they do not compare.
  static func comparable(
    _ inner: LimitSettings.Measure,
    _ outer: LimitSettings.Measure
  ) -> (inner: Int, outer: Int)? {
    switch (inner, outer) {
    case (.requests(let one, let oneBurst), .requests(let other, let otherBurst)),
      (.tokens(let one, let oneBurst), .tokens(let other, let otherBurst)):
      one.window == other.window ? (one.count + oneBurst, other.count + otherBurst) : nil
    case (.concurrent(let one), .concurrent(let other)): (one, other)
    case (.requests, _), (.tokens, _), (.concurrent, _): nil
    }
  }
}

extension LimitSettings.Measure {
  /// As an author writes it.
  var text: String {
    switch self {
    case .requests(let rate, let burst): rate.text + (burst == 0 ? "" : " and a burst of \(burst)")
    case .tokens(let rate, let burst):
      rate.tokensText + (burst == 0 ? "" : " and a burst of \(burst)")
    case .concurrent(let count): "\(count) at once"
    }
  }
}
