import SluiceCore
import SluiceDialects
import SluicePipeline
import SluicePolicy
import SluiceTelemetry

/// An exchange ended.
///
/// Reads the exchange in place: nothing of it is copied to be counted and written down. Names and
/// numbers only; what was asked and answered is not looked at.
struct ExchangeFinished: Event {
  private let exchange: Exchange
  private let status: ExchangeStatus
  /// The status code that the client was sent; 0 if it got none.
  private let httpStatus: Int
  /// Nanoseconds from the end of the request to the end of the reply.
  private let duration: Int64
  /// Nanoseconds of that spent waiting for upstreams, or for the exchange that led the flight.
  private let upstreamWait: Int64

  /// An exchange whose client was sent `httpStatus`, 0 if it got nothing.
  init(_ exchange: Exchange, httpStatus: Int, at moment: Moment) {
    self.init(
      exchange,
      httpStatus: httpStatus,
      status: exchange.status(httpStatus: httpStatus),
      at: moment
    )
  }

  /// An exchange that nobody waited for.
  init(background exchange: Exchange, at moment: Moment) {
    let isRefused =
      (exchange.thrown != nil || exchange.shortage != nil) && exchange.attempts == 0
    self.init(
      exchange,
      httpStatus: 0,
      // A reply is as good as sent.
      status: isRefused ? .refused : exchange.status(httpStatus: 200),
      at: moment
    )
  }

  private init(_ exchange: Exchange, httpStatus: Int, status: ExchangeStatus, at moment: Moment) {
    self.exchange = exchange
    self.status = status
    self.httpStatus = httpStatus
    duration = moment.monotonic - exchange.startedAt.monotonic
    upstreamWait = min(exchange.upstreamWait, duration)
  }

  func count(in metrics: MetricsRegistry) {
    let meters = exchange.generation.meters
    if let purpose = exchange.purpose {
      metrics.backgroundExchanges[purpose.rawValue, status.rawValue].increment()
    } else {
      let cache = exchange.cacheOutcome
      let model = meters.model(exchange.answeredBy)
      model.requests(status, cacheHit: cache.isHit).increment()
      model.duration.observe(nanoseconds: duration)
      metrics.overhead.observe(nanoseconds: duration - upstreamWait)
      if exchange.service.asked != nil {
        meters.cacheExchanges(of: exchange.caller.product, cache)?.increment()
      }
    }
    for booking in exchange.bookings {
      let model = meters.model(booking.model)
      let usage = booking.usage
      if usage.prompt > 0 { model.inputTokens.increment(by: Int64(usage.prompt)) }
      if usage.completion > 0 { model.outputTokens.increment(by: Int64(usage.completion)) }
      model.usage(from: booking.source).increment()
      if let cost = booking.cost, cost > .zero {
        meters.cost(of: booking.model, tier: exchange.caller.tier).increment(by: cost.count)
      }
    }
  }

