internal import CReactor
package import SluiceCore
internal import Synchronization

/// Turns names into addresses, off the loops, and remembers them.
///
/// Whoever asks for a name that is being looked up waits for the same answer. The system's resolver
/// does not tell how long an answer holds, so that each is kept for one fixed time; when a later
/// look-up fails, the old answer serves on until the name is found again, since a name server that
/// is down says nothing about the upstream. Numeric addresses are answered at once.
///
/// Isolation: any thread; the caller resumes on its own executor.
package final class Resolver: Sendable {
  /// Blocks until the addresses of a name are known.
  package typealias LookUp = @Sendable (String) throws(IOFailure) -> [SocketAddress]

  private struct Entry {
    var addresses: [SocketAddress] = []
    var freshUntil = Int64.min
    /// When a doubt may take effect at the earliest.
    var firmUntil = Int64.min
    var waiting: [Waiting]?
  }
  private let entries = Mutex<[String: Entry]>([:])
  private let world: any World
  private let executor: BlockingExecutor
  private let lifetime: Int64
  private let lookUp: LookUp

  /// Creates a resolver with an empty memory.
  ///
  /// - Parameters:
  ///   - executor: whose threads block.
  ///   - world: its clock tells how old an answer is.
  ///   - lifetime: how long an answer is used without asking again; a failure for a tenth of it.
  ///   - lookUp: asks; by default the system's resolver.
  package init(
    on executor: BlockingExecutor,
    world: any World,
    lifetime: Duration = .seconds(30),
    lookUp: @escaping LookUp = systemLookUp
  ) {
    self.executor = executor
    self.world = world
    self.lifetime = lifetime.nanoseconds
    self.lookUp = lookUp
  }

  /// The addresses of a host, with `port`, in the order of preference.
  ///
  /// - Parameters:
  ///   - host: a name or a numeric address, IPv6 with brackets or without.
  ///   - port: put into every address.
  ///   - deadline: in monotonic nanoseconds; only kept for callers on a loop. The look-up goes on
  ///     for those who ask next.
  /// - Throws: `notFound`, `timedOut`, `overloaded`, or what else the look-up met.
  /// - Returns: one address at least.
  package func addresses(
    of host: String,
    port: UInt16,
    deadline: Int64 = .max
  ) async throws(IOFailure) -> [SocketAddress] {
    if let numeric = SocketAddress(host: host, port: port) { return [numeric] }
    let found = try await resolved(host, deadline: deadline)
    return found.map { address in
      var address = address
      address.port = port
      return address
    }
  }

  private func resolved(
    _ host: String,
    deadline: Int64
  ) async throws(IOFailure) -> [SocketAddress] {
    let waiting = Waiting()
    let now = world.now.monotonic
    let step = entries.withLock { entries -> Step in
      if var entry = entries[host] {
        if now < entry.freshUntil {
          return .known(entry.addresses)
        }
        if entry.waiting != nil {
          entry.waiting?.append(waiting)
          entries[host] = entry
          return .wait
        }
      } else if entries.count >= Bounds.resolvedNames, !Self.forgetOldest(of: &entries) {
        return .refuse
      }
      entries[host, default: Entry()].waiting = [waiting]
      return .ask
    }
    switch step {
    case .known(let addresses):
      guard !addresses.isEmpty else { throw .notFound }
      return addresses
    case .refuse: throw .overloaded
    case .wait: break
    case .ask:
      let started = executor.startTask { [self] in ask(host) }
      if started == nil { settle(host, .failure(.overloaded)) }
    }
    return try await waiting.answer(before: deadline).get()
  }

  /// Has a name looked up again, since nobody answered at its addresses.
  ///
  /// With the next question, but not sooner than a tenth of the lifetime after the last answer: while
  /// an upstream is down every attempt doubts. The doubted addresses serve on where the look-up
  /// fails.
  package func doubt(_ host: String) {
    entries.withLock { entries in
      guard var entry = entries[host], entry.freshUntil > entry.firmUntil else { return }
      entry.freshUntil = entry.firmUntil
      entries[host] = entry
    }
  }

  /// How many wait for the answer about a name; for tests.
  func waitingCount(for host: String) -> Int {
    entries.withLock { $0[host]?.waiting?.count ?? 0 }
  }

  private enum Step {
    case known([SocketAddress])
    case wait
    case ask
    case refuse
  }

  private static func forgetOldest(of entries: inout [String: Entry]) -> Bool {
    let idle = entries.filter { $0.value.waiting == nil }
    guard let oldest = idle.min(by: { $0.value.freshUntil < $1.value.freshUntil }) else {
      return false
    }
    entries[oldest.key] = nil
    return true
  }

  private func ask(_ host: String) {
    do throws(IOFailure) {
      settle(host, .success(try lookUp(host)))
    } catch {
      settle(host, .failure(error))
    }
  }

  private func settle(_ host: String, _ found: Result<[SocketAddress], IOFailure>) {
    let now = world.now.monotonic
    let (waiting, answer) = entries.withLock { entries in
      var entry = entries[host] ?? Entry()
      let waiting = entry.waiting ?? []
      var answer = found
      switch found {
      case .success(let addresses):
        entry.addresses = addresses
        entry.freshUntil = now + lifetime
      case .failure:
        if !entry.addresses.isEmpty { answer = .success(entry.addresses) }
        entry.freshUntil = now + lifetime / 10
      }
      entry.firmUntil = now + lifetime / 10
      entry.waiting = nil
      // What was refused for lack of room, or failed otherwise than for good, is asked again.
      let isForgotten = entry.addresses.isEmpty && found != .failure(.notFound)
      entries[host] = isForgotten ? nil : entry
      return (waiting, answer)
    }
    for one in waiting { one.settle(answer) }
  }

  /// Asks the system's resolver, which blocks: for seconds if the name server does not answer.
  package static func systemLookUp(_ host: String) throws(IOFailure) -> [SocketAddress] {
    guard !host.utf8.contains(0) else { throw .notFound }
    var found: [reactor_address] = Array(repeating: .init(), count: Bounds.addressesPerName)
    let count = unsafe host.withCString { name in
      unsafe found.withUnsafeMutableBufferPointer {
        unsafe reactor_look_up(name, $0.baseAddress, Int32($0.count))
      }
    }
    return found.prefix(Int(try checked(count))).map { SocketAddress($0) }
  }
}

