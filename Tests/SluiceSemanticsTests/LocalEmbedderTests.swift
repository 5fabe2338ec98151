import SluiceCore
import SluicePipeline
import SluiceReactor
import SluiceTelemetry
import Synchronization
import Testing

@testable import SluiceSemantics

@Suite("Local embedder")
struct LocalEmbedderTests {
  let workers = HeldWorkers()
  let world = StillWorld()
  let registry = MetricsRegistry()
  let cancellation = Cancellation()

  private func make(queue: Int = 4, followers: Int = 4) throws -> LocalEmbedder {
    LocalEmbedder(
      try Encoders.int8(),
      on: workers,
      meters: EmbeddingMeters(in: registry),
      now: { 0 },
      queue: queue,
      followers: followers
    )
  }

  private func embed(
    _ text: String,
    with embedder: LocalEmbedder
  ) async -> Result<Meaning, EmbeddingFailure> {
    do throws(EmbeddingFailure) {
      return .success(
        try await embedder.embed(text, until: 1_000, in: world, unless: cancellation)
      )
    } catch {
      return .failure(error)
    }
  }

  private func count(_ result: String) -> Int64 { registry.embeddings[result].value }

  /// Lets the others go on until something is so.
  private func until(_ isSo: () -> Bool) async { while !isSo() { await Task.yield() } }

  @Test("gives the encoder's vector, from a thread")
  func vector() async throws {
    let embedder = try make()
    async let answer = embed("How do I reset my password?", with: embedder)
    await until { workers.count == 1 }
    workers.work()
    let encoder = try Encoders.int8()
    let ids = encoder.tokenizer.encode("How do I reset my password?", upTo: 256).ids
    #expect(await answer == .success(try encoder.meaning(of: ids)))
    #expect(count("embedded") == 1)
    #expect(embedder.isIdle)
    #expect(world.scheduled == 0)
  }

  @Test("equal texts in flight are embedded once, for all who ask")
  func joined() async throws {
    let embedder = try make()
    async let first = embed("Hello there", with: embedder)
    await until { workers.count == 1 }
    async let second = embed("hello   THERE", with: embedder)
    await until { count("joined") == 1 }
    workers.work()
    let (one, other) = await (first, second)
    #expect(one == other)
    #expect(try one.get().vector.count == embedder.dimension)
    #expect(count("embedded") == 1)
  }

  @Test("a full queue refuses at once, and takes texts again when it has room")
  func full() async throws {
    let embedder = try make(queue: 1)
    async let first = embed("one", with: embedder)
    await until { workers.count == 1 }
    #expect(await embed("two", with: embedder) == .failure(.busy))
    #expect(count("busy") == 1)
    workers.work()
    #expect(try await first.get().vector.count == 384)
    async let third = embed("three", with: embedder)
    await until { workers.count == 1 }
    workers.work()
    #expect(try await third.get().vector.count == 384)
  }

  @Test("no more than a bound wait for one text")
  func crowded() async throws {
    let embedder = try make(followers: 1)
    async let first = embed("one", with: embedder)
    await until { workers.count == 1 }
    #expect(await embed("one", with: embedder) == .failure(.busy))
    workers.work()
    _ = await first
  }

  @Test("workers that take no work are a full queue, and leave nothing behind")
  func refusingThreads() async throws {
    workers.refuse()
    let embedder = try make()
    #expect(await embed("one", with: embedder) == .failure(.busy))
    #expect(embedder.isIdle)
  }

  @Test("who waits too long goes on without, and a text that nobody wants is left out")
  func late() async throws {
    let embedder = try make()
    async let answer = embed("one", with: embedder)
    await until { world.scheduled == 1 }
    world.fire()
    #expect(await answer == .failure(.late))
    #expect(count("late") == 1)
    workers.work()
    #expect(count("embedded") == 0)
    #expect(count("abandoned") == 1)
    #expect(embedder.isIdle)
  }

