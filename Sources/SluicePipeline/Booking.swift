package import SluiceCore
package import SluiceDialects
package import SluicePolicy
package import SluiceTelemetry

/// What one attempt used, and what that costs.
package struct Booking: Sendable, Equatable {
  package var model: ModelIndex
  package var usage: Usage
  package var source: CountSource
  /// `nil` if the model has no price.
  package var cost: NanoDollars?

  package init(model: ModelIndex, usage: Usage, source: CountSource, cost: NanoDollars?) {
    self.model = model
    self.usage = usage
    self.source = source
    self.cost = cost
  }
}

/// What is known of the use of an attempt that began to answer.
package struct AttemptUse: Sendable {
  /// The answer, as far as it came.
  package enum Output: Sendable {
    /// A body that could not be read as an answer: its bytes.
    case bytes(Int)
    case whole(ModelReply)
    case stream(OutputTally)
  }

  /// What the upstream counted.
  package var reported: Usage?
  package var output: Output
  /// Whether the answer came to its end, so that the upstream's count is its last.
  package var isWhole: Bool

  package init(reported: Usage? = nil, output: Output = .bytes(0), isWhole: Bool = false) {
    self.reported = reported
    self.output = output
    self.isWhole = isWhole
  }
}
