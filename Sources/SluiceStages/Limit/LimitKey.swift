internal import SluiceCore
package import SluiceExpressions

/// What a limit counts by: the value of an expression, or one count for all.
package struct LimitKey: Sendable {
  private let program: Program?

  /// Counts by `program`, which gives a string; `nil`: one count for all.
  package init(_ program: Program?) { self.program = program }

  /// The key of one exchange.
  ///
  /// A value longer than `Bounds.identityBytes` is replaced by its digest, so that a table of keys
  /// has a size that its count tells.
  package func value(in frame: inout Frame) throws(EvaluationError) -> String {
    guard let program else { return "" }
    let value = try program.evaluateString(&frame)
    guard value.utf8.count > Bounds.identityBytes else { return value }
    return "sha256:" + Digest(of: Array(value.utf8)).hex
  }
}
