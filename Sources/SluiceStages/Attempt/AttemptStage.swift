import SluiceCore
package import SluiceDialects
import SluiceHTTP
package import SluicePipeline
package import SluicePolicy
package import SluiceTelemetry

/// Asks one candidate, and hands its answer to the client as it comes.
///
/// What an upstream says decides the exit: an answer goes on to be settled, a refusal of the
/// request is the client's to see, and a failure before any byte of an answer lets the next
/// candidate try.
package final class AttemptStage: WaitingStage {
  enum Exit: Int, StageExit {
    /// The answer is whole.
    case answered
    /// The upstream refused the request; the client gets its words.
    case declined
    /// This model cannot serve the request: for its tier, its path or its length.
    case skipped
    /// Nothing of an answer came; it may be tried again, here or elsewhere.
    case failed
    /// Nothing came, nor would it if it were tried again; the next candidate may be asked.
    case passedOver
    /// No candidate is to be asked any more: nobody waits, or the time is up.
    case gaveUp
    /// The answer broke off after the client had part of it.
    case cut
  }

  package let exits = Exit.names
  private let model: ModelIndex
  private let settings: ModelSettings
  private let upstream: any Upstream
  private let access: ModelAccess
  private let earnings: RetryEarnings?
  private let failures: [Failure.Reason: Counter]
  private let meter: UsageMeter
  private let settlement: AttemptSettlement?
  private let stop: (any SpendingStop)?

  /// Makes the node.
  ///
  /// - Parameters:
  ///   - model: the candidate.
  ///   - settings: of the model.
  ///   - upstream: where it is asked.
  ///   - access: what a tier may reach, and a model serve.
  ///   - earnings: of a first try: what it adds to the budget of retries.
  ///   - failures: what counts the attempts that come to nothing, or break off.
  ///   - meter: says what the attempt used.
  ///   - settlement: books what it cost; `nil`: nobody wants to know.
  ///   - stop: asked where no hold comes before, which asks; a person may stop any spending.
  package init(
    model: ModelIndex,
    settings: ModelSettings,
    upstream: any Upstream,
    access: ModelAccess,
    earnings: RetryEarnings? = nil,
    failures: [Failure.Reason: Counter] = [:],
    meter: UsageMeter,
    settlement: AttemptSettlement? = nil,
    stop: (any SpendingStop)? = nil
  ) {
    self.model = model
    self.settings = settings
    self.upstream = upstream
    self.access = access
    self.earnings = earnings
    self.failures = failures
    self.meter = meter
    self.settlement = settlement
    self.stop = stop
  }

  package func decide(_ exchange: Exchange) async -> ExitIndex {
    if access.skips(model, in: exchange) { return Exit.skipped.index }
    guard let asked = exchange.facts.asked else { preconditionFailure("read before an attempt") }
    if let stop, stop.verdict(for: exchange, model: model, at: exchange.moment) != nil {
      exchange.shortage = .insufficientQuota(reason: exchange.thrown?.words ?? "it was stopped")
      exchange.explain(exchange.thrown?.words ?? "stopped")
      report(.neither, of: exchange, at: exchange.moment)
      return Exit.gaveUp.index
    }
    if exchange.isTraced {
      exchange.answeredBy = model
      exchange.explain("would ask \(settings.upstreamName) at upstream \(settings.upstream)")
      return Exit.answered.index
    }
    earnings?.earn()
    do throws(Failure) {
      let exit = try await attempt(exchange, asked)
      exchange.hasAnswer = exit != .declined
      if exit == .cut, let failure = exchange.failure { count(failure) }
      let now = exchange.world.now
      report(exit == .cut ? exchange.failure?.report ?? .neither : .success, of: exchange, at: now)
      await close(exchange, exit == .cut ? exchange.failure : nil)
      return exit.index
    } catch {
      exchange.note(FailedAttempt(error, of: model, words: exchange.upstreamRefusal))
      count(error)
      if error.reason.mayHaveTakenTokens { exchange.hasLostAttempt = true }
      let now = exchange.world.now
      if let wait = error.retryAfter {
        exchange.watch?.coolDown(until: now.monotonic + wait, at: now)
      }
      report(error.report, of: exchange, at: now)
      // It may cost what it said before it failed.
      await close(exchange, error)
      // The client has had nothing yet, or the exit would be `cut`.
      return Self.exit(after: error.reason).index
    }
  }

  /// Says what the attempt used, and settles what it cost.
  private func close(_ exchange: Exchange, _ failure: Failure?) async {
    let use = exchange.use
    let booking = await meter.book(exchange, model: model, settings: settings)
    settlement?
      .settle(
        exchange,
        AttemptSettlement.Ended(
          booking: booking,
          hasBegun: use != nil,
          isWhole: use?.isWhole ?? false,
          isRefused: exchange.isRefused,
          failure: failure
        ),
        model: model,
        settings: settings,
        at: exchange.world.now
      )
  }

  private static func exit(after reason: Failure.Reason) -> Exit {
    switch reason {
    case .unresolved, .connectRefused, .connectTimeout, .tlsFailed, .firstByteTimeout,
      .idleTimeout, .totalTimeout, .connectionBroken, .invalidReply, .serverError, .rateLimited,
      .poolExhausted:
      .failed
    case .replyTooLarge, .outOfQuota, .refusedKey, .redirected: .passedOver
    case .clientLeft, .deadline, .draining, .killed, .beyondHold: .gaveUp
    }
  }

  private func count(_ failure: Failure) { failures[failure.reason]?.increment() }

  private func report(_ report: AttemptReport, of exchange: Exchange, at moment: Moment) {
    exchange.watch?.ended(report, at: moment)
    exchange.watch = nil
  }

  private func attempt(_ exchange: Exchange, _ asked: ModelRequest) async throws(Failure) -> Exit {
    // The attempt outlives its client while others wait for the same answer.
    let cancellation = Cancellation()
    let link = exchange.forward(to: cancellation)
    defer { exchange.cancellation.remove(link) }
    // The first byte for the client is due by then, however slowly the upstream sends its own.
    let due = exchange.world.schedule(atMonotonic: exchange.deadline) {
      cancellation.cancel(.deadline)
    }
    defer { due.withdraw() }

    exchange.attempts += 1
    exchange.upstreamRefusal = nil
    exchange.isRefused = false
    let request = UpstreamRequest(
      path: asked.service.path,
      fields: exchange.request.fields,
      body: asked.upstreamBody(
        model: settings.upstreamName,
        clamp: exchange.hold?.clamp,
        outputField: settings.outputField
      ),
      headDeadline: exchange.deadline
    )
    let sentAt = exchange.world.now.monotonic
    let reply: any UpstreamReply
    do throws(Failure) {
      reply = try await upstream.send(request, in: exchange.world, cancellation: cancellation)
    } catch {
      exchange.upstreamWait += exchange.world.now.monotonic - sentAt
      throw error
    }
    let repliedAt = exchange.world.now.monotonic
    exchange.upstreamWait += repliedAt - sentAt

    exchange.isRefused = reply.status != 200
    // To go where a reply says would let it decide where the next request and its secret go.
    if (300..<400).contains(reply.status) {
      reply.abandon()
      throw Failure(.redirected)
    }
    guard reply.status == 200 else {
      let body = try await reply.wholeBody(of: exchange, since: repliedAt)
      exchange.answeredBy = model
      exchange.outcome = .reply(try refusal(reply, body, of: exchange))
      return .declined
    }
    exchange.answeredBy = model
    exchange.use = AttemptUse()
    if reply.isEventStream {
      guard asked.isStreaming else {
        reply.abandon()
        throw Failure(.invalidReply)
      }
      var tally = meter.tally(for: settings)
      var limit = Int.max
      if let hold = exchange.hold, hold.clamp != nil {
        (tally, limit) = await meter.tally(for: settings, within: hold.output)
      }
      var relay = StreamRelay(
        exchange: exchange,
        asked: asked,
        model: settings.name,
        reply: reply,
        due: due,
        tally: tally,
        limit: limit
      )
      return try await relay.run()
    }
    return try await plainAnswer(exchange, asked, reply, since: repliedAt)
  }

  /// Takes an answer that comes in one piece; a client that asked for a stream gets one.
  private func plainAnswer(
    _ exchange: Exchange,
    _ asked: ModelRequest,
    _ reply: any UpstreamReply,
    since repliedAt: Int64
  ) async throws(Failure) -> Exit {
    let body = try await reply.wholeBody(of: exchange, since: repliedAt)
    guard let answer = ModelReply(body, for: asked.service) else {
      throw Failure(.invalidReply)
    }
    exchange.use = AttemptUse(reported: answer.usage, output: .whole(answer), isWhole: true)
    if exchange.flight != nil {
      exchange.answer = WholeAnswer(body: body, isComplete: answer.isWhole)
    }
    exchange.outcome = .reply(Reply(answer, body: body, to: asked))
    return .answered
  }

  /// What the client is told when the upstream refuses the request.
  ///
  /// The upstream's own words pass where they are an error of the dialect, since they name what
  /// is wrong with the request. What concerns our credentials, and what is no such error, does
  /// not: the client could not act on it.
  /// - Throws: the failure, if the upstream rather than the request is at fault.
  private func refusal(
    _ reply: any UpstreamReply,
    _ body: [UInt8],
    of exchange: Exchange
  ) throws(Failure) -> Reply {
    let status = reply.status
    let fault = reply.fault(body, at: exchange.world.now)
    if let fault, fault.reason == .refusedKey { throw fault }
    var fields: [(name: String, value: String)] = []
    for name in ["retry-after", "retry-after-ms"] {
      if let value = reply.field(name) { fields.append((name, value)) }
    }
    // Clients try every 429 again unless they are told that it is of no use.
    if fault?.reason == .outOfQuota { fields.append(("x-should-retry", "false")) }
    let isError = (400..<600).contains(status) && APIError.isErrorBody(body)
    let words = Reply(status: status, body: body, fields: fields)
    if isError { exchange.upstreamRefusal = words }
    if let fault { throw fault }
    guard isError else { throw Failure(.invalidReply) }
    return words
  }
}