  func line(at moment: Moment) -> LogLine {
    let words = exchange.generation.words
    let caller = exchange.caller
    let bookings = exchange.bookings
    var line: LogLine
    if let purpose = exchange.purpose {
      line = LogLine("background", at: moment)
      line.append("purpose", purpose.rawValue)
    } else {
      line = LogLine(Member.exchange, at: moment)
    }
    line.append(Key.request, exchange.id)
    line.append(words.service(exchange.service))
    line.append(Key.tenant, caller.tenant)
    line.append(Key.user, caller.user)
    line.append(Key.tier, caller.tier)
    line.append(Key.product, caller.product)
    line.append(Key.tag, caller.tag)
    // The id of the key's record, never the key.
    line.append(Key.key, caller.keyID)
    if let route = exchange.route { line.append(words.route(route)) }
    line.append(Key.target, exchange.target)
    if let model = exchange.answeredBy { line.append(words.model(model)) }
    line.append(status.member)
    line.append(Key.http, httpStatus)
    line.append(Key.code, exchange.errorCode)
    // Why the last attempt that failed did; a later one may have answered.
    if let failure = exchange.failure { line.append(Key.failure, "\(failure)") }
    if exchange.service.asked != nil { line.append(exchange.cacheOutcome.member) }
    if let similarity = exchange.similarity {
      line.append(Key.similarity, DecimalText.threeDecimals(of: similarity))
    }
    line.append(Key.attempts, exchange.attempts)
    line.append(Key.inputTokens, bookings.sum { $0.prompt })
    line.append(Key.outputTokens, bookings.sum { $0.completion })
    let cached = bookings.sum { $0.cached }
    if cached > 0 { line.append(Key.cachedTokens, cached) }
    let reasoning = bookings.sum { $0.reasoning }
    if reasoning > 0 { line.append(Key.reasoningTokens, reasoning) }
    if let source = bookings.leastSure { line.append(Key.usage, source.rawValue) }
    line.append(Key.cost, bookings.reduce(.zero) { $0 + ($1.cost ?? .zero) })
    line.append(Key.duration, milliseconds: duration)
    line.append(Key.upstream, milliseconds: upstreamWait)
    exchange.trail.append(to: &line, as: Key.trail, in: exchange.generation.graph)
    return line
  }
}

/// The keys of the line, as bytes: made once, since every exchange writes them.
private enum Key {
  static let request: LogKey = "request"
  static let tenant: LogKey = "tenant"
  static let user: LogKey = "user"
  static let tier: LogKey = "tier"
  static let product: LogKey = "product"
  static let tag: LogKey = "tag"
  static let key: LogKey = "key"
  static let target: LogKey = "target"
  static let http: LogKey = "http"
  static let code: LogKey = "code"
  static let failure: LogKey = "failure"
  static let similarity: LogKey = "similarity"
  static let attempts: LogKey = "attempts"
  static let inputTokens: LogKey = "input_tokens"
  static let outputTokens: LogKey = "output_tokens"
  static let cachedTokens: LogKey = "cached_tokens"
  static let reasoningTokens: LogKey = "reasoning_tokens"
  static let usage: LogKey = "usage"
  static let cost: LogKey = "cost"
  static let duration: LogKey = "duration_ms"
  static let upstream: LogKey = "upstream_ms"
  static let trail: LogKey = "trail"
}

/// The members that say one of a few words, likewise.
private enum Member {
  static let exchange = LogMember("event", "exchange")
  static let success = LogMember("status", "success")
  static let error = LogMember("status", "error")
  static let refused = LogMember("status", "refused")
  static let cut = LogMember("status", "cut")
  static let miss = LogMember("cache", "miss")
  static let exact = LogMember("cache", "exact")
  static let semantic = LogMember("cache", "semantic")
  static let stale = LogMember("cache", "stale")
  static let bypass = LogMember("cache", "bypass")
}

extension ExchangeStatus {
  fileprivate var member: LogMember {
    switch self {
    case .success: Member.success
    case .error: Member.error
    case .refused: Member.refused
    case .cut: Member.cut
    }
  }
}

extension [Booking] {
  /// Over all attempts; no trap for what an upstream makes up.
  fileprivate func sum(_ count: (borrowing Usage) -> Int) -> Int {
    reduce(0) { sum, booking in
      let (next, overflowed) = sum.addingReportingOverflow(count(booking.usage))
      return overflowed ? .max : next
    }
  }

  /// Who counted the attempt whose count is the least sure of all.
  fileprivate var leastSure: CountSource? {
    self.max { CountSource.isSurer($0.source, $1.source) }?.source
  }
}

extension CacheOutcome {
  fileprivate var member: LogMember {
    switch self {
    case .miss: Member.miss
    case .exact: Member.exact
    case .semantic: Member.semantic
    case .stale: Member.stale
    case .bypass: Member.bypass
    }
  }

  /// Whether a kept answer was served.
  fileprivate var isHit: Bool {
    switch self {
    case .exact, .semantic, .stale: true
    case .miss, .bypass: false
    }
  }
}

extension Exchange {
  fileprivate var service: Service { facts.request.service }

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
