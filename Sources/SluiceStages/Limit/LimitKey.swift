import SluiceCore
import SluiceDialects
import SluiceExpressions
import SluicePipeline
import SluiceTelemetry

/// What a limit counts by: the value of an expression, or one count for all.
final class LimitKey: Sendable {
  private let program: Program?
  private let place: SourcePlace
  private let errors: Counter

  /// Counts by `program`, which gives a string; `nil`: one count for all.
  ///
  /// - Parameters:
  ///   - program: of the limit's `key`.
  ///   - place: where the limit is declared.
  ///   - errors: counts keys that had no value.
  init(_ program: Program?, place: SourcePlace, errors: Counter) {
    self.program = program
    self.place = place
    self.errors = errors
  }

  /// The key of one exchange; `nil` if it has no value, and then the exchange is refused: a limit
  /// that cannot count must not admit.
  func value(of exchange: Exchange) -> String? {
    guard let program else { return "" }
    do throws(EvaluationError) {
      return try program.evaluateString(&exchange.frame).asKey
    } catch {
      errors.increment()
      exchange.refuse(.policyError(place: "\(place)"))
      exchange.explain("the key has no value: \(error)")
      return nil
    }
  }
}

extension String {
  /// The text as the key of a table: one longer than `Bounds.identityBytes` is replaced by its
  /// digest, so that the table has a size that its count tells.
  package var asKey: String {
    utf8.count > Bounds.identityBytes ? "sha256:" + Digest(of: Array(utf8)).hex : self
  }
}