  @Test("an exchange that is no longer wanted stops waiting, others do not")
  func cancelled() async throws {
    let embedder = try make()
    async let first = embed("one", with: embedder)
    await until { workers.count == 1 }
    async let second = embedder.embed("one", until: 1_000, in: world, unless: Cancellation())
    await until { world.scheduled == 2 }
    cancellation.cancel(.clientLeft)
    #expect(await first == .failure(.cancelled(.clientLeft)))
    workers.work()
    #expect(try await second.vector.count == 384)
  }

  @Test("a text beyond the limit is refused before it waits: what is cut off is not compared")
  func tooLong() async throws {
    let text = String(repeating: "word ", count: 255)
    #expect(await embed(text, with: try make()) == .failure(.tooLong))
    #expect(workers.count == 0)
    #expect(count("too_long") == 1)
  }
}

@Suite("Local embedder on threads")
struct ThreadedEmbedderTests {
  struct ThreadWorkers: Workers {
    let executor: BlockingExecutor
    func start(_ work: @escaping @Sendable () -> Void) -> Bool {
      executor.startTask { work() } != nil
    }
  }

  @Test("gives many at a time each its own vector")
  func concurrent() async throws {
    let executor = try BlockingExecutor(threads: 3)
    defer { executor.stop() }
    let encoder = try Encoders.int8()
    let embedder = LocalEmbedder(
      encoder,
      on: ThreadWorkers(executor: executor),
      meters: EmbeddingMeters(in: MetricsRegistry()),
      now: { 0 }
    )
    let texts = (0..<48).map { "How do I do number \($0 % 24)?" }
    let world = StillWorld()
    let found = try await withThrowingTaskGroup(of: (Int, Meaning).self) { group in
      for (index, text) in texts.enumerated() {
        group.addTask {
          let meaning = try await embedder.embed(
            text,
            until: 1_000,
            in: world,
            unless: Cancellation()
          )
          return (index, meaning)
        }
      }
      return try await group.reduce(into: [Int: Meaning]()) { $0[$1.0] = $1.1 }
    }
    for (index, text) in texts.enumerated() {
      let ids = encoder.tokenizer.encode(text, upTo: 256).ids
      #expect(found[index] == (try encoder.meaning(of: ids)))
    }
    #expect(embedder.isIdle)
  }
}

/// Workers that work when the test says so.
final class HeldWorkers: Workers {
  private let held = Mutex<[@Sendable () -> Void]>([])
  private let isRefusing = Atomic(false)

  var count: Int { held.withLock { $0.count } }
  func refuse() { isRefusing.store(true, ordering: .relaxed) }

  func start(_ work: @escaping @Sendable () -> Void) -> Bool {
    if isRefusing.load(ordering: .relaxed) { return false }
    held.withLock { $0.append(work) }
    return true
  }

  func work() {
    let all = held.withLock { held in
      defer { held = [] }
      return held
    }
    for one in all { one() }
  }
}

/// A world whose time stands still; what it was to do, it does when the test says so.
final class StillWorld: World {
  private final class Action: ScheduledAction {
    let run: @Sendable () -> Void
    private let isOver = Atomic(false)
    var isLive: Bool { !isOver.load(ordering: .relaxed) }
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    func withdraw() { isOver.store(true, ordering: .relaxed) }
  }
  private let actions = Mutex<[Action]>([])

  var scheduled: Int { actions.withLock { $0.filter(\.isLive).count } }
  func startWork(_ work: @escaping @Sendable () async -> Void) { Task { await work() } }
  func atEndOfTurn(_ action: @escaping @Sendable () -> Void) { action() }
  func fire() { for action in actions.withLock({ $0.filter(\.isLive) }) { action.run() } }

  var now: Moment { Moment(monotonic: 0, wall: 0) }
  func random() -> UInt64 { 0 }
  func schedule(
    atMonotonic deadline: Int64,
    _ action: @escaping @Sendable () -> Void
  ) -> any ScheduledAction {
    let action = Action(action)
    actions.withLock { $0.append(action) }
    return action
  }
  func sleep(untilMonotonic deadline: Int64) async throws {}
}
