import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A kill switch that waits for more money than the budget gives out.
struct KillSwitchAboveBudget: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    let companies = draft.budgets.filter { $0.settings.key == nil && $0.keySpan("key") == nil }
    for killSwitch in draft.killSwitches where killSwitch.settings.key == nil {
      for (window, amount) in Self.demands(killSwitch.settings.condition.checked) {
        for budget in companies {
          guard let length = budget.settings.window.length, window <= length,
            amount > budget.settings.limit
          else { continue }
          binder.report(
            .killSwitchAboveBudget(
              killSwitch.settings.name,
              "\(amount)",
              budget: budget.settings.name,
              "\(budget.settings.limit)",
              at: killSwitch.span("when"),
              budgetAt: budget.span("limit")
            )
          )
        }
      }
    }
  }

  /// The least that `spend(window) > usd(amount)`, one of the terms of an `&&`, asks for.
  private static func demands(_ condition: CheckedExpression) -> [(window: Duration, NanoDollars)] {
    var parts = [condition.root]
    if case .logical(.and, let operands) = condition.root.form { parts = operands }
    return parts.compactMap { part in
      guard case .binary(let comparison, let left, let right) = part.form,
        comparison == .greater || comparison == .greaterOrEqual,
        case .call(let spend, let windows) = left.form, spend.name == "spend",
        case .literal(.string(let window))? = windows.first?.form,
        case .call(let usd, let amounts) = right.form, usd.name == "usd",
        case .literal(.string(let amount))? = amounts.first?.form
      else { return nil }
      do throws(QuantityIssue) {
        return (try Duration.reading(window), try NanoDollars.reading("$" + amount))
      } catch {
        return nil
      }
    }
  }
}

extension Diagnostic {
  static func killSwitchAboveBudget(
    _ name: String,
    _ amount: String,
    budget: String,
    _ limit: String,
    at span: SourceSpan,
    budgetAt: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .killSwitchAboveBudget,
      .warning,
      "kill switch `\(Wording.short(name))` waits for $\(amount), but budget"
        + " `\(Wording.short(budget))` ends at $\(limit)",
      at: span,
      seconds: [Label("the budget ends first", at: budgetAt)],
      help: "let the switch fire well below the budget"
    )
  }
}

extension BudgetSettings.Window {
  /// The least that the window lasts; nil for one request.
  fileprivate var length: Duration? {
    switch self {
    case .request: nil
    case .minute: .seconds(60)
    case .hour: .seconds(3_600)
    case .day: .seconds(86_400)
    case .week: .seconds(7 * 86_400)
    case .month: .seconds(28 * 86_400)
    }
  }
}
