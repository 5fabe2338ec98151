import SluiceCore
import SluiceHTTP
import SluicePipeline
import Synchronization

/// A world whose clock a test turns by hand.
final class FakeWorld: World {
  private struct State {
    var now = Moment(monotonic: 1_000_000_000_000, wall: 1_795_506_600_000_000_000)
    var nextID = 0
    var actions: [(id: Int, at: Int64, run: @Sendable () -> Void)] = []
  }
  private let state = Mutex(State())

  var now: Moment { state.withLock { $0.now } }
  func random() -> UInt64 { 4 }

  /// Actions that wait for their time.
  var pendingCount: Int { state.withLock { $0.actions.count } }

  func schedule(
    atMonotonic deadline: Int64,
    _ action: @escaping @Sendable () -> Void
  ) -> any ScheduledAction {
    let id = state.withLock { state in
      state.nextID += 1
      state.actions.append((state.nextID, deadline, action))
      return state.nextID
    }
    return Scheduled(id: id, world: self)
  }

  func sleep(untilMonotonic deadline: Int64) async throws {
    preconditionFailure("no stage of these tests sleeps")
  }

  func startWork(_ work: @escaping @Sendable () async -> Void) { Task { await work() } }
  func atEndOfTurn(_ action: @escaping @Sendable () -> Void) { action() }

  /// Moves the clocks on and runs what became due, in the order of its time.
  func advance(by duration: Duration) {
    let due = state.withLock { state in
      state.now = state.now.advanced(byNanoseconds: duration.nanoseconds)
      let now = state.now.monotonic
      let due = state.actions.filter { $0.at <= now }.sorted { $0.at < $1.at }
      state.actions.removeAll { $0.at <= now }
      return due
    }
    for action in due { action.run() }
  }

  private func withdraw(_ id: Int) { state.withLock { $0.actions.removeAll { $0.id == id } } }

  private final class Scheduled: ScheduledAction {
    private let id: Int
    private let world: FakeWorld
    init(id: Int, world: FakeWorld) {
      self.id = id
      self.world = world
    }
    func withdraw() { world.withdraw(id) }
  }
}

/// A client that takes nothing; replies in one piece stay on the exchange.
final class NoSink: ReplySink {
  func begin(status: Int, fields: HeaderLines) async throws(Failure) {}
  func write(_ bytes: [UInt8]) async throws(Failure) {}
  func finish() async throws(Failure) {}
}
