internal import SluiceCore
internal import SluiceDialects
internal import SluiceHTTP
package import SluicePipeline
internal import SluicePolicy
internal import Synchronization

/// The edges of a gateway under virtual time: clients on one side, an operator on the other.
///
/// It does what a connection does with a complete request, and nothing more: takes the generation
/// that is live, walks its graph on its loop, sends what came out. Everything between is the real
/// thing.
package final class SimulatedGateway: Sendable {
  package let world: SimulatedWorld
  package let history: History
  package let cell: GenerationCell
  private let faults: PortFaults?
  private let isExplained: Bool
  private let onEnd: (@Sendable (Int, Exchange) -> Void)?
  private let start: Moment
  /// What stops each exchange that is in flight, by its number.
  private let inFlight = Mutex<[Int: Cancellation]>([:])

  /// A gateway that serves `first`; times of asks count from now.
  ///
  /// `onEnd` sees each exchange at the end of its walk, on its loop; decisions are explained where
  /// it `isExplained`.
  package init(
    history: History,
    first: Generation,
    faults: PortFaults? = nil,
    isExplained: Bool = false,
    onEnd: (@Sendable (Int, Exchange) -> Void)? = nil
  ) {
    self.isExplained = isExplained
    self.onEnd = onEnd
    world = history.world
    self.history = history
    self.faults = faults
    cell = GenerationCell(first)
    start = world.now
    history.publish(first.number)
  }

  // MARK: The operator

  /// Publishes `next` after so many nanoseconds.
  package func publish(_ next: Generation, after nanoseconds: Int64) {
    at(nanoseconds) { [self] in
      cell.publish(next)
      history.publish(next.number)
    }
  }

  /// Has `cache` forget answers after so many nanoseconds.
  package func invalidate(
    _ selection: CacheSelection,
    in cache: any ReplyCache,
    after nanoseconds: Int64
  ) {
    at(nanoseconds) { [history] in
      let forgotten = cache.invalidate(selection)
      history.invalidate(selection, forgotten: forgotten)
    }
  }

  /// Stops every exchange that is in flight after so many nanoseconds, as a gateway does that may
  /// wait no longer before it ends.
  package func stop(after nanoseconds: Int64) {
    at(nanoseconds) { [self] in
      let cancellations = inFlight.withLock { $0 }.sorted { $0.key < $1.key }
      history.stop()
      for (_, cancellation) in cancellations { cancellation.cancel(.draining) }
    }
  }

  /// Does anything after so many nanoseconds, between the steps of the loops.
  package func at(_ nanoseconds: Int64, _ action: @escaping @Sendable () -> Void) {
    _ = world.schedule(atMonotonic: start.monotonic + nanoseconds, action)
  }

  // MARK: The clients

  /// Has a client ask when its time has come.
  package func serve(_ ask: Ask) {
    let loop = world.loops[ask.loop % world.loops.count]
    at(ask.after) { [self] in loop.start { await self.answer(ask, on: loop) } }
  }

  package func serve(_ asks: [Ask]) {
    for ask in asks { serve(ask) }
  }

  private func answer(_ ask: Ask, on loop: SimulatedLoop) async {
    let generation = cell.generation
    let number = history.begin(ask, generation: generation.number)
    let cancellation = Cancellation()
    inFlight.withLock { $0[number] = cancellation }
    defer { inFlight.withLock { $0[number] = nil } }
    let sink = RecordingSink(
      exchange: number,
      ask: ask,
      history: history,
      world: loop,
      cancellation: cancellation,
      faults: faults
    )
    let moment = loop.now
    let leaving = ask.leavesAfter.map { delay in
      loop.schedule(atMonotonic: moment.monotonic + delay) { [history] in
        guard cancellation.reason == nil else { return }
        history.leave(number)
        cancellation.cancel(.clientLeft)
      }
    }
    let exchange = Exchange(
      id: "req_\(number)",
      request: ask.request(ofExchange: number),
      generation: generation,
      world: loop,
      sink: sink,
      cancellation: cancellation,
      startedAt: moment,
      deadline: moment.monotonic + generation.policy.server.timeout.request.nanoseconds,
      isExplained: isExplained
    )
    // The first to be given is the last to be met: by then the stages have given everything back.
    exchange.atEnd(WalkEnd(number: number, history: history))
    await GraphRunner.run(exchange, service: exchange.request.service)
    onEnd?(number, exchange)
    let ending = await conclude(exchange, to: sink)
    leaving?.withdraw()
    let graph = generation.graph
    history.end(
      number,
      ending,
      trail: exchange.trail.steps.map { step in
        let node = graph[step.node]
        return "\(node.name):\(node.exits[step.exit.position].name)"
      }
    )
  }

  /// Sends what the walk left to send.
  private func conclude(_ exchange: Exchange, to sink: RecordingSink) async -> ExchangeEnding {
    switch exchange.outcome {
    case .pending: return .nothing
    case .streamed: return .streamed
    case .cut(let failure): return .cut(failure.reason)
    case .abandoned: return .abandoned
    case .reply(var reply):
      reply.fields += exchange.replyFields.pairs
      await sink.send(reply)
      return .replied(status: reply.status)
    case .refused(let error):
      var fields = exchange.replyFields.pairs
      if let seconds = error.retryAfterSeconds { fields.append(("retry-after", "\(seconds)")) }
      if let shouldRetry = error.shouldRetry {
        fields.append(("x-should-retry", "\(shouldRetry)"))
      }
      await sink.send(Reply(status: error.status, body: error.body, fields: fields))
      return .refused(status: error.status, code: error.code ?? "")
    }
  }
}

private struct WalkEnd: Obligation {
  let number: Int
  let history: History
  func finish(_ exchange: Exchange, at moment: Moment) { history.finishWalk(number) }
}

extension Ask {
  /// The request as the edge would have read it.
  ///
  /// One field says which exchange it is, so that an upstream can tell who asks.
  func request(ofExchange number: Int) -> ClientRequest {
    if let wire { return wire.request(ofExchange: number) }
    var head = "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\n"
    head += "content-type: application/json\r\nauthorization: Bearer \(key)\r\n"
    if !product.isEmpty { head += "x-sluice-product: \(product)\r\n" }
    head += "\(History.exchangeField): \(number)\r\n\r\n"
    var parser = RequestHeadParser()
    guard case .head(let parsed, _) = parser.parse(Array(head.utf8).span) else {
      preconditionFailure("a scenario asks with a malformed head: \(head)")
    }
    return ClientRequest(
      service: .chat,
      method: "POST",
      path: "/v1/chat/completions",
      fields: parsed.fields,
      body: body,
      peer: HostAddress(ipv4: 0x7f00_0001)
    )
  }
}

extension WireRequest {
  func request(ofExchange number: Int) -> ClientRequest {
    let method = service.asked == nil ? "GET" : "POST"
    let path = "/v1" + (service.asked?.path ?? "/models")
    var head = "\(method) \(path) HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n"
    for field in fields { head += "\(field.name): \(field.value)\r\n" }
    head += "\(History.exchangeField): \(number)\r\n\r\n"
    var parser = RequestHeadParser()
    guard case .head(let parsed, _) = parser.parse(Array(head.utf8).span) else {
      preconditionFailure("a scenario asks with a malformed head: \(head)")
    }
    return ClientRequest(
      service: service,
      method: method,
      path: path,
      fields: parsed.fields,
      body: body,
      peer: peer
    )
  }
}
