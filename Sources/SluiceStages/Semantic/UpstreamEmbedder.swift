internal import SluiceCore
internal import SluiceDialects
internal import SluiceJSON
package import SluicePipeline
package import SluicePolicy
package import SluiceTelemetry

/// Asks an upstream what a question means: an attempt, before those that ask for the answer.
///
/// It goes by what every attempt goes by: no switch may be on, the model's breaker must let it through,
/// and the most that it can cost is held on every budget of the exchange, recorded before anything is
/// sent and settled once. Where one of these says no, nothing is sent and nothing refused: the exchange
/// goes on as a miss, and its own attempts are asked for by themselves. Which models a tier may reach
/// is not asked, since no answer comes of it.
package struct UpstreamEmbedder: Sendable {
  private let model: ModelIndex
  private let settings: ModelSettings
  private let upstream: any Upstream
  private let breaker: UpstreamSettings.Breaker?
  private let breakers: BreakerTable
  private let holds: HoldRules?
  private let stop: any SpendingStop
  private let settlement: AttemptSettlement
  private let failures: [Failure.Reason: Counter]

  /// Makes the embedder of a model.
  ///
  /// - Parameters:
  ///   - model: serves embeddings.
  ///   - settings: of the model.
  ///   - upstream: where it is asked.
  ///   - breaker: the rules of its breaker; `nil`: it has none.
  ///   - breakers: of the process.
  ///   - holds: of the policy; `nil`: nothing is held.
  ///   - stop: the switches.
  ///   - settlement: books what it cost.
  ///   - failures: what counts the attempts that come to nothing.
  package init(
    model: ModelIndex,
    settings: ModelSettings,
    upstream: any Upstream,
    breaker: UpstreamSettings.Breaker?,
    breakers: BreakerTable,
    holds: HoldRules?,
    stop: any SpendingStop,
    settlement: AttemptSettlement,
    failures: [Failure.Reason: Counter]
  ) {
    self.model = model
    self.settings = settings
    self.upstream = upstream
    self.breaker = breaker
    self.breakers = breakers
    self.holds = holds
    self.stop = stop
    self.settlement = settlement
    self.failures = failures
  }

  /// The vector of a text, as long as 1.
  ///
  /// Waits at most `Bounds.upstreamEmbeddingMilliseconds`, less where the upstream's own timeouts or
  /// the exchange's deadline are.
  func vector(of text: String, for exchange: Exchange) async throws(EmbeddingFailure) -> [Float] {
    guard !exchange.isTraced else {
      throw .failed("would ask \(settings.upstreamName) at upstream \(settings.upstream)")
    }
    guard let asked = request(text) else { throw .failed("the text makes no request") }
    let running = exchange.running?.model
    defer { exchange.running?.model = running }
    guard !isStopped(exchange) else { throw .failed("a kill switch is on") }
    let watch = try admit(exchange)
    do throws(EmbeddingFailure) {
      let held = try await hold(asked, exchange)
      return try await attempt(asked, bound: held, exchange, watch)
    } catch {
      // Nothing where it has been told how the attempt went.
      watch?.ended(.neither, at: exchange.world.now)
      throw error
    }
  }

  private func request(_ text: String) -> ModelRequest? {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("model")
    writer.string(settings.upstreamName)
    writer.key("input")
    writer.string(text)
    writer.endObject()
    do throws(APIError) {
      return try ModelRequest(writer.bytes, for: .embeddings)
    } catch {
      return nil
    }
  }

  // MARK: Whether it may be asked

  /// Whether a switch is on, also one that stops this model alone; that one does not stop others.
  private func isStopped(_ exchange: Exchange) -> Bool {
    holds?.fill(exchange, with: settings)
    let thrown = exchange.thrown
    let isStopped = stop.verdict(for: exchange, model: model, at: exchange.moment) != nil
    exchange.thrown = thrown
    return isStopped
  }

  private func admit(_ exchange: Exchange) throws(EmbeddingFailure) -> BreakerWatch? {
    guard let breaker else { return nil }
    let now = exchange.moment.monotonic
    let ticket: Breaker.Ticket?
    switch breakers.advise(settings.name, under: breaker, at: now) {
    case .forward: ticket = nil
    case .probe(let probe): ticket = probe
    case .refuse: throw .failed("\(settings.name) is not asked for now")
    }
    let watch = BreakerWatch(
      model: settings.name,
      ticket: ticket,
      rules: breaker,
      breakers: breakers
    )
    exchange.atEnd(watch)
    return watch
  }

  /// Holds the most that the call can cost.
  ///
  /// - Returns: the most tokens that it can take.
  private func hold(
    _ asked: ModelRequest,
    _ exchange: Exchange
  ) async throws(EmbeddingFailure) -> Int {
    let size = HoldSize(
      of: asked,
      at: settings,
      // Bytes bound a question well enough, and need no table.
      counted: nil,
      estimate: { nil },
      wall: exchange.startedAt.wall
    )
    guard let holds else { return size.input }
    let outcome = exchange.outcome
    guard let charges = holds.charges(of: exchange, at: exchange.moment) else {
      // The same key refuses the exchange where an answer is asked for; a hit needs none.
      exchange.outcome = outcome
      throw .failed("the key of a budget has no value")
    }
    let claim = holds.claim(size.amount, on: charges, for: exchange, model, settings)
    switch holds.take(claim, for: exchange, at: exchange.moment) {
    case .held(let id):
      let hold = AttemptHold(
        id: id,
        claim: claim,
        model: model,
        input: size.input,
        output: 0,
        clamp: nil,
        notice: nil,
        ledger: holds.ledger
      )
      do throws(LedgerFailure) {
        try await holds.record(hold, for: exchange)
      } catch {
        throw .failed("the hold could not be recorded")
      }
      return size.input
    case .short(let shortage):
      throw .failed("budget \(holds.lines[shortage.line].settings.name) does not cover it")
    case .unavailable: throw .failed("the ledger takes no holds")
    }
  }

  // MARK: Asking

  /// What came of the call, for its settlement.
  private struct Call {
    var hasBegun = false
    var isRefused = false
    var reply: ModelReply?
  }

  private func attempt(
    _ asked: ModelRequest,
    bound: Int,
    _ exchange: Exchange,
    _ watch: BreakerWatch?
  ) async throws(EmbeddingFailure) -> [Float] {
    var call = Call()
    do throws(Failure) {
      try await ask(asked, exchange, &call)
      watch?.ended(.success, at: exchange.world.now)
      settle(call, nil, bound: bound, exchange)
    } catch {
      failures[error.reason]?.increment()
      let now = exchange.world.now
      if let wait = error.retryAfter { watch?.coolDown(until: now.monotonic + wait, at: now) }
      watch?.ended(error.report, at: now)
      settle(call, error, bound: bound, exchange)
      throw Self.failure(error, of: exchange)
    }
    guard let reply = call.reply else { throw .failed("the upstream refused it") }
    guard let vector = reply.vector else { throw .failed("the reply has no vector") }
    return vector
  }

  private func ask(
    _ asked: ModelRequest,
    _ exchange: Exchange,
    _ call: inout Call
  ) async throws(Failure) {
    let start = exchange.world.now.monotonic
    let (end, overflows) = start.addingReportingOverflow(
      Bounds.upstreamEmbeddingMilliseconds * 1_000_000
    )
    let deadline = min(exchange.deadline, overflows ? .max : end)
    let cancellation = Cancellation()
    let link = exchange.forward(to: cancellation)
    defer { exchange.cancellation.remove(link) }
    let due = exchange.world.schedule(atMonotonic: deadline) { cancellation.cancel(.deadline) }
    defer { due.withdraw() }
    var hasHead = false
    do throws(Failure) {
      let reply = try await upstream.send(
        UpstreamRequest(
          path: asked.service.path,
          fields: exchange.request.fields,
          body: asked.upstreamBody(model: settings.upstreamName),
          headDeadline: deadline
        ),
        in: exchange.world,
        cancellation: cancellation
      )
      hasHead = true
      exchange.upstreamWait += exchange.world.now.monotonic - start
      call.isRefused = reply.status != 200
      if (300..<400).contains(reply.status) {
        reply.abandon()
        throw Failure(.redirected)
      }
      call.hasBegun = reply.status == 200
      let body = try await reply.wholeBody(of: exchange, since: exchange.world.now.monotonic)
      guard reply.status == 200 else {
        if let fault = reply.fault(body, at: exchange.world.now) { throw fault }
        return
      }
      guard let read = ModelReply(body, for: .embeddings) else { throw Failure(.invalidReply) }
      call.reply = read
    } catch {
      if !hasHead { exchange.upstreamWait += exchange.world.now.monotonic - start }
      // Our own patience is at an end, not the exchange's: a model that is always slow is one that
      // fails, as its breaker sees it.
      guard error.reason == .deadline, deadline < exchange.deadline else { throw error }
      throw Failure(.firstByteTimeout)
    }
  }

  private func settle(_ call: Call, _ failure: Failure?, bound: Int, _ exchange: Exchange) {
    var booking: Booking?
    if let reply = call.reply {
      let usage = reply.usage ?? Usage(prompt: bound, completion: 0)
      booking = Booking(
        model: model,
        usage: usage,
        source: reply.usage == nil ? .bounded : .upstream,
        cost: settings.price(atWall: exchange.startedAt.wall)
          .map { Metering.cost(of: usage, at: $0) }
      )
    }
    if let booking { exchange.book(booking) }
    settlement.settle(
      exchange,
      AttemptSettlement.Ended(
        booking: booking,
        hasBegun: call.hasBegun,
        isWhole: call.reply != nil,
        isRefused: call.isRefused,
        failure: failure
      ),
      model: model,
      settings: settings,
      at: exchange.world.now
    )
  }

  private static func failure(_ failure: Failure, of exchange: Exchange) -> EmbeddingFailure {
    switch failure.reason {
    case .clientLeft, .draining, .killed:
      .cancelled(exchange.cancellation.reason ?? .clientLeft)
    case .firstByteTimeout, .idleTimeout, .totalTimeout, .connectTimeout, .deadline: .late
    case .poolExhausted, .rateLimited: .busy
    case .unresolved, .connectRefused, .tlsFailed, .connectionBroken, .invalidReply,
      .replyTooLarge, .serverError, .outOfQuota, .refusedKey, .redirected, .beyondHold:
      .failed("\(failure.reason)")
    }
  }
}
