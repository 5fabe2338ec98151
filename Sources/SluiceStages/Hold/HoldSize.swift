import SluiceCore
import SluiceDialects
import SluicePipeline
import SluicePolicy

/// What one attempt may cost: the arithmetic of holds, without ledger or clock.
struct HoldSize: Sendable, Equatable {
  /// Tokens of the prompt, or more.
  var input: Int
  /// The most tokens of one answer.
  var clamp: Int
  /// Answers that may be written.
  var answers: Int
  /// `nil`: the model has no price.
  var price: ModelSettings.Price?

  /// Tokens of all answers of a clamp.
  func output(atClamp clamp: Int) -> Int {
    let (product, overflows) = clamp.multipliedReportingOverflow(by: answers)
    return overflows ? Bounds.exchangeTokens : min(product, Bounds.exchangeTokens)
  }

  /// The money of a clamp.
  func amount(atClamp clamp: Int) -> NanoDollars {
    price.map { Metering.bound(input: input, output: output(atClamp: clamp), at: $0) } ?? .zero
  }

  var amount: NanoDollars { amount(atClamp: clamp) }

  /// The largest clamp below this one that `available` covers, but none below `least`.
  ///
  /// Complexity: logarithmic in the clamp.
  func clamp(fitting available: NanoDollars, least: Int) -> Int? {
    guard answers > 0, least < clamp, amount(atClamp: least) <= available else { return nil }
    var low = least
    var high = clamp - 1
    while low < high {
      let middle = low + (high - low + 1) / 2
      if amount(atClamp: middle) <= available { low = middle } else { high = middle - 1 }
    }
    return low
  }
}

extension HoldSize {
  /// The size of `asked` at a model.
  ///
  /// - Parameters:
  ///   - asked: the request.
  ///   - model: the candidate.
  ///   - counted: the tokens of the prompt by the model's own tokenizer, if it names one.
  ///   - estimate: the tokens of the prompt by another one, for the room that they leave; called
  ///     only where bytes do not tell. Never decides about money.
  ///   - wall: when the price is to be in force.
  init(
    of asked: ModelRequest,
    at model: ModelSettings,
    counted: Int?,
    estimate: () -> Int?,
    wall: Int64
  ) {
    price = model.price(atWall: wall)
    answers = asked.n
    let bytes = asked.bodyBytes
    let wanted = min(asked.outputLimit ?? .max, model.maxOutput)
    let read: Int
    if asked.service == .chat, !asked.isTextOnly {
      // What an image or a sound takes is the upstream's to say.
      input = model.context
      read = estimate() ?? 0
    } else if let counted {
      input = counted
      read = counted
    } else {
      // A token is at least a byte of the body, and no context takes more than it holds.
      let (most, overflows) = model.context.multipliedReportingOverflow(by: asked.inputCount)
      input = min(bytes, overflows ? .max : most)
      // Bytes that leave room for all that is wanted need no count.
      read = bytes <= model.context - wanted ? bytes : estimate() ?? (bytes + 2) / 3
    }
    guard asked.service != .embeddings else {
      clamp = 0
      return
    }
    // Prompts of a list are read one by one; which of them leaves how much room is not asked.
    let room = OutputClamp(
      requested: asked.outputLimit,
      maxOutput: model.maxOutput,
      context: model.context,
      input: asked.inputCount > 1 ? 0 : read
    )
    clamp = max(1, room.tokens)
  }
}
