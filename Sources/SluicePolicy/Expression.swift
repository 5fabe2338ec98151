package import SluiceCore
package import SluiceExpressions

/// A checked CEL expression of the policy, and where it stands.
package struct Expression: Sendable {
  package var checked: CheckedExpression
  package var place: SourcePlace

  package init(_ checked: CheckedExpression, place: SourcePlace) {
    self.checked = checked
    self.place = place
  }
}
