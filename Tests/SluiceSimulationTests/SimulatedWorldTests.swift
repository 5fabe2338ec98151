import SluiceCore
import SluiceSimulation
import Synchronization
import Testing

@Suite("A simulated world")
struct SimulatedWorldTests {
  /// A run of actor hops, yields, sleeps and timers; returns what it did, in order.
  private func errands(seed: UInt64, loops: Int = 1) -> (order: [String], trace: UInt64) {
    let world = SimulatedWorld(seed: seed, loops: loops)
    let order = Mutex<[String]>([])
    for runner in 0..<8 {
      let loop = world.loops[runner % loops]
      loop.start {
        let counter = Tally()
        for lap in 0..<3 {
          await counter.count()
          await Task.yield()
          let wait = Int64(loop.random() % 4)
          try? await loop.sleep(untilMonotonic: loop.now.monotonic + wait * 1000)
          order.withLock { $0.append("\(runner).\(lap)") }
        }
      }
    }
    world.run()
    return (order.withLock { $0 }, world.trace.hash)
  }

  private actor Tally {
    var total = 0
    func count() { total += 1 }
  }

  @Test("takes the same steps whenever it has the same seed")
  func sameSeed() {
    let first = errands(seed: 7, loops: 2)
    for _ in 0..<50 {
      let again = errands(seed: 7, loops: 2)
      #expect(again.order == first.order)
      #expect(again.trace == first.trace)
    }
  }

  @Test("interleaves work differently for different seeds")
  func differentSeeds() {
    let orders = Set((0..<50).map { errands(seed: UInt64($0)).order })
    #expect(orders.count >= 45)
  }

  @Test("runs nothing before it is run, and everything by the time run returns")
  func runsOnDemand() {
    let world = SimulatedWorld(seed: 1)
    let done = Mutex(0)
    for _ in 0..<10 { world.loops[0].start { done.withLock { $0 += 1 } } }
    #expect(done.withLock { $0 } == 0)
    world.run()
    #expect(done.withLock { $0 } == 10)
  }

  @Test("lets time stand while work is ready, and jump when none is")
  func virtualTime() {
    let world = SimulatedWorld(seed: 3)
    let loop = world.loops[0]
    let start = world.now
    let seen = Mutex<[Int64]>([])
    for hours in [5, 1, 3] as [Int64] {
      loop.start {
        try? await loop.sleep(untilMonotonic: start.monotonic + hours * 3_600_000_000_000)
        let passed = loop.now.monotonic - start.monotonic
        seen.withLock { $0.append(passed / 3_600_000_000_000) }
      }
    }
    world.run()
    #expect(seen.withLock { $0 } == [1, 3, 5])
    #expect(world.now == start.advanced(byNanoseconds: 5 * 3_600_000_000_000))
  }

  @Test("stops at the time it is told, and goes on from there")
  func runsUntil() {
    let world = SimulatedWorld(seed: 3)
    let ran = Mutex<[Int]>([])
    let start = world.now.monotonic
    for place in 1...4 {
      _ = world.schedule(atMonotonic: start + Int64(place) * 10) {
        ran.withLock { $0.append(place) }
      }
    }
    world.pass(nanoseconds: 25)
    #expect(ran.withLock { $0 } == [1, 2])
    #expect(world.now.monotonic == start + 25)
    world.run()
    #expect(ran.withLock { $0 } == [1, 2, 3, 4])
  }

  @Test("does not run what was withdrawn, even in the instant when it was due")
  func withdraws() {
    for seed in 0..<20 as Range<UInt64> {
      let world = SimulatedWorld(seed: seed)
      let loop = world.loops[0]
      let ran = Mutex(0)
      loop.start {
        let due = loop.now.monotonic + 100
        let first = loop.schedule(atMonotonic: due) { ran.withLock { $0 += 1 } }
        try? await loop.sleep(untilMonotonic: due)
        let hadRun = ran.withLock { $0 }
        first.withdraw()
        await Task.yield()
        #expect(ran.withLock { $0 } == hadRun)
      }
      world.run()
    }
  }

