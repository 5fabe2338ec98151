package import SluiceCore
package import SluiceDialects
package import SluicePipeline

/// Answers when no candidate did: the last failure, in words that say whether to try again.
package struct RefuseStage: Stage {
  enum Exit: Int, StageExit { case refused }
  package let exits = Exit.names

  package init() {}

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    exchange.explain(exchange.failure.map { "last failure: \($0)" } ?? "nobody was asked")
    if exchange.failure?.reason == .clientLeft {
      exchange.outcome = .abandoned
    } else if exchange.failure == nil, let retryAt = exchange.retryAt {
      let seconds = max(1, (retryAt - moment.monotonic + 999_999_999) / 1_000_000_000)
      exchange.refuse(.upstreamUnavailable(retryAfterSeconds: seconds))
    } else if let words = exchange.upstreamRefusal, exchange.failure?.isUpstreamsOwnWord == true {
      exchange.outcome = .reply(words)
    } else {
      exchange.refuse(Self.error(for: exchange.failure))
    }
    return Exit.refused.index
  }

  /// What the client is told of a failure.
  package static func error(for failure: Failure?) -> APIError {
    guard let failure else { return .internalError }
    switch failure.reason {
    case .unresolved: return .upstreamUnresolved
    case .connectRefused: return .upstreamUnreachable
    case .tlsFailed: return .upstreamTLSFailed
    case .connectTimeout: return .upstreamConnectTimeout
    case .firstByteTimeout: return .upstreamTimeout
    case .idleTimeout: return .upstreamIdleTimeout
    case .totalTimeout: return .upstreamTotalTimeout
    case .connectionBroken: return .upstreamCut
    case .invalidReply: return .upstreamInvalidReply
    case .replyTooLarge: return .upstreamReplyTooLarge
    case .serverError: return .upstreamFailed
    case .refusedKey: return .upstreamRefusedKey
    case .rateLimited:
      return .upstreamUnavailable(retryAfterSeconds: failure.retryAfterSeconds ?? 1)
    case .outOfQuota: return .insufficientQuota(reason: "the upstream account has none left")
    case .poolExhausted: return .overloaded(retryAfterSeconds: 1)
    case .deadline: return .deadlineExceeded
    case .draining: return .draining
    case .clientLeft: return .internalError
    }
  }
}

extension Failure {
  /// Whether the upstream itself refused, so that its words say best what happened.
  fileprivate var isUpstreamsOwnWord: Bool {
    reason == .serverError || reason == .rateLimited || reason == .outOfQuota
  }

  fileprivate var retryAfterSeconds: Int64? {
    retryAfter.map { max(1, ($0 + 999_999_999) / 1_000_000_000) }
  }
}
