package import SluiceCore
package import SluiceDialects
internal import SluicePipeline
package import SluicePolicy

/// What a question is compared by: its meaning, among those that were asked in the same context.
package struct SemanticKey: Sendable, Equatable {
  /// Why a request passes the semantic cache by.
  package enum Bypass: Error, Sendable, Equatable {
    case noQuestion(ModelRequest.NoQuestion)
    /// The last user turn has no letter and no digit.
    case empty
    /// The last user turn has more than `Bounds.questionBytes` bytes.
    case long

    /// In the words of a trail.
    package var name: String {
      switch self {
      case .noQuestion(let reason): reason.rawValue
      case .empty: "empty"
      case .long: "long"
      }
    }
  }

  /// Of all that must be equal for two questions to be compared at all: scope, product, target and
  /// primary, the policy's own `key`, system prompt, earlier turns, tools, response format, sampling.
  package let context: Digest
  /// The last user turn.
  package let text: String
  package let facts: QuestionFacts

  /// Reads a request; its parts are those of `ExactKey.digest`.
  package init(
    _ request: ModelRequest,
    scope: CacheScope,
    product: String,
    target: String,
    primary: ModelSettings,
    extra: String?
  ) throws(Bypass) {
    let question: (text: String, context: [UInt8])
    do throws(ModelRequest.NoQuestion) {
      question = try request.question()
    } catch {
      throw .noQuestion(error)
    }
    guard question.text.utf8.count <= Bounds.questionBytes else { throw .long }
    guard question.text.contains(where: { $0.isLetter || $0.isNumber }) else { throw .empty }
    text = question.text
    facts = QuestionFacts(question.text)
    context = ExactKey.digest(
      service: request.service,
      scope: scope,
      product: product,
      target: target,
      primary: primary,
      extra: extra,
      bodyBytes: question.context.count
    ) { bytes in
      bytes += "sluice semantic 1\n".utf8
      bytes += question.context
    }
  }
}
