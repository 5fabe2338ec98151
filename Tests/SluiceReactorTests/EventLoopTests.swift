import SluiceCore
import SluiceTestSupport
import Synchronization
import Testing

@testable import SluiceReactor

@Suite struct EventLoopTests {
  @Test("runs what other threads hand in, in order, however idle it is")
  func crossThread() async throws {
    let loop = try EventLoop()
    try loop.start()
    let heard = Mailbox<Int>()
    for number in 0..<100 {
      loop.execute { heard.add(loop.isCurrent ? number : -1) }
      #expect(await heard.next() == number)
    }
    for number in 0..<5_000 { loop.execute { heard.add(number) } }
    for number in 0..<5_000 { #expect(await heard.next() == number) }
    loop.stop()
    loop.join()
  }

  @Test("keeps a task on its thread through awaits of every kind")
  func staysOnLoop() async throws {
    try await onLoop { loop in
      loop.checkIsolated()
      await nonisolatedWork()
      loop.checkIsolated()
      try await loop.sleep(untilMonotonic: loop.soon(1))
      loop.checkIsolated()
      await loop.yield()
      loop.checkIsolated()
      await Task.yield()
      loop.checkIsolated()
      await concurrentWork(loop)
      loop.checkIsolated()
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<3 { group.addTask { loop.checkIsolated() } }
      }
      loop.checkIsolated()
      #expect(EventLoop.current === loop)
    }
    #expect(EventLoop.current == nil)
  }

  @Test("ends a turn once for all its tasks, and runs in it what that releases")
  func endOfTurn() async throws {
    try await onLoop { loop in
      let waiting = Waiting()
      let heard = Mailbox<String>()
      // One turn: all of them are ready before any ends.
      for number in 0..<3 {
        loop.startTask {
          let turn = loop.turnNumber
          if number == 0 {
            loop.atEndOfTurn {
              heard.add("end \(loop.turnNumber == turn)")
              waiting.release()
            }
          }
          heard.add("task")
          await waiting.wait()
          heard.add("after \(loop.turnNumber == turn)")
        }
      }
      var all: [String] = []
      for _ in 0..<7 { all.append(await heard.next()) }
      let after = [String](repeating: "after true", count: 3)
      #expect(all == ["task", "task", "task", "end true"] + after)
    }
  }

  @Test("isolates the actors that name it")
  func pinnedActor() async throws {
    try await onLoop { loop in
      let counter = PinnedCounter(loop)
      for _ in 0..<10 { await counter.add() }
      #expect(await counter.count == 10)
      loop.checkIsolated()
      // From elsewhere, too.
      #expect(await Task(executorPreference: nil) { await counter.added() }.value == 11)
      #expect(countNow(of: counter) == 11)
    }
  }

