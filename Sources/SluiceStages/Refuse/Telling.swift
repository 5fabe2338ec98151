import SluiceCore
package import SluicePipeline

/// How much a client learns from a failure, when several candidates failed in different ways.
///
/// What may pass is worth more than what will not, since then trying again helps; among those, the
/// nearer it came to an answer, the more it says.
private enum Telling: Int, Comparable {
  /// Trying again will not mend it.
  case lasting
  /// Nobody was reached.
  case unreached
  /// Somebody was reached, and fell silent or broke off.
  case silent
  /// An upstream replied, but with nothing that can be passed on.
  case replied
  /// An upstream said itself what is wrong.
  case explained

  static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension FailedAttempt {
  /// Whether another try would end the same.
  var isLasting: Bool { telling == .lasting }

  private var telling: Telling {
    switch failure.reason {
    case .outOfQuota, .refusedKey, .redirected, .replyTooLarge: .lasting
    case .unresolved, .connectRefused, .connectTimeout, .tlsFailed, .poolExhausted: .unreached
    case .firstByteTimeout, .idleTimeout, .totalTimeout, .connectionBroken: .silent
    case .invalidReply, .serverError, .rateLimited: words == nil ? .replied : .explained
    // Those end the exchange, and are told as what they are.
    case .clientLeft, .deadline, .draining, .killed, .beyondHold: .lasting
    }
  }

  /// Whether it is to be told rather than `earlier`; of two that tell as much, the later is.
  func isToldBefore(_ earlier: FailedAttempt) -> Bool { telling >= earlier.telling }
}

extension Exchange {
  /// Notes a failed attempt, for the refusal when no candidate answers.
  package func note(_ attempt: FailedAttempt) {
    failure = attempt.failure
    if told.map(attempt.isToldBefore) ?? true { told = attempt }
    if let wait = attempt.failure.retryAfter { mayTryAgain(at: world.now.monotonic + wait) }
  }

  /// Notes that somebody may be asked again at a time in monotonic nanoseconds.
  package func mayTryAgain(at time: Int64) { retryAt = min(retryAt ?? .max, time) }
}
