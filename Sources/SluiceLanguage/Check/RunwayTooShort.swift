import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A budget that the limits allow to be spent sooner than it says.
struct RunwayTooShort: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    guard !binder.findings.haveErrors,
      draft.budgets.contains(where: { $0.settings.minimumRunway != nil })
    else { return }
    let bounds = CostBounds(draft.policy)
    for budget in draft.budgets {
      guard let wanted = budget.settings.minimumRunway else { continue }
      var worst: (text: String, tier: String?)?
      var least = wanted
      for bound in bounds.budgets where bound.name == budget.settings.name {
        switch bound.runway {
        case .never: continue
        case .unlimited: if worst == nil { worst = ("as fast as one likes", bound.tier) }
        case .after(let even, _):
          guard even < least else { continue }
          least = even
          worst = ("within \(even.text)", bound.tier)
        }
      }
      guard let worst else { continue }
      binder.report(
        .runwayTooShort(
          budget.settings.name,
          worst.text,
          tier: worst.tier,
          wanted: wanted.text,
          at: budget.span("min_runway")
        )
      )
    }
  }
}

extension Diagnostic {
  static func runwayTooShort(
    _ budget: String,
    _ pace: String,
    tier: String?,
    wanted: String,
    at span: SourceSpan
  ) -> Diagnostic {
    let whose = tier.map { $0.isEmpty ? "" : ", of tier `\(Wording.short($0))`," } ?? ""
    return Diagnostic(
      .runwayTooShort,
      .warning,
      "the limits let budget `\(Wording.short(budget))`\(whose) be spent \(pace), not over \(wanted)",
      at: span,
      notes: ["`sluice cost` shows how this is counted"],
      help: "add or lower a limit, or raise the budget"
    )
  }
}