extension UpstreamReply {
  /// Whether the body is a stream of events; parameters of the media type do not matter.
  fileprivate var isEventStream: Bool {
    guard let type = field("content-type") else { return false }
    return type.hasPrefix(ignoringCase: "text/event-stream")
  }

  /// Why the upstream, rather than the request, is at fault for a status that is no success; `nil`:
  /// it refuses the request.
  func fault(_ body: [UInt8], at moment: Moment) -> Failure? {
    switch status {
    case 300..<400: Failure(.redirected)
    case 401, 403: Failure(.refusedKey)
    case 429 where APIError.isQuotaExhausted(body): Failure(.outOfQuota)
    case 429: Failure(.rateLimited, retryAfter: retryAfter(at: moment))
    case 500...: Failure(.serverError, retryAfter: retryAfter(at: moment))
    default: nil
    }
  }

  /// How long `Retry-After` asks us to wait, in nanoseconds.
  fileprivate func retryAfter(at moment: Moment) -> Int64? {
    guard let value = field("retry-after"),
      let seconds = RetryAfter.parse(value, now: moment.wallSeconds)
    else { return nil }
    return min(max(seconds, 0), Bounds.retryAfterSeconds) * 1_000_000_000
  }

  /// The body in one piece, up to `Bounds.replyBytes`; waited for since `start`, monotonic.
  func wholeBody(
    of exchange: Exchange,
    since start: Int64
  ) async throws(Failure) -> [UInt8] {
    defer { exchange.upstreamWait += exchange.world.now.monotonic - start }
    var body: [UInt8] = []
    while let bytes = try await read() {
      guard body.count + bytes.count <= Bounds.replyBytes else {
        abandon()
        throw Failure(.replyTooLarge)
      }
      if body.isEmpty { body = bytes } else { body += bytes }
      exchange.use?.output = .bytes(body.count)
    }
    return body
  }
}

extension Reply {
  /// An answer as `asked` asked for it: in one piece, or as the stream that it would have been.
  package init(_ answer: ModelReply, body: [UInt8], to asked: ModelRequest) {
    guard asked.isStreaming else {
      self.init(status: 200, body: body)
      return
    }
    var frames: [UInt8] = []
    ReplayStream(answer.document, includesUsage: asked.wantsUsage).append(to: &frames)
    self.init(status: 200, contentType: "text/event-stream", body: frames)
  }
}
