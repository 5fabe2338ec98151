package import SluiceCore
package import SluiceDialects
package import SluicePipeline

/// Answers when no candidate did: the last failure, in words that say whether to try again.
package struct RefuseStage: Stage {
  enum Exit: Int, StageExit { case refused }
  package let exits = Exit.names

  package init() {}

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    if exchange.failure?.reason == .clientLeft {
      exchange.outcome = .abandoned
    } else {
      exchange.refuse(Self.error(for: exchange.failure))
    }
    exchange.explain(exchange.failure.map { "last failure: \($0)" } ?? "nobody was asked")
    return Exit.refused.index
  }

  /// What the client is told of a failure.
  package static func error(for failure: Failure?) -> APIError {
    guard let failure else { return .internalError }
    switch failure.reason {
    case .unresolved, .connectRefused, .connectTimeout, .tlsFailed: return .upstreamUnreachable
    case .firstByteTimeout, .idleTimeout, .totalTimeout: return .upstreamTimeout
    case .connectionBroken: return .upstreamCut
    case .invalidReply, .replyTooLarge: return .upstreamInvalidReply
    case .poolExhausted: return .overloaded(retryAfterSeconds: 1)
    case .deadline: return .deadlineExceeded
    case .draining: return .draining
    case .clientLeft: return .internalError
    }
  }
}
