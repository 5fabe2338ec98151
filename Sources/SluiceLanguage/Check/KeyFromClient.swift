import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A limit whose key a client can change at will.
struct KeyFromClient: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    func tell(_ key: SluicePolicy.Expression?, _ what: String, at span: SourceSpan) {
      let variables = key?.checked.slots.compactMap { PolicyVariable(rawValue: $0) } ?? []
      guard let name = variables.filter({ Self.free.contains($0) }).map(\.name).min() else {
        return
      }
      binder.report(.keyFromClient(what, name, at: span))
    }
    for limit in draft.limits {
      tell(limit.settings.key, "limit `\(limit.settings.name)`", at: limit.span("key"))
    }
    for budget in draft.budgets {
      tell(budget.settings.key, "budget `\(budget.settings.name)`", at: budget.span("key"))
    }
  }

  /// What a client writes as it likes.
  private static let free: Set<PolicyVariable> = [
    .headers, .requestModel, .requestText, .promptText, .promptTokens, .requestMaxTokens,
    .requestTemperature, .requestTools, .requestStream, .requestPath, .now,
  ]
}

extension Diagnostic {
  /// `what`: such as `limit \`per-user\``.
  static func keyFromClient(_ what: String, _ variable: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .keyFromClient,
      .warning,
      "\(what) counts by `\(variable)`, which a client can change with every request",
      at: span,
      help: "count by who asks: `user.id`, `tenant` or `client.ip`"
    )
  }
}
