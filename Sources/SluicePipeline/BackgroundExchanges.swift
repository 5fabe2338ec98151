package import SluiceCore
import SluiceDialects
import SluiceHTTP
import SluicePolicy
package import SluiceTelemetry
internal import Synchronization

/// What an exchange without a client is for.
package enum BackgroundPurpose: String, Sendable, CaseIterable {
  /// A kept answer is past its TTL, and the next one is asked for.
  case refresh
  /// A kept answer was given to a question that means the same, and is compared with a fresh one.
  case shadow
}

/// Exchanges that run without a client: the second half of the pipeline, walked once more.
///
/// A *background exchange* takes over what another one found out (who asks, what, the route and its
/// target) and walks the same nodes from the kill switches before the candidates on, under the same
/// generation: breakers, holds on the same budgets, settlement and store are those of any exchange.
/// It has a deadline and a cancellation of its own, and what it answers goes to nobody.
///
/// At most `Bounds.backgroundExchanges` run at a time; one more is simply not begun, and counted.
/// Safe from any thread.
package final class BackgroundExchanges: Sendable {
  /// Sees background exchanges begin or end, on their loop.
  package typealias Observer = @Sendable (Exchange, Moment) -> Void

  private struct State {
    var running: [UInt64: Cancellation] = [:]
    var lastNumber: UInt64 = 0
    var isClosed = false
    var emptied: [CheckedContinuation<Void, Never>] = []
  }
  private let state = Mutex(State())
  private let bound: Int
  private let metrics: MetricsRegistry
  private let began: Observer
  private let ended: Observer

  /// Makes it so that nothing runs yet.
  ///
  /// - Parameters:
  ///   - metrics: counts what runs, and what was not begun.
  ///   - bound: how many run at a time.
  ///   - began: is shown each before its walk.
  ///   - ended: is shown each behind its walk.
  package init(
    metrics: MetricsRegistry,
    bound: Int = Bounds.backgroundExchanges,
    began: @escaping Observer = { _, _ in },
    ended: @escaping Observer = { _, _ in }
  ) {
    self.metrics = metrics
    self.bound = bound
    self.began = began
    self.ended = ended
  }

  /// How many run now.
  package var count: Int { state.withLock { $0.running.count } }

  /// Begins one for what `exchange` asked, on its loop; it runs once that loop has time.
  ///
  /// - Parameters:
  ///   - purpose: what it is for.
  ///   - name: that of the node where it enters.
  ///   - exchange: the one that it takes over from.
  ///   - prepare: is shown it before its walk, to say what becomes of the answer.
  /// - Returns: whether it was begun; if not, `prepare` is never called.
  package func begin(
    _ purpose: BackgroundPurpose,
    at name: String,
    for exchange: Exchange,
    _ prepare: @escaping @Sendable (Exchange) -> Void
  ) -> Bool {
    guard let entry = exchange.generation.graph.backgroundEntries[name] else {
      preconditionFailure("no background exchange enters at \(name)")
    }
    let cancellation = Cancellation()
    let number = state.withLock { state -> UInt64? in
      guard !state.isClosed, state.running.count < bound else { return nil }
      state.lastNumber += 1
      state.running[state.lastNumber] = cancellation
      return state.lastNumber
    }
    guard let number else {
      metrics.backgroundExchanges[purpose.rawValue, "full"].increment()
      return false
    }
    metrics.backgroundRunning.increment()
    let legacy = Legacy(of: exchange)
    let world = exchange.world
    world.startWork { [self] in
      let exchange = legacy.heir(for: purpose, in: world, unless: cancellation)
      prepare(exchange)
      began(exchange, exchange.startedAt)
      let due = world.schedule(atMonotonic: exchange.deadline) { cancellation.cancel(.deadline) }
      await GraphRunner.walk(exchange, from: entry)
      due.withdraw()
      ended(exchange, world.now)
      metrics.backgroundRunning.decrement()
      end(number)
    }
    return true
  }

  // MARK: The end

  /// Begins no more.
  package func close() { state.withLock { $0.isClosed = true } }

  /// Cuts what runs.
  package func cancelAll() {
    for cancellation in state.withLock({ Array($0.running.values) }) {
      cancellation.cancel(.draining)
    }
  }

  /// Waits until nothing runs.
  package func emptied() async {
    await withCheckedContinuation { continuation in
      let isEmpty = state.withLock { state in
        if !state.running.isEmpty { state.emptied.append(continuation) }
        return state.running.isEmpty
      }
      if isEmpty { continuation.resume() }
    }
  }

  private func end(_ number: UInt64) {
    let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      state.running[number] = nil
      guard state.running.isEmpty else { return [] }
      defer { state.emptied = [] }
      return state.emptied
    }
    for continuation in waiting { continuation.resume() }
  }
}

/// Where the background exchanges enter that a node begins.
package struct BackgroundEntry: Sendable {
  package let exchanges: BackgroundExchanges
  /// The name of the node where they enter.
  package let name: String

  package init(_ exchanges: BackgroundExchanges, at name: String) {
    self.exchanges = exchanges
    self.name = name
  }
}

/// What one exchange leaves to another: all that it found out up to its candidates.
private struct Legacy: Sendable {
  let id: String
  let request: ClientRequest
  let generation: Generation
  let caller: Caller
  let asked: ModelRequest?
  let promptTokens: Int?
  let routeName: String
  let route: Int?
  let target: String
  let primary: ModelIndex?

  init(of exchange: Exchange) {
    id = exchange.id
    request = exchange.request
    generation = exchange.generation
    caller = exchange.caller
    asked = exchange.facts.asked
    promptTokens = exchange.facts.promptTokens
    routeName = exchange.facts.route
    route = exchange.route
    target = exchange.target
    primary = exchange.primary
  }

  func heir(
    for purpose: BackgroundPurpose,
    in world: any World,
    unless cancellation: Cancellation
  ) -> Exchange {
    let now = world.now
    let exchange = Exchange(
      // One exchange begins one for each purpose at most.
      id: "\(id)_\(purpose.rawValue)",
      request: request,
      generation: generation,
      world: world,
      sink: NobodysSink(),
      cancellation: cancellation,
      startedAt: now,
      deadline: now.monotonic + generation.policy.server.timeout.request.nanoseconds,
      purpose: purpose
    )
    exchange.caller = caller
    exchange.facts.asked = asked
    exchange.facts.promptTokens = promptTokens
    exchange.facts.route = routeName
    exchange.facts.target = target
    exchange.route = route
    exchange.target = target
    exchange.primary = primary
    exchange.cacheOutcome = .miss
    return exchange
  }
}

/// The place of a client where there is none.
private final class NobodysSink: ReplySink {
  func begin(status: Int, fields: HeaderLines) async throws(Failure) {}
  func write(_ bytes: [UInt8]) async throws(Failure) {}
  func finish() async throws(Failure) {}
}
