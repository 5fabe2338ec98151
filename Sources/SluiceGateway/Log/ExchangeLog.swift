import SluiceCore
import SluiceDialects
import SluicePipeline
import SluicePolicy
import SluiceServer
import SluiceTelemetry
import Synchronization

/// Tells metrics and log of every exchange: one line each, when it has ended.
final class ExchangeLog: ExchangeObserver {
  private let telemetry: Telemetry
  private let cutByDrain = Atomic(0)

  init(_ telemetry: Telemetry) { self.telemetry = telemetry }

  /// Exchanges that were cut because the gateway stops.
  var cut: Int { cutByDrain.load(ordering: .relaxed) }

  func began(_ exchange: Exchange) { telemetry.metrics.activeRequests.increment() }

  func finished(_ exchange: Exchange, status: Int, at moment: Moment) {
    telemetry.metrics.activeRequests.decrement()
    if exchange.cancellation.reason == .draining { cutByDrain.wrappingAdd(1, ordering: .relaxed) }
    telemetry.tell(ExchangeFinished(exchange, httpStatus: status, at: moment), at: moment)
  }

  /// Counted, not logged, and apart from exchanges: whoever scans the port must neither fill the
  /// log nor set off the alert on errors.
  func refused(_ error: APIError) {
    telemetry.metrics.requestsRefused[error.code ?? "none"].increment()
  }
}

extension ExchangeFinished {
  /// What the log says of an exchange that nobody waits for.
  init(background exchange: Exchange, at moment: Moment) {
    // A reply is as good as sent.
    self.init(exchange, httpStatus: 200, at: moment)
    purpose = exchange.purpose?.rawValue ?? ""
    httpStatus = 0
    if exchange.thrown != nil || exchange.shortage != nil, exchange.attempts == 0 {
      status = .refused
    }
  }

  /// What the log says of an exchange; nothing of its texts.
  init(_ exchange: Exchange, httpStatus: Int, at moment: Moment) {
    let generation = exchange.generation
    let caller = exchange.caller
    self.init(
      requestID: exchange.id,
      service: exchange.request.service.rawValue,
      generation: exchange.generation.number,
      status: exchange.status(httpStatus: httpStatus)
    )
    tenant = caller.tenant
    user = caller.user
    tier = caller.tier
    product = caller.product
    tag = caller.tag
    keyID = caller.keyID
    route = exchange.route.map { generation.policy.routes[$0].name } ?? ""
    target = exchange.target
    model = exchange.answeredBy.map { generation.policy.models[$0.position].name } ?? ""
    self.httpStatus = httpStatus
    if exchange.request.service.asked != nil { cache = exchange.cacheOutcome.rawValue }
    switch exchange.cacheOutcome {
    case .exact, .semantic, .stale: isCacheHit = true
    case .miss, .bypass: isCacheHit = false
    }
    similarity = exchange.similarity.map(DecimalText.threeDecimals) ?? ""
    attempts = exchange.attempts
    uses = exchange.bookings.map { booking in
      var use = AttemptUsed(
        model: generation.policy.models[booking.model.position].name,
        source: booking.source
      )
      use.inputTokens = booking.usage.prompt
      use.cachedTokens = booking.usage.cached
      use.outputTokens = booking.usage.completion
      use.reasoningTokens = booking.usage.reasoning
      use.cost = booking.cost ?? .zero
      return use
    }
    duration = moment.monotonic - exchange.startedAt.monotonic
    upstreamWait = min(exchange.upstreamWait, duration)
    code = exchange.errorCode
    failure = exchange.failure.map { "\($0)" } ?? ""
    trail = exchange.trail.line(in: exchange.generation.graph)
  }
}

extension Exchange {
  /// How the exchange ended, for the label `status`.
  fileprivate func status(httpStatus: Int) -> ExchangeStatus {
    switch outcome {
    case .streamed: .success
    case .cut, .abandoned: .cut
    case .refused(let error): error.isPolicy ? .refused : .error
    case .reply(let reply):
      if httpStatus == 0 { .cut } else if reply.status < 400 { .success } else { .error }
    case .pending: .error
    }
  }

  /// The `code` of the error that the client was sent; empty if it was none of ours.
  fileprivate var errorCode: String {
    switch outcome {
    case .refused(let error): error.code ?? ""
    case .cut(let failure): "\(failure)"
    case .pending, .reply, .streamed, .abandoned: ""
    }
  }
}

extension APIError {
  /// Whether the policy said no, rather than something failed.
  fileprivate var isPolicy: Bool {
    switch self {
    case .missingKey, .invalidKey, .expiredKey, .productNotAllowed, .permissionDenied,
      .modelNotAllowed, .noRoute, .rateLimited, .tokenRateLimited, .beyondTokenLimit,
      .tooManyConcurrent, .insufficientQuota, .requestOverBudget:
      true
    case .malformedMessage, .invalidRequest, .bodyTooLarge, .unsupportedMediaType,
      .requestTimeout, .notFound, .methodNotAllowed, .modelNotFound, .unsupportedModel,
      .contextLengthExceeded,
      .policyError, .ledgerUnavailable, .upstreamUnreachable, .upstreamUnresolved,
      .upstreamTLSFailed, .upstreamFailed,
      .upstreamReplyTooLarge, .upstreamInvalidReply, .upstreamConnectTimeout,
      .upstreamTimeout, .upstreamIdleTimeout,
      .upstreamTotalTimeout, .upstreamCut,
      .upstreamRefusedKey, .upstreamRedirected, .upstreamUnavailable, .deadlineExceeded,
      .overloaded, .draining,
      .internalError:
      false
    }
  }
}
