import SluiceExpressions

/// Finds conditions that no value can meet, and those that every value meets, without running them.
///
/// Looked at are the parts of one `&&`, or of one `||`, that compare the same thing with literals:
/// `x == "a" && x == "b"` is never true, `x != "a" || x != "b"` always. What it says is certain;
/// what it does not see may still be constant.
enum Contradiction {
  struct Verdict: Equatable {
    var value: Bool
    /// What cannot be, or always is: `user.tier`.
    var subject: String
  }

  /// The verdict on a whole condition.
  static func verdict(_ root: SluiceExpressions.Expression) -> Verdict? {
    switch root.form {
    case .logical(.and, let parts): unmet(parts, isNegated: false)
    case .logical(.or, let parts): unmet(parts, isNegated: true)
    default: nil
    }
  }

  /// `a || b` always holds exactly if `!a && !b` never does.
  private static func unmet(
    _ parts: [SluiceExpressions.Expression],
    isNegated: Bool
  ) -> Verdict? {
    var wanted: [String: Range] = [:]
    for part in parts {
      guard let constraint = Constraint(part, isNegated: isNegated) else { continue }
      wanted[constraint.subject, default: Range()].narrow(to: constraint)
      if wanted[constraint.subject]?.isEmpty == true {
        return Verdict(value: isNegated, subject: constraint.subject)
      }
    }
    return nil
  }

  /// What one comparison demands of its subject.
  private struct Constraint {
    enum Demand {
      case among([Value])
      case notAmong([Value])
      case order(SluiceExpressions.Expression.BinaryOperator, Int64)
    }

    var subject: String
    var demand: Demand

    init?(_ part: SluiceExpressions.Expression, isNegated: Bool) {
      switch part.form {
      case .unary(.not, let operand):
        guard let inner = Constraint(operand, isNegated: !isNegated) else { return nil }
        self = inner
      case .binary(let comparison, let left, let right):
        guard !Self.isLiteral(left) else { return nil }
        subject = left.description
        switch (comparison, right.form) {
        case (.equal, .literal(let value)) where Self.isPlain(value):
          demand = isNegated ? .notAmong([value]) : .among([value])
        case (.notEqual, .literal(let value)) where Self.isPlain(value):
          demand = isNegated ? .among([value]) : .notAmong([value])
        case (.isIn, .list(let items)):
          let values = items.compactMap { item -> Value? in
            if case .literal(let value) = item.form, Self.isPlain(value) { value } else { nil }
          }
          guard values.count == items.count else { return nil }
          demand = isNegated ? .notAmong(values) : .among(values)
        case (.less, .literal(.int(let bound))):
          demand = .order(isNegated ? .greaterOrEqual : .less, bound)
        case (.lessOrEqual, .literal(.int(let bound))):
          demand = .order(isNegated ? .greater : .lessOrEqual, bound)
        case (.greater, .literal(.int(let bound))):
          demand = .order(isNegated ? .lessOrEqual : .greater, bound)
        case (.greaterOrEqual, .literal(.int(let bound))):
          demand = .order(isNegated ? .less : .greaterOrEqual, bound)
        default: return nil
        }
      default: return nil
      }
    }

    /// Whether two such values are the same exactly when CEL says that they are equal.
    private static func isPlain(_ value: Value) -> Bool {
      switch value {
      case .string, .bool, .int: true
      default: false
      }
    }

    private static func isLiteral(_ expression: SluiceExpressions.Expression) -> Bool {
      if case .literal = expression.form { true } else { false }
    }
  }

  /// The values that are left.
  private struct Range {
    /// Nil: all.
    private var values: [Value]?
    private var excluded: [Value] = []
    private var low: Int64?
    private var high: Int64?

    mutating func narrow(to constraint: Constraint) {
      switch constraint.demand {
      case .among(let some): values = values.map { $0.filter(some.contains) } ?? some
      case .notAmong(let some): excluded += some
      case .order(.less, let bound): high = min(high ?? .max, bound == .min ? .min : bound - 1)
      case .order(.lessOrEqual, let bound): high = min(high ?? .max, bound)
      case .order(.greater, let bound): low = max(low ?? .min, bound == .max ? .max : bound + 1)
      case .order(.greaterOrEqual, let bound): low = max(low ?? .min, bound)
      case .order: break
      }
    }

    // Bounds are of whole numbers: a subject of type double is never found empty by them alone,
    // since `x > 1 && x < 2` leaves 1.5.
    var isEmpty: Bool {
      if let low, let high, low > high, high < low - 1 { return true }
      guard let values else { return false }
      return !values.contains { value in
        guard !excluded.contains(value) else { return false }
        guard case .int(let number) = value else { return true }
        return number >= low ?? .min && number <= high ?? .max
      }
    }
  }
}
