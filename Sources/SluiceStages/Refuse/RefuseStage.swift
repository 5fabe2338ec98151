package import SluiceCore
package import SluiceDialects
package import SluicePipeline

/// Answers when no candidate did: what failed, in words that say whether to try again.
///
/// Of several failures the client hears the one that tells it most (`Telling`), and the earliest
/// time that anybody named.
package struct RefuseStage: Stage {
  enum Exit: Int, StageExit { case refused }
  package let exits = Exit.names

  package init() {}

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    exchange.explain(exchange.failure.map { "last failure: \($0)" } ?? "nobody was asked")
    exchange.outcome = Self.outcome(of: exchange, at: moment)
    return Exit.refused.index
  }

  private static func outcome(of exchange: Exchange, at moment: Moment) -> Outcome {
    let seconds = exchange.retryAt.map { wholeSeconds($0 - moment.monotonic) }
    guard let failure = exchange.failure else {
      return .refused(error(ofNone: exchange, retryAfterSeconds: seconds))
    }
    if failure.reason == .clientLeft { return .abandoned }
    guard let told = exchange.told, !failure.endsTheExchange else {
      return .refused(error(for: failure))
    }
    // One candidate will go on refusing, but another may answer then.
    if told.isLasting, let seconds {
      return .refused(.upstreamUnavailable(retryAfterSeconds: seconds))
    }
    guard let words = told.words else {
      return .refused(error(for: told.failure, retryAfterSeconds: seconds))
    }
    exchange.answeredBy = told.model
    guard let seconds, let own = told.failure.retryAfter, seconds < wholeSeconds(own) else {
      return .reply(words)
    }
    return .reply(words.asking(toWaitSeconds: seconds))
  }

  /// What the client is told when nobody was asked.
  private static func error(ofNone exchange: Exchange, retryAfterSeconds: Int64?) -> APIError {
    // A switch stops every candidate, whatever a breaker promises.
    if exchange.thrown != nil, let shortage = exchange.shortage { return shortage }
    // A candidate that may yet answer says more than one that never could.
    if let retryAfterSeconds { return .upstreamUnavailable(retryAfterSeconds: retryAfterSeconds) }
    if let shortage = exchange.shortage { return shortage }
    guard let tokens = exchange.exceededContext else { return .internalError }
    let field = exchange.request.service.asked?.inputField ?? "messages"
    return .contextLengthExceeded(tokens: tokens, param: field)
  }

  /// What the client is told of a failure.
  ///
  /// - Parameters:
  ///   - failure: the failure.
  ///   - retryAfterSeconds: until somebody may be asked again, if that is known.
  /// - Returns: one of the closed list.
  package static func error(for failure: Failure, retryAfterSeconds: Int64? = nil) -> APIError {
    switch failure.reason {
    case .unresolved: .upstreamUnresolved
    case .connectRefused: .upstreamUnreachable
    case .tlsFailed: .upstreamTLSFailed
    case .connectTimeout: .upstreamConnectTimeout
    case .firstByteTimeout: .upstreamTimeout
    case .idleTimeout: .upstreamIdleTimeout
    case .totalTimeout: .upstreamTotalTimeout
    case .connectionBroken: .upstreamCut
    case .invalidReply: .upstreamInvalidReply
    case .replyTooLarge: .upstreamReplyTooLarge
    case .serverError: .upstreamFailed
    case .refusedKey: .upstreamRefusedKey
    case .redirected: .upstreamRedirected
    case .rateLimited: .upstreamUnavailable(retryAfterSeconds: retryAfterSeconds ?? 1)
    case .outOfQuota: .insufficientQuota(reason: "the upstream account has none left")
    case .poolExhausted: .overloaded(retryAfterSeconds: 1)
    case .deadline: .deadlineExceeded
    case .draining: .draining
    case .killed: .insufficientQuota(reason: "an operator stopped it")
    case .beyondHold: .insufficientQuota(reason: "the answer cost more than was held for it")
    case .clientLeft: .internalError
    }
  }

  private static func wholeSeconds(_ nanoseconds: Int64) -> Int64 {
    max(1, (nanoseconds + 999_999_999) / 1_000_000_000)
  }
}

extension Failure {
  /// Whether no candidate could be asked any more, whatever each had said.
  fileprivate var endsTheExchange: Bool {
    reason == .clientLeft || reason == .deadline || reason == .draining || reason == .killed
  }
}

extension Reply {
  /// The same words with another `Retry-After`.
  fileprivate func asking(toWaitSeconds seconds: Int64) -> Reply {
    var copy = self
    copy.fields.removeAll { $0.name == "retry-after" || $0.name == "retry-after-ms" }
    copy.fields.append(("retry-after", String(seconds)))
    return copy
  }
}
