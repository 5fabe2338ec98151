import SluicePolicy

/// A policy that spends money at a service and has nothing that ends it.
///
/// Only where a price says so: a model without one, or one that is simulated, may cost nothing.
struct NoBudget: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    guard binder.sections[.budgets] == nil else { return }
    let services = draft.upstreams
      .filter { if case .openai = $0.settings.api { true } else { false } }
      .map(\.settings.name)
    guard
      let model = draft.models.first(where: { model in
        services.contains(model.settings.upstream)
          && model.settings.prices.contains { $0.price != .free }
      })
    else { return }
    binder.report(.noBudget(model.settings.name, at: model.nameSpan))
  }
}

extension Diagnostic {
  static func noBudget(_ model: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .noBudget,
      .warning,
      "`\(Wording.short(model))` costs money, and no budget ends the spending",
      at: span,
      help: "add one, such as `budgets: { company: { per: day, limit: $100 } }`"
    )
  }
}
