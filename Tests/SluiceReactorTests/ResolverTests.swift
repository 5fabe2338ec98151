import SluiceCore
import SluiceTestSupport
import Synchronization
import Testing

@testable import SluiceReactor

@Suite struct ResolverTests {
  private let executor: BlockingExecutor
  private let world = SteppedWorld()
  private let directory = Directory()

  init() throws {
    executor = try BlockingExecutor(threads: 1)
  }

  private func resolver() -> Resolver {
    Resolver(on: executor, world: world, lifetime: .seconds(30)) {
      [directory] name throws(IOFailure) in
      try directory.lookUp(name)
    }
  }

  @Test("asks once for as long as an answer holds")
  func caching() async throws {
    defer { executor.stop() }
    let resolver = resolver()
    directory.put("api", ["10.0.0.1", "10.0.0.2"])
    let first = try await resolver.addresses(of: "api", port: 443)
    #expect(first.map(\.description) == ["10.0.0.1:443", "10.0.0.2:443"])
    directory.put("api", ["10.0.0.3"])
    world.advance(seconds: 29)
    #expect(try await resolver.addresses(of: "api", port: 80).first?.description == "10.0.0.1:80")
    #expect(directory.asked == 1)
    world.advance(seconds: 2)
    #expect(try await resolver.addresses(of: "api", port: 80).first?.description == "10.0.0.3:80")
    #expect(directory.asked == 2)
  }

  @Test("those who ask at the same time share one look-up")
  func sharing() async throws {
    defer { executor.stop() }
    let resolver = resolver()
    directory.put("api", ["10.0.0.1"])
    directory.close()
    let answers = try await withThrowingTaskGroup(of: [SocketAddress].self) { group in
      for _ in 0..<20 {
        group.addTask { try await resolver.addresses(of: "api", port: 1) }
      }
      // The one look-up waits at the gate until all the others have joined it.
      while resolver.waitingCount(for: "api") < 20 { await Task.yield() }
      directory.open()
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(answers.count == 20)
    #expect(directory.asked == 1)
  }

  @Test("serves the old answer while the name server fails")
  func stale() async throws {
    defer { executor.stop() }
    let resolver = resolver()
    directory.put("api", ["10.0.0.1"])
    let good = try await resolver.addresses(of: "api", port: 1)
    directory.put("api", nil)
    world.advance(seconds: 60)
    #expect(try await resolver.addresses(of: "api", port: 1) == good)
    #expect(directory.asked == 2)
    // Not asked again at once, but soon.
    #expect(try await resolver.addresses(of: "api", port: 1) == good)
    #expect(directory.asked == 2)
    world.advance(seconds: 4)
    _ = try await resolver.addresses(of: "api", port: 1)
    #expect(directory.asked == 3)
  }

  @Test("asks again about doubted addresses, which serve on where nobody knows better")
  func doubt() async throws {
    defer { executor.stop() }
    let resolver = resolver()
    directory.put("api", ["10.0.0.1"])
    let old = try await resolver.addresses(of: "api", port: 1)
    directory.put("api", ["10.0.0.2"])
    world.advance(seconds: 5)
    resolver.doubt("api")
    resolver.doubt("unknown")
    let new = try await resolver.addresses(of: "api", port: 1)
    #expect(new.map(\.description) == ["10.0.0.2:1"])
    #expect(new != old)
    #expect(directory.asked == 2)
    // One answer is believed for a moment, however many attempts fail.
    for _ in 0..<10 {
      resolver.doubt("api")
      #expect(try await resolver.addresses(of: "api", port: 1) == new)
    }
    #expect(directory.asked == 2)
    directory.put("api", nil)
    world.advance(seconds: 4)
    #expect(try await resolver.addresses(of: "api", port: 1) == new)
    #expect(directory.asked == 3)
  }

  @Test("remembers for a moment that a name does not exist")
  func missing() async throws {
    defer { executor.stop() }
    let resolver = resolver()
    for _ in 0..<3 {
      await #expect(throws: IOFailure.notFound) {
        _ = try await resolver.addresses(of: "nowhere", port: 1)
      }
    }
    #expect(directory.asked == 1)
    world.advance(seconds: 4)
    directory.put("nowhere", ["10.0.0.9"])
    #expect(try await resolver.addresses(of: "nowhere", port: 1).count == 1)
  }