  @Test("rings timers in the order of their deadlines, equal ones in the order of arrival")
  func timerOrder() async throws {
    try await onLoop { loop in
      let heard = Mailbox<Int>()
      let start = loop.now.monotonic
      for (offset, number) in [(3, 4), (1, 1), (2, 2), (2, 3), (4, 5)] as [(Int64, Int)] {
        _ = loop.schedule(at: start + offset * 1_000_000) { heard.add(number) }
      }
      for number in 1...5 { #expect(await heard.next() == number) }
      #expect(loop.now.monotonic >= start + 4_000_000)
    }
  }

  @Test("rings a timer whose time has passed in the next turn")
  func pastTimer() async throws {
    try await onLoop { loop in
      let heard = Mailbox<Int>()
      _ = loop.schedule(at: loop.now.monotonic - 1) { heard.add(1) }
      #expect(await heard.next() == 1)
    }
  }

  @Test("does not ring what was cancelled")
  func cancelledTimer() async throws {
    try await onLoop { loop in
      let heard = Mailbox<Int>()
      let start = loop.now.monotonic
      let timer = loop.schedule(at: start + 1_000_000) { heard.add(1) }
      _ = loop.schedule(at: start + 2_000_000) { heard.add(2) }
      loop.cancel(timer)
      #expect(!timer.isPending)
      #expect(await heard.next() == 2)
      #expect(heard.count == 0)
    }
  }

  @Test("a sleep ends with an error when its task is cancelled", arguments: [false, true])
  func cancelledSleep(fromTheLoop: Bool) async throws {
    let loop = try EventLoop()
    try loop.start()
    let outcome = Mailbox<Bool>()
    let started = Mailbox<Bool>()
    let sleeping = loop.startTask {
      started.add(true)
      do {
        try await loop.sleep(untilMonotonic: .max)
        outcome.add(false)
      } catch {
        outcome.add(error is CancellationError)
      }
    }
    _ = await started.next()
    if fromTheLoop {
      loop.execute { sleeping.cancel() }
    } else {
      sleeping.cancel()
    }
    #expect(await outcome.next())
    let left = Mailbox<Int>()
    loop.execute { left.add(loop.timerCount) }
    #expect(await left.next() == 0)
    loop.stop()
    loop.join()
  }

  @Test("sleeps no longer than it has to when a task was cancelled before")
  func sleepOfCancelledTask() async throws {
    try await onLoop { loop in
      let task = Task(executorPreference: loop) {
        try await loop.sleep(untilMonotonic: .max)
      }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }

  @Test("ends what waits on it when it stops, and drops what comes later")
  func stopping() async throws {
    let loop = try EventLoop()
    try loop.start()
    let outcomes = Mailbox<String>()
    let started = Mailbox<Bool>()
    loop.startTask {
      started.add(true)
      do {
        try await loop.sleep(untilMonotonic: .max)
      } catch {
        outcomes.add("sleep \(error is CancellationError)")
      }
    }
    loop.startTask {
      do {
        let pair = try await loop.connectedPair()
        started.add(true)
        _ = try await pair.server.read()
      } catch {
        outcomes.add("read \(error)")
      }
    }
    _ = await started.next()
    _ = await started.next()
    loop.stop()
    loop.join()
    #expect(Set([await outcomes.next(), await outcomes.next()]) == ["sleep true", "read closed"])
    loop.execute { outcomes.add("ran after the end") }
    #expect(outcomes.count == 0)
  }

  @Test("sleeps in the kernel while there is nothing to do")
  func idle() async throws {
    try await onLoop { loop in
      let heard = Mailbox<UInt64>()
      // The pair's own first events come before the count.
      let pair = try await loop.connectedPair()
      defer { pair.close() }
      try await loop.sleep(untilMonotonic: loop.soon(5))
      let before = loop.turnNumber
      _ = loop.schedule(at: loop.soon(30)) { heard.add(loop.turnNumber) }
      #expect(await heard.next() == before + 1)
    }
  }

  @Test("drops an event whose descriptor has a new owner")
  func staleGeneration() {
    var table = SourceTable()
    let first = Recorder()
    let second = Recorder()
    let old = table.add(first, descriptor: 5)
    #expect(table[Registration(token: old.token)] === first)
    table.remove(old)
    #expect(table[old] == nil)
    let new = table.add(second, descriptor: 5)
    #expect(table[old] == nil)
    #expect(table[new] === second)
    // Removing the old one again must not take the new one away.
    table.remove(old)
    #expect(table[new] === second)
    #expect(table.count == 1)
    #expect(table[Registration(token: .max)] == nil)
  }

  @Test("draws different numbers, also from elsewhere")
  func randomness() async throws {
    let loop = try EventLoop()
    try loop.start()
    #expect(loop.random() != loop.random())
    let drawn = Mailbox<Set<UInt64>>()
    loop.execute { drawn.add(Set((0..<1_000).map { _ in loop.random() })) }
    #expect(await drawn.next().count == 1_000)
    loop.stop()
    loop.join()
  }

  @Test("a group has the loops it is asked for, each its own thread")
  func group() async throws {
    let group = try EventLoopGroup(count: 3)
    let seen = Mailbox<Int>()
    for loop in group.loops { loop.execute { seen.add(EventLoop.current?.index ?? -1) } }
    #expect(Set([await seen.next(), await seen.next(), await seen.next()]) == [0, 1, 2])
    group.stop()
  }
}

@Suite struct TimerHeapTests {
  @Test("gives out any mixture of timers in order, the cancelled left out")
  func order() {
    var heap = TimerHeap()
    var generator = FastGenerator(seed: (1, 2))
    let rung = Mutex<[Int64]>([])
    var timers: [LoopTimer] = []
    for _ in 0..<1_000 {
      let deadline = Int64.random(in: 0..<500, using: &generator)
      timers.append(heap.add(at: deadline) { rung.withLock { $0.append(deadline) } })
    }
    var left: [Int64] = []
    for (index, timer) in timers.enumerated() {
      if index % 3 == 0 { left.append(timer.deadline) } else { heap.cancel(timer) }
    }
    #expect(heap.count == left.count)
    #expect(heap.earliest == left.min())
    while let action = heap.takeDue(at: 499) { action() }
    #expect(rung.withLock { $0 } == left.sorted())
    #expect(heap.count == 0)
    #expect(heap.earliest == nil)
  }

  @Test("takes nothing before its time")
  func due() {
    var heap = TimerHeap()
    _ = heap.add(at: 10) {}
    #expect(heap.takeDue(at: 9) == nil)
    #expect(heap.takeDue(at: 10) != nil)
    #expect(heap.takeDue(at: 10) == nil)
  }

  @Test("cancelling twice, or after it rang, counts once")
  func cancelTwice() {
    var heap = TimerHeap()
    let first = heap.add(at: 1) {}
    let second = heap.add(at: 2) {}
    heap.cancel(first)
    heap.cancel(first)
    #expect(heap.count == 1)
    _ = heap.takeDue(at: 2)
    heap.cancel(second)
    #expect(heap.count == 0)
  }
}

private final class Recorder: EventSource {
  func becameReady(_ readiness: Readiness) {}
  func loopStops() {}
}

private actor PinnedCounter {
  private let loop: EventLoop
  private(set) var count = 0

  init(_ loop: EventLoop) { self.loop = loop }

  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

  func add() async {
    loop.checkIsolated()
    await nonisolatedWork()
    loop.checkIsolated()
    count += 1
  }

  func added() async -> Int {
    await add()
    return count
  }
}

private func countNow(of counter: PinnedCounter) -> Int { counter.assumeIsolated { $0.count } }

private func nonisolatedWork() async {}

@concurrent private func concurrentWork(_ loop: EventLoop) async {
  loop.checkIsolated()
}

/// Tasks that wait for each other.
private final class Waiting: Sendable {
  private let waiters = Mutex<[CheckedContinuation<Void, Never>]>([])

  func wait() async {
    await withCheckedContinuation { waiter in waiters.withLock { $0.append(waiter) } }
  }

  func release() {
    for waiter in waiters.withLock({ $0 }) { waiter.resume() }
  }
}