  @Test("wakes a sleeper whose task is cancelled in the same instant")
  func cancelsSleep() {
    let world = SimulatedWorld(seed: 9)
    let loop = world.loops[0]
    let start = world.now.monotonic
    let woke = Mutex<(wasCancelled: Bool, at: Int64)?>(nil)
    let sleeper = loop.start {
      do {
        try await loop.sleep(untilMonotonic: start + 1_000_000)
      } catch {
        woke.withLock { $0 = (error is CancellationError, loop.now.monotonic) }
      }
    }
    _ = world.schedule(atMonotonic: start + 400) { sleeper.cancel() }
    world.run()
    #expect(woke.withLock { $0?.wasCancelled } == true)
    #expect(woke.withLock { $0?.at } == start + 400)
    #expect(world.now.monotonic == start + 400)
  }

  @Test("keeps each task on its own loop, across waits")
  func staysOnItsLoop() {
    let world = SimulatedWorld(seed: 4, loops: 3)
    let visits = Mutex(0)
    for loop in world.loops {
      loop.start {
        for _ in 0..<5 {
          loop.preconditionIsolated()
          await Task.yield()
          try? await loop.sleep(untilMonotonic: loop.now.monotonic + 10)
          visits.withLock { $0 += 1 }
        }
      }
    }
    world.run()
    #expect(visits.withLock { $0 } == 15)
  }

  @Test("steps the wall clock without the monotonic one noticing")
  func stepsWall() {
    let world = SimulatedWorld(seed: 1)
    let before = world.now
    world.stepWall(byNanoseconds: -5_000_000_000)
    #expect(world.now.monotonic == before.monotonic)
    #expect(world.now.wall == before.wall - 5_000_000_000)
  }

  @Test("lets timers come between ready work when time drifts")
  func drifts() {
    let world = SimulatedWorld(seed: 2, drift: 1...5)
    let loop = world.loops[0]
    let start = loop.now.monotonic
    let firedAfter = Mutex<Int?>(nil)
    let laps = Mutex(0)
    loop.start {
      _ = loop.schedule(atMonotonic: start + 50) {
        firedAfter.withLock { $0 = laps.withLock { $0 } }
      }
      for _ in 0..<100 {
        await Task.yield()
        laps.withLock { $0 += 1 }
      }
    }
    world.run()
    let fired = firedAfter.withLock { $0 }
    #expect(fired.map { $0 < 100 } == true)
  }

  @Test("traps with its seed when work does not come to rest")
  func bounded() async {
    await #expect(processExitsWith: .failure) {
      let world = SimulatedWorld(seed: 5)
      world.loops[0].start { while true { await Task.yield() } }
      world.run(atMost: 1_000)
    }
  }

  @Test("traps when an action is withdrawn off its loop")
  func withdrawsOnItsLoop() async {
    await #expect(processExitsWith: .failure) {
      let world = SimulatedWorld(seed: 5, loops: 2)
      let left = world.loops[0]
      let right = world.loops[1]
      left.start {
        let action = left.schedule(atMonotonic: left.now.monotonic + 10) {}
        right.start { action.withdraw() }
      }
      world.run()
    }
  }
}

@Suite("Seeded numbers")
struct SeededRandomTests {
  @Test("are the ones that xoshiro256** gives")
  func knownAnswers() {
    // The reference code, seeded with SplitMix64 of 0.
    var random = SeededRandom(seed: 0)
    #expect(random.next() == 0x99ec_5f36_cb75_f2b4)
    #expect(random.next() == 0xbf6e_1f78_4956_452a)
  }

  @Test("are not changed by what a fork draws")
  func forks() {
    var left = SeededRandom(seed: 11)
    var right = SeededRandom(seed: 11)
    var fork = left.fork()
    _ = right.fork()
    for _ in 0..<10 { _ = fork.next() }
    #expect(left.next() == right.next())
  }
}
