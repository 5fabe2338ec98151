package import SluiceDialects
package import SluicePolicy

/// The most tokens that one answer of a model can have.
///
/// The least of what the client allows, what the model gives, and what its context leaves beside the
/// input.
package struct OutputClamp: Sendable, Equatable {
  /// Of one answer; 0 if the context does not hold the input.
  package let tokens: Int

  /// - Parameters:
  ///   - requested: the client's own bound; `nil`: it has none.
  ///   - maxOutput: the model's.
  ///   - context: of the model, for input and output together.
  ///   - input: the tokens of the prompt.
  package init(requested: Int?, maxOutput: Int, context: Int, input: Int) {
    tokens = max(0, min(requested ?? .max, maxOutput, context - input))
  }

  /// The clamp of one request at one model.
  package init(of asked: ModelRequest, at model: ModelSettings, input: Int) {
    self.init(
      requested: asked.outputLimit,
      maxOutput: model.maxOutput,
      context: model.context,
      input: input
    )
  }

  /// The tokens of `answers` answers, as many as the client may ask for; at most `Int.max`.
  package func tokens(ofAnswers answers: Int) -> Int {
    let (product, overflowed) = tokens.multipliedReportingOverflow(by: answers)
    return overflowed ? .max : product
  }
}
