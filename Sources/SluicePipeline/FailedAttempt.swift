package import SluicePolicy

/// An attempt that came to nothing, as far as a client may hear of it.
package struct FailedAttempt: Sendable {
  package let failure: Failure
  package let model: ModelIndex
  /// What the upstream said, if that is an error of the dialect that may be passed on.
  package let words: Reply?

  package init(_ failure: Failure, of model: ModelIndex, words: Reply? = nil) {
    self.failure = failure
    self.model = model
    self.words = words
  }
}
