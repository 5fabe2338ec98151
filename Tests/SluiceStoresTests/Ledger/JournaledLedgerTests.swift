import SluiceCore
import SluicePipeline
import SluicePolicy
import Testing

@testable import SluiceStores

@Suite("The ledger")
struct JournaledLedgerTests {
  @Test("a hold is in the journal when its record is waited for; a settlement soon after")
  func order() async throws {
    let bench = LedgerBench()
    let ledger = try bench.open()
    let before = bench.medium.segments[1]?.count ?? 0
    let hold = try await ledger.held(100, in: bench.world).hold
    let written = bench.medium.segments[1]?.count ?? 0
    #expect(written > before)
    #expect(ledger.settle(hold, .cost(130), at: bench.world.now) == NanoDollars(30))
    #expect(bench.medium.segments[1]?.count == written)
    #expect(ledger.balance(in: bench.world) == Balance(130))
    bench.pass(seconds: 1)
    #expect(bench.medium.segments[1]?.count ?? 0 > written)
    let after = try LedgerBench(bench.medium.afterKill(), world: bench.world).open()
    #expect(after.balance(in: bench.world) == Balance(130))
    #expect(after.recovery.openHolds == 0)
  }

  @Test("killed before the settlement is written, the hold counts as spent")
  func killed() async throws {
    let bench = LedgerBench()
    let ledger = try bench.open()
    let hold = try await ledger.held(100, in: bench.world).hold
    _ = ledger.settle(hold, .cost(1), at: bench.world.now)
    let after = try LedgerBench(bench.medium.afterKill(), world: bench.world).open()
    #expect(after.balance(in: bench.world) == Balance(100))
    #expect(after.recovery.openHolds == 1)
    #expect(after.recovery.openAmount == NanoDollars(100))
  }

  @Test("what was written survives a loss of power a second later")
  func powerAfterASecond() async throws {
    let bench = LedgerBench()
    let ledger = try bench.open()
    _ = try await ledger.held(100, in: bench.world)
    bench.pass(seconds: 1)
    let after = try LedgerBench(bench.medium.afterPowerLoss(), world: bench.world).open()
    #expect(after.balance(in: bench.world) == Balance(100))
  }

  @Test("with durability power, nobody goes on before the disk has it")
  func power() async throws {
    let bench = LedgerBench()
    let ledger = try bench.open()
    ledger.configure(durability: .power, onFailure: .deny)
    let claim = Claim(amount: NanoDollars(5), charges: [], attribution: .ada)
    let hold = ledger.hold(claim, at: bench.world.now).hold
    async let waiting: Void = ledger.recorded(hold, in: bench.world)
    // The sync is asked for by the one who waits.
    while bench.medium.calls.syncs == 0 {
      await Task.yield()
      bench.work()
    }
    try await waiting
    let after = try LedgerBench(bench.medium.afterPowerLoss(), world: bench.world).open()
    #expect(after.recovery.openHolds == 1)
  }

