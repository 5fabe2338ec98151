internal import SluiceCore
internal import SluiceDialects
internal import SluiceHTTP
internal import SluicePipeline
internal import SluicePolicy
internal import SluiceStages
internal import Synchronization

/// What happened in a run, gathered from outside of the graph: from clients, edges and upstreams.
///
/// Whatever is written here is in the trace too, so that two runs with equal traces have equal
/// histories.
package final class History: Sendable {
  /// The request field that says which exchange it is.
  static let exchangeField = "x-simulated-exchange"

  package let world: SimulatedWorld
  private let state = Mutex(State())

  private struct State {
    var order = 0
    var run = Run()
  }

  package init(world: SimulatedWorld) { self.world = world }

  /// What was recorded so far.
  package var run: Run { state.withLock { $0.run } }

  // MARK: Exchanges

  func begin(_ ask: Ask, generation: UInt64) -> Int {
    record { run, stamp in
      let number = run.exchanges.count
      run.exchanges.append(
        ExchangeRecord(number: number, ask: ask, generation: generation, began: stamp)
      )
      return ("exchange \(number) begins: \(ask.user) asks \(ask.question)", number)
    }
  }

  func leave(_ exchange: Int) {
    record { run, stamp in
      run.exchanges[exchange].left = stamp
      return ("exchange \(exchange): client leaves", ())
    }
  }

  func finishWalk(_ exchange: Int) {
    record { run, stamp in
      precondition(run.exchanges[exchange].walked == nil, "an obligation is met once")
      run.exchanges[exchange].walked = stamp
      return ("exchange \(exchange): walk is over", ())
    }
  }

  func end(_ exchange: Int, _ ending: ExchangeEnding, trail: [String]) {
    record { run, stamp in
      run.exchanges[exchange].endings.append((ending, stamp))
      run.exchanges[exchange].trail += trail
      return ("exchange \(exchange) ends: \(ending) \(trail.joined(separator: " "))", ())
    }
  }

  func beginBackground(_ exchange: Int) {
    record { run, _ in
      run.hasBackground.insert(exchange)
      return ("the background of exchange \(exchange) begins", ())
    }
  }

  func endBackground(_ exchange: Int, trail: [String]) {
    record { run, stamp in
      run.background.append(BackgroundRecord(exchange: exchange, ended: stamp, trail: trail))
      return ("the background of exchange \(exchange) ends: \(trail.joined(separator: " "))", ())
    }
  }

  func receive(_ exchange: Int, _ what: String, _ change: (inout Received) -> Void) {
    record { run, stamp in
      change(&run.exchanges[exchange].received)
      if run.exchanges[exchange].received.first == nil {
        run.exchanges[exchange].received.first = stamp
      }
      return ("exchange \(exchange) receives \(what)", ())
    }
  }

  /// Whether an exchange has ended.
  func hasEnded(_ exchange: Int) -> Bool {
    state.withLock { state in
      exchange < state.run.exchanges.count && !state.run.exchanges[exchange].endings.isEmpty
    }
  }

  /// How many exchanges have begun.
  var begun: Int { state.withLock { $0.run.exchanges.count } }

  // MARK: Attempts

  func ask(upstream: String, _ request: UpstreamRequest, behaviour: Behaviour) -> Int {
    let exchange = request.fields.first(Self.exchangeField).flatMap { Int($0) }
    let service = ModelSettings.Service.allCases.first { request.path.hasSuffix($0.path) }
    let request = ChatText(request: request.body)
    return record { run, stamp in
      let number = run.attempts.count
      // What an exchange holds is recorded right before it sends.
      defer { run.lastRecorded = nil }
      // Who has something asked in the background asks nothing any more.
      let isLate = exchange.map { run.hasBackground.contains($0) } ?? false
      run.attempts.append(
        AttemptRecord(
          number: number,
          upstream: upstream,
          exchange: isLate ? nil : exchange,
          refreshed: isLate ? exchange : nil,
          model: request.model,
          question: request.question,
          streams: request.streams,
          wantsUsage: request.wantsUsage,
          service: service ?? .chat,
          outputLimit: request.outputLimit,
          hold: run.lastRecorded,
          behaviour: behaviour,
          asked: stamp
        )
      )
      return ("attempt \(number) at \(request.model): \(request.question) \(behaviour)", number)
    }
  }

  func attempt(_ number: Int) -> AttemptRecord { state.withLock { $0.run.attempts[number] } }

  func finishStream(_ attempt: Int) {
    record { run, _ in
      run.attempts[attempt].saidDone = true
      return ("attempt \(attempt) says it is done", ())
    }
  }

  func endAttempt(_ number: Int, _ ending: AttemptEnding) {
    record { run, stamp in
      run.attempts[number].endings.append((ending, stamp))
      return ("attempt \(number) ends: \(ending)", ())
    }
  }

  func turn(_ transition: BreakerTable.Transition) {
    record { run, stamp in
      run.turns.append(
        BreakerTurn(
          model: transition.model,
          from: transition.from,
          to: transition.to,
          stamp: stamp
        )
      )
      return ("breaker of \(transition.model): \(transition.from) to \(transition.to)", ())
    }
  }

  func turn(_ transition: SwitchTable.Transition) {
    record { run, stamp in
      run.switchTurns.append(SwitchTurn(transition: transition, stamp: stamp))
      return ("switch \(transition.name) of \(transition.key): \(transition.kind)", ())
    }
  }

  // MARK: Limits of tokens

  func reserve(
    _ amount: Int,
    limit: String,
    key: String,
    _ answer: (decision: RateDecision, reservation: Reservation?),
    at time: Int64
  ) {
    record { run, stamp in
      run.reservations.append(
        ReservationRecord(
          limit: limit,
          key: key,
          amount: amount,
          reservation: answer.reservation,
          time: time,
          stamp: stamp
        )
      )
      return ("\(amount) of \(limit) for \(key): \(answer.decision.verdict)", ())
    }
  }

  func settle(
    _ reservation: Reservation,
    used: Int,
    limit: String,
    key: String,
    at time: Int64
  ) {
    record { run, stamp in
      // Equal ones of one slot are the same to whoever counts them.
      let place = run.reservations.firstIndex {
        $0.limit == limit && $0.key == key && $0.reservation == reservation
          && $0.settlements.isEmpty
      }
      guard let place else { preconditionFailure("what was not reserved is not settled") }
      run.reservations[place].settlements.append((used, time, stamp))
      return ("\(used) used of \(reservation.amount) of \(limit) for \(key)", ())
    }
  }

  // MARK: Money

  func hold(_ claim: Claim, _ decision: HoldDecision) {
    record { run, stamp in
      run.holds.append(HoldRecord(claim: claim, decision: decision, asked: stamp))
      return ("hold of $\(claim.amount) for \(claim.attribution.user): \(decision)", ())
    }
  }

  func recorded(_ hold: HoldID) {
    record { run, stamp in
      if let place = run.holds.lastIndex(where: { $0.id == hold }) {
        run.holds[place].recorded = stamp
      }
      run.lastRecorded = hold
      return ("hold \(hold.number) is recorded", ())
    }
  }

  /// A hold whose record could not be written, so that the ledger took it back.
  func takeBack(_ hold: HoldID) {
    record { run, stamp in
      if let place = run.holds.lastIndex(where: { $0.id == hold }) {
        run.holds[place].takenBack = stamp
      }
      return ("hold \(hold.number) is taken back", ())
    }
  }

  func settle(_ hold: HoldID, _ settlement: Settlement) {
    record { run, stamp in
      if let place = run.holds.lastIndex(where: { $0.id == hold }) {
        run.holds[place].settlements.append((settlement, stamp))
      }
      return ("hold \(hold.number) settles: \(settlement.basis) $\(settlement.cost)", ())
    }
  }

  // MARK: The operator

  func publish(_ generation: UInt64) {
    record { run, stamp in
      run.publications.append(Publication(generation: generation, stamp: stamp))
      return ("generation \(generation) is live", ())
    }
  }

  func invalidate(_ selection: CacheSelection, forgotten: Int) {
    record { run, stamp in
      run.invalidations.append(
        Invalidation(selection: selection, forgotten: forgotten, acknowledged: stamp)
      )
      return ("\(selection) is invalidated, \(forgotten) forgotten", ())
    }
  }

  func stop() {
    record { run, stamp in
      run.stops.append(stamp)
      return ("all that is in flight is stopped", ())
    }
  }

  @discardableResult
  private func record<Value>(
    _ change: (inout Run, Stamp) -> (line: String, value: Value)
  ) -> Value {
    let moment = world.now
    let (line, value) = state.withLock { state in
      state.order += 1
      return change(&state.run, Stamp(order: state.order, moment: moment))
    }
    world.note(line)
    return value
  }
}

