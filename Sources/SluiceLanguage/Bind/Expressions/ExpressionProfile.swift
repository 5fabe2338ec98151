import SluiceCore
import SluiceExpressions
import SluicePolicy

/// The bounds that every expression of a policy keeps, beyond those of CEL itself.
///
/// A policy runs for every request, on the loop that serves all others too: what an expression can
/// cost at worst is known before it runs, and has a bound.
enum ExpressionProfile {
  private static let sizes = Dictionary(
    uniqueKeysWithValues: PolicyVariable.allCases.map { ($0.name, $0.maximumBytes) }
  )

  /// What an expression has too much of; nil if it keeps its bounds.
  static func finding(
    _ expression: CheckedExpression,
    at span: SourceSpan,
    _ place: (Range<Int>) -> SourceSpan
  ) -> Diagnostic? {
    // A feature can be a text, as long as what it was cut from.
    let cost = expression.cost { sizes[$0] ?? PolicyVariable.promptText.maximumBytes }
    if cost.nodes > Bounds.policyExpressionNodes {
      return .expressionTooLarge("\(Bounds.policyExpressionNodes) parts", at: span)
    }
    if cost.loops > Bounds.policyExpressionLoops {
      return .expressionTooLarge(
        "\(Bounds.policyExpressionLoops) loops inside one another",
        at: span
      )
    }
    guard cost.worst > Bounds.policyExpressionCost else { return nil }
    return .expressionTooCostly(
      cost: written(cost.worst),
      limit: written(Bounds.policyExpressionCost),
      parts: cost.contributors.map { (written($0.cost), place($0.range)) },
      at: span
    )
  }

  /// A cost in at most three digits and a word: `655 thousand`, `1.2 billion`.
  private static func written(_ cost: Double) -> String {
    let words = [
      (1e18, "quintillion"), (1e15, "quadrillion"), (1e12, "trillion"), (1e9, "billion"),
      (1e6, "million"), (1e3, "thousand"),
    ]
    // Beyond that the number says nothing more.
    let cost = min(cost, 999e18)
    for (size, word) in words where cost >= size {
      let scaled = cost / size
      let tenths = Int((scaled * 10).rounded())
      return scaled >= 100 || tenths % 10 == 0
        ? "\(Int(scaled.rounded())) \(word)" : "\(tenths / 10).\(tenths % 10) \(word)"
    }
    return "\(Int(cost.rounded()))"
  }
}
