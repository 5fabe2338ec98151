import SluiceCore
import SluiceHTTP
import SluiceReactor
import Synchronization

/// The connections of one loop of a server, and what they share.
///
/// Isolation: its loop, `count`, `beginDraining` and `emptied` apart, which may be called from
/// anywhere.
final class LoopConnections: Sendable {
  let loop: EventLoop

  private struct State {
    var open: [ObjectIdentifier: Connection] = [:]
    var isDraining = false
    var emptied: [CheckedContinuation<Void, Never>] = []
    var bodyBytes = 0
    var dateSecond = Int64.min
    var date = HeaderLines()
  }
  private let state = Mutex(State())

  init(on loop: EventLoop) { self.loop = loop }

  var count: Int { state.withLock { $0.open.count } }

  func add(_ connection: Connection) {
    state.withLock { $0.open[ObjectIdentifier(connection)] = connection }
  }

  func remove(_ connection: Connection) {
    let emptied = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      state.open[ObjectIdentifier(connection)] = nil
      guard state.isDraining, state.open.isEmpty else { return [] }
      defer { state.emptied = [] }
      return state.emptied
    }
    for continuation in emptied { continuation.resume() }
  }

  /// The field `Date` of a reply (RFC 9110 section 6.6.1), made once a second.
  var date: HeaderLines {
    let second = loop.turn.wall / 1_000_000_000
    return state.withLock { state in
      if state.dateSecond != second {
        state.dateSecond = second
        state.date = ["Date": HTTPDate.format(second)]
      }
      return state.date
    }
  }

  // MARK: Bodies

  /// Counts bytes of a body; `false` when the loop holds too many (`Bounds.bodyBytesPerLoop`).
  func holdBody(_ count: Int) -> Bool {
    state.withLock { state in
      guard state.bodyBytes + count <= Bounds.bodyBytesPerLoop else { return false }
      state.bodyBytes += count
      return true
    }
  }

  func releaseBody(_ count: Int) {
    state.withLock { $0.bodyBytes -= count }
  }

  // MARK: Draining

  /// Whether connections end with the reply that they are at.
  var isDraining: Bool { state.withLock { $0.isDraining } }

  /// Ends connections: those that idle at once, the others with their reply, at `deadline` all.
  func beginDraining(until deadline: Int64) {
    loop.execute { [self] in
      let (open, emptied) = state.withLock { state in
        state.isDraining = true
        defer { if state.open.isEmpty { state.emptied = [] } }
        return (Array(state.open.values), state.open.isEmpty ? state.emptied : [])
      }
      // Who began to wait before this ran is not told by the end of a connection if none is open.
      for continuation in emptied { continuation.resume() }
      for connection in open { connection.endIfIdle(isForced: false) }
      // A connection that never had a request may have one on its way: it gets a moment.
      let moment = min(deadline, loop.turn.monotonic + Self.linger)
      _ = loop.schedule(at: moment) { [weak self] in
        self?.forEachOpen { $0.endIfIdle(isForced: true) }
      }
      _ = loop.schedule(at: deadline) { [weak self] in self?.cutAll() }
    }
  }

  /// Waits until draining has ended the last connection.
  func emptied() async {
    await withCheckedContinuation { continuation in
      let isEmpty = state.withLock { state in
        if state.isDraining, state.open.isEmpty { return true }
        state.emptied.append(continuation)
        return false
      }
      if isEmpty { continuation.resume() }
    }
  }

  private func cutAll() {
    forEachOpen { $0.cancel(.draining) }
    // What was cancelled says so to its client, if that is there to listen.
    _ = loop.schedule(at: loop.turn.monotonic + Self.linger) { [weak self] in
      self?.forEachOpen { $0.abort() }
    }
  }

  private func forEachOpen(_ body: (Connection) -> Void) {
    for connection in state.withLock({ Array($0.open.values) }) { body(connection) }
  }

  private static let linger = Bounds.lingerSeconds * 1_000_000_000
}