  @Test("a full disk denies, keeps what was written readable, and is noticed to have room again")
  func fullDisk() async throws {
    let bench = LedgerBench()
    let ledger = try bench.open()
    let open = try await ledger.held(100, in: bench.world).hold
    bench.medium.faults.room = 10
    await #expect(throws: LedgerFailure(reason: "no space left on device")) {
      _ = try await ledger.held(50, in: bench.world)
    }
    // Given back, and nothing of the half-written record stays.
    #expect(ledger.balance(in: bench.world) == Balance(0, held: 100))
    #expect(!ledger.isWritable)
    #expect(try await ledger.held(1, in: bench.world) == .unavailable)
    #expect(
      try LedgerBench(bench.medium.afterKill(), world: bench.world).open().recovery.tornBytes == 0
    )
    _ = ledger.settle(open, .cost(70), at: bench.world.now)
    bench.pass(seconds: 3)
    #expect(!ledger.isWritable)
    #expect(ledger.usage.failures >= 3)

    bench.medium.faults.room = .max
    bench.pass(seconds: 1)
    #expect(ledger.isWritable)
    #expect(
      bench.notices == [
        .failed(LedgerFailure(reason: "no space left on device")),
        .recovered(after: 4_000_000_000),
      ]
    )
    _ = try await ledger.held(1, in: bench.world)
    let after = try LedgerBench(bench.medium.afterKill(), world: bench.world).open()
    #expect(after.balance(in: bench.world) == Balance(71))
  }

  @Test("a part that cannot be cut off at once is cut off before the next write")
  func ragged() async throws {
    let bench = LedgerBench()
    let ledger = try bench.open()
    bench.medium.faults.room = 10
    bench.medium.faults.failsCuts = LedgerFailure(reason: "read-only file system")
    await #expect(throws: LedgerFailure.self) { _ = try await ledger.held(50, in: bench.world) }
    bench.medium.faults = MemoryJournal.Faults()
    bench.pass(seconds: 1)
    _ = try await ledger.held(7, in: bench.world)
    let after = try LedgerBench(bench.medium.afterKill(), world: bench.world).open()
    #expect(after.balance(in: bench.world) == Balance(7))
  }

  @Test("writes that take a little at a time are completed")
  func shortWrites() async throws {
    let bench = LedgerBench()
    let ledger = try bench.open()
    bench.medium.faults.mostBytesPerAppend = 3
    _ = try await ledger.held(7, in: bench.world)
    let after = try LedgerBench(bench.medium.afterKill(), world: bench.world).open()
    #expect(after.balance(in: bench.world) == Balance(7))
  }

  @Test("with allow, holds go on in memory, and are written when writing works again")
  func allow() async throws {
    let bench = LedgerBench()
    let ledger = try bench.open()
    ledger.configure(durability: .process, onFailure: .allow)
    bench.medium.faults.failsAppends = LedgerFailure(reason: "input/output error")
    let first = try await ledger.held(50, limit: 60, in: bench.world).hold
    _ = ledger.settle(first, .cost(40), at: bench.world.now)
    #expect(
      try await ledger.held(50, limit: 60, in: bench.world)
        == .short(available: [NanoDollars(20)])
    )
    _ = try await ledger.held(15, limit: 60, in: bench.world)
    #expect(ledger.usage.unrecorded == 2)
    bench.medium.faults.failsAppends = nil
    bench.pass(seconds: 1)
    let after = try LedgerBench(bench.medium.afterKill(), world: bench.world).open()
    #expect(after.balance(in: bench.world) == Balance(55))
  }

  @Test("an outage longer than its backlog ends with a checkpoint of everything")
  func overflow() async throws {
    let bench = LedgerBench()
    let ledger = try bench.open()
    ledger.configure(durability: .process, onFailure: .allow)
    bench.medium.faults.failsAppends = LedgerFailure(reason: "input/output error")
    let long = Attribution(
      tenant: String(repeating: "t", count: 4_000),
      user: "",
      tier: "",
      product: "",
      tag: "",
      model: ""
    )
    var spent: Int64 = 0
    for number in 0..<6_000 {
      var attribution = long
      attribution.user = "\(number)"
      let hold = try await ledger.held(3, for: attribution, in: bench.world).hold
      _ = ledger.settle(hold, .cost(2), at: bench.world.now)
      spent += 2
    }
    _ = try await ledger.held(9, in: bench.world)
    bench.medium.faults.failsAppends = nil
    bench.medium.faults.failsCheckpoints = LedgerFailure(reason: "no space left on device")
    bench.pass(seconds: 2)
    #expect(!ledger.isWritable)
    _ = try await ledger.held(4, in: bench.world)
    bench.medium.faults.failsCheckpoints = nil
    bench.pass(seconds: 2)
    #expect(ledger.isWritable)
    let after = try LedgerBench(bench.medium.afterKill(), world: bench.world).open()
    #expect(after.balance(in: bench.world) == Balance(spent + 9 + 4))
    #expect(after.recovery.openHolds == 2)
  }

  @Test("a sync that fails denies until one succeeds")
  func syncFails() async throws {
    let bench = LedgerBench()
    let ledger = try bench.open()
    _ = try await ledger.held(5, in: bench.world)
    bench.medium.faults.failsSyncs = LedgerFailure(reason: "input/output error")
    bench.pass(seconds: 1)
    #expect(try await ledger.held(5, in: bench.world) == .unavailable)
    bench.medium.faults.failsSyncs = nil
    bench.pass(seconds: 2)
    #expect(ledger.isWritable)
    _ = try await ledger.held(5, in: bench.world)
  }

  @Test("a checkpoint replaces the segments before it, and says the same")
  func checkpoint() async throws {
    let bench = LedgerBench()
    let ledger = try bench.open()
    let first = try await ledger.held(100, series: [.runaway], in: bench.world).hold
    let second = try await ledger.held(30, on: [.user, .company], for: .bob, in: bench.world).hold
    _ = ledger.settle(first, .cost(70), at: bench.world.now)
    let change = SwitchChange(
      account: .runaway,
      action: .cacheOnly,
      until: bench.world.second + 900,
      by: "rule",
      reason: "spend(\"1m\") > usd(\"5\")"
    )
    ledger.record(change, at: bench.world.now)
    bench.pass(seconds: Bounds.ledgerSegmentSeconds)
    _ = try await ledger.held(1, in: bench.world)
    bench.work()
    #expect(bench.medium.segments.keys.sorted() == [2])
    #expect(bench.medium.checkpoints.keys.sorted() == [2])
    // What was held before the checkpoint settles after it.
    _ = ledger.settle(second, .cost(20), at: bench.world.now)
    bench.pass(seconds: 1)

    let next = LedgerBench(bench.medium.afterKill(), world: bench.world)
    let after = try next.open()
    #expect(after.balance(in: bench.world) == Balance(91))
    #expect(after.balance(.company, in: bench.world) == Balance(20))
    #expect(
      after.spending(on: .runaway, within: 7_200_000_000_000, at: bench.world.now)
        == NanoDollars(70)
    )
    #expect(after.recovery.checkpoint == 2)
    #expect(after.switches(at: bench.world.now) == [])
    after.close()
    #expect(next.medium.segments.keys.sorted() == [3])
    let last = try LedgerBench(next.medium.afterKill(), world: bench.world).open()
    #expect(last.balance(in: bench.world) == Balance(91))
    #expect(last.recovery.openHolds == 0)
  }

  @Test("killed between any two steps of a rotation, nothing is lost")
  func rotationKilled() async throws {
    for failsCheckpoint in [false, true] {
      let bench = LedgerBench()
      let ledger = try bench.open()
      let open = try await ledger.held(100, in: bench.world).hold
      if failsCheckpoint {
        bench.medium.faults.failsCheckpoints = LedgerFailure(reason: "no space left on device")
      }
      bench.pass(seconds: Bounds.ledgerSegmentSeconds)
      _ = try await ledger.held(1, in: bench.world)
      bench.work()
      _ = ledger.settle(open, .cost(60), at: bench.world.now)
      _ = try await ledger.held(2, in: bench.world)
      let after = try LedgerBench(bench.medium.afterKill(), world: bench.world).open()
      #expect(after.balance(in: bench.world) == Balance(63))
      #expect(after.recovery.segments == (failsCheckpoint ? 2 : 1))
    }
  }

  @Test("a damaged checkpoint refuses the start")
  func damagedCheckpoint() async throws {
    let bench = LedgerBench()
    let ledger = try bench.open()
    _ = try await ledger.held(100, in: bench.world)
    ledger.close()
    var bytes = try #require(bench.medium.checkpoints[2])
    bytes.removeLast(9)
    let damaged = MemoryJournal(segments: bench.medium.segments, checkpoints: [2: bytes])
    #expect(throws: LedgerDamage.checkpoint(2, byte: bytes.count)) {
      try LedgerBench(damaged, world: bench.world).open()
    }
  }

  @Test("switches survive, the released and the expired do not")
  func switches() async throws {
    let bench = LedgerBench()
    let ledger = try bench.open()
    func change(_ key: String, _ action: KillSwitchSettings.Action?, until: Int64? = nil) {
      ledger.record(
        SwitchChange(
          account: Account(owner: "manual", key: key),
          action: action,
          until: until,
          by: "ops",
          reason: "bill"
        ),
        at: bench.world.now
      )
    }
    change("a", .deny)
    change("b", .cacheOnly)
    change("b", nil)
    change("c", .deny, until: bench.world.second + 10)
    let after = try LedgerBench(bench.medium.afterKill(), world: bench.world).open()
    #expect(after.switches(at: bench.world.now).map(\.account.key) == ["a", "c"])
    bench.world.pass(seconds: 10)
    #expect(after.switches(at: bench.world.now).map(\.account.key) == ["a"])
  }
}