  @Test("a caller's deadline ends its wait, not the look-up")
  func deadline() async throws {
    defer { executor.stop() }
    let resolver = resolver()
    directory.put("api", ["10.0.0.1"])
    directory.close()
    try await onLoop { loop in
      await #expect(throws: IOFailure.timedOut) {
        try await resolver.addresses(of: "api", port: 1, deadline: loop.soon())
      }
      directory.open()
      let found = try await resolver.addresses(of: "api", port: 1)
      #expect(found.count == 1)
      loop.checkIsolated()
    }
    #expect(directory.asked == 1)
  }

  @Test("answers numeric addresses without asking anybody")
  func numeric() async throws {
    defer { executor.stop() }
    let resolver = resolver()
    for host in ["127.0.0.1", "::1", "[::1]"] {
      #expect(try await resolver.addresses(of: host, port: 1).count == 1)
    }
    #expect(directory.asked == 0)
  }

  @Test("keeps a bounded number of names, the stalest going first")
  func bounded() async throws {
    defer { executor.stop() }
    let resolver = resolver()
    for index in 0...Bounds.resolvedNames {
      directory.put("name\(index)", ["10.0.0.1"])
      _ = try await resolver.addresses(of: "name\(index)", port: 1)
      world.advance(seconds: 0, nanoseconds: 1)
    }
    let asked = directory.asked
    _ = try await resolver.addresses(of: "name\(Bounds.resolvedNames)", port: 1)
    #expect(directory.asked == asked)
    _ = try await resolver.addresses(of: "name0", port: 1)
    #expect(directory.asked == asked + 1)
  }

  @Test("the system knows this machine")
  func system() throws {
    let found = try Resolver.systemLookUp("localhost")
    #expect(found.allSatisfy { $0.isLoopback })
    #expect(throws: IOFailure.notFound) { try Resolver.systemLookUp("a\u{0}b") }
  }
}

@Suite struct BlockingExecutorTests {
  @Test("runs work off the loop and returns to it")
  func run() async throws {
    let executor = try BlockingExecutor()
    defer { executor.stop() }
    try await onLoop { loop in
      let wasOnLoop = try await executor.run { loop.isCurrent }
      #expect(!wasOnLoop)
      loop.checkIsolated()
      await #expect(throws: IOFailure.refused) {
        try await executor.run { throw IOFailure.refused }
      }
    }
  }

  @Test("refuses work beyond its bound, and takes it again when there is room")
  func bound() async throws {
    let executor = try BlockingExecutor(threads: 1, limit: 2)
    defer { executor.stop() }
    let gate = Gate()
    let running = Mailbox<Bool>()
    let held = executor.startTask {
      running.add(true)
      gate.pass()
    }
    _ = await running.next()
    let waiting = (0..<2).map { _ in executor.startTask {} }
    #expect(waiting.allSatisfy { $0 != nil })
    #expect(executor.startTask {} == nil)
    await #expect(throws: IOFailure.overloaded) { try await executor.run {} }
    gate.open()
    await held?.value
    for task in waiting { await task?.value }
    try await executor.run {}
  }
}

/// A world whose clock moves when a test says so.
private final class SteppedWorld: World {
  private let time = Mutex<Int64>(0)
  var now: Moment { Moment(monotonic: time.withLock { $0 }, wall: 0) }
  func random() -> UInt64 { 4 }
  func schedule(
    atMonotonic deadline: Int64,
    _ action: @escaping @Sendable () -> Void
  ) -> any ScheduledAction {
    preconditionFailure("a resolver schedules nothing")
  }
  func sleep(untilMonotonic deadline: Int64) async throws {}
  func startWork(_ work: @escaping @Sendable () async -> Void) { Task { await work() } }
  func atEndOfTurn(_ action: @escaping @Sendable () -> Void) { action() }
  func advance(seconds: Int64, nanoseconds: Int64 = 0) {
    time.withLock { $0 += seconds * 1_000_000_000 + nanoseconds }
  }
}

/// A name server that counts, and answers only while it is open.
private final class Directory: Sendable {
  private let state = Mutex<(names: [String: [String]], asked: Int)>(([:], 0))
  private let gate = Gate(isOpen: true)

  var asked: Int { state.withLock { $0.asked } }
  func put(_ name: String, _ addresses: [String]?) {
    state.withLock { $0.names[name] = addresses }
  }
  func close() { gate.close() }
  func open() { gate.open() }

  func lookUp(_ name: String) throws(IOFailure) -> [SocketAddress] {
    gate.pass()
    let texts = state.withLock { state in
      state.asked += 1
      return state.names[name]
    }
    guard let texts else { throw .notFound }
    return texts.compactMap { SocketAddress(host: $0, port: 0) }
  }
}