/// One task that waits for an answer, or for its deadline, whichever comes first.
private final class Waiting: Sendable {
  private enum State {
    case fresh
    case waiting(Waiter<Result<[SocketAddress], IOFailure>>)
    case settled(Result<[SocketAddress], IOFailure>)
  }
  private let state = Mutex(State.fresh)

  func answer(before deadline: Int64) async -> Result<[SocketAddress], IOFailure> {
    let loop = EventLoop.current
    var timer: LoopTimer?
    if let loop, deadline != .max {
      timer = loop.schedule(at: deadline) { self.settle(.failure(.timedOut)) }
    }
    let answer = await Waiter<Result<[SocketAddress], IOFailure>>
      .wait { waiter in
        let ready = state.withLock { state -> Result<[SocketAddress], IOFailure>? in
          if case .settled(let answer) = state { return answer }
          state = .waiting(waiter)
          return nil
        }
        if let ready { waiter.resume(ready) }
      }
    if let loop, let timer { loop.cancel(timer) }
    return answer
  }

  func settle(_ answer: Result<[SocketAddress], IOFailure>) {
    let waiter = state.withLock { state -> Waiter<Result<[SocketAddress], IOFailure>>? in
      switch state {
      case .settled: return nil
      case .fresh:
        state = .settled(answer)
        return nil
      case .waiting(let waiter):
        state = .settled(answer)
        return waiter
      }
    }
    waiter?.resume(answer)
  }
}