/// Everything that was recorded of a run.
package struct Run: Sendable {
  package var exchanges: [ExchangeRecord] = []
  package var attempts: [AttemptRecord] = []
  /// The exchanges that have had something asked in the background.
  var hasBackground: Set<Int> = []
  /// The walks in the background that are over.
  package var background: [BackgroundRecord] = []
  package var turns: [BreakerTurn] = []
  package var switchTurns: [SwitchTurn] = []
  package var reservations: [ReservationRecord] = []
  /// Every hold that was asked for, granted or not, in the order of the answers.
  package var holds: [HoldRecord] = []
  /// The hold that was recorded last, until an attempt is sent for it.
  var lastRecorded: HoldID?
  package var publications: [Publication] = []
  package var invalidations: [Invalidation] = []
  /// When all that was in flight was told to stop.
  package var stops: [Stamp] = []

  package init() {}

  /// Whether all that was begun in the background ended, once.
  package var everyBackgroundEnded: Bool {
    background.map(\.exchange).sorted() == hasBackground.sorted()
  }

  /// When what attempt's answer was kept at the latest; `nil`: its walk is not over.
  func kept(_ attempt: AttemptRecord) -> Stamp? {
    if let exchange = attempt.exchange { return exchanges[exchange].walked }
    return background.first { $0.exchange == attempt.refreshed }?.ended
  }

  /// The attempts that exchange `number` made, in their order.
  package func attempts(of number: Int) -> [AttemptRecord] {
    attempts.filter { $0.exchange == number }
  }
}
