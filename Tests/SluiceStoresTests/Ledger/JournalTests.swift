import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceTestSupport
import Testing

@testable import SluiceStores

@Suite("The journal")
struct JournalTests {
  @Test("its checksum is CRC-32C")
  func checksum() {
    // RFC 3720 appendix B.4, and the check value of every catalogue.
    #expect(CRC32C.of(Array("123456789".utf8), in: 0..<9) == 0xe306_9283)
    #expect(CRC32C.of([UInt8](repeating: 0, count: 32), in: 0..<32) == 0x8a91_36aa)
    #expect(CRC32C.of([UInt8](repeating: 0xff, count: 33), in: 0..<32) == 0x62a8_ab43)
    #expect(CRC32C.of((0..<32).map { UInt8($0) }, in: 0..<32) == 0x46dd_794e)
  }

  /// What was true after each operation.
  private struct Truth {
    var bytes: Int
    var spent: [Account: Int64] = [:]
    var held: [Account: Int64] = [:]
    var series: Int64 = 0
    var seriesHeld: Int64 = 0
    var lastHold: UInt64 = 0
    var switches = 0
  }

  /// Random holds, settlements and switches, each written by itself, and what was true after each.
  private static func scenario(seed: UInt64) async throws -> (MemoryJournal, [Truth], BenchWorld) {
    var random = SplitMix(seed: seed)
    let bench = LedgerBench()
    let ledger = try bench.open()
    let accounts = (0..<4).map { Account(owner: "budget.\($0 % 2)", key: "user \($0)") }
    var truth = Truth(bytes: bench.medium.segments[1]?.count ?? 0)
    var truths = [truth]
    var open: [(id: HoldID, amount: Int64, accounts: [Account])] = []
    for step in 0..<60 {
      if open.isEmpty || random.below(5) < 3 {
        let amount = Int64(random.below(1_000_000))
        let chosen = accounts.filter { _ in random.below(2) == 0 }
        let decision = try await ledger.held(
          amount,
          on: chosen,
          series: [.runaway],
          for: random.below(2) == 0 ? .ada : .bob,
          in: bench.world
        )
        open.append((decision.hold, amount, chosen))
        for account in chosen { truth.held[account, default: 0] += amount }
        truth.seriesHeld += amount
        truth.lastHold = decision.hold.number
      } else {
        let (id, amount, accounts) = open.remove(at: random.below(open.count))
        let settlement: Settlement =
          switch random.below(3) {
          case 0: Settlement(.nothing)
          case 1: .cost(Int64(random.below(2_000_000)))
          default: Settlement(.held)
          }
        let cost = settlement.basis == .held ? amount : settlement.cost.count
        _ = ledger.settle(id, settlement, at: bench.world.now)
        // A change of a switch is written at once, and with it what waits.
        ledger.record(
          SwitchChange(
            account: Account(owner: "switch.s", key: "\(step)"),
            action: .deny,
            until: nil,
            by: "rule",
            reason: "spent too much"
          ),
          at: bench.world.now
        )
        for account in accounts {
          truth.held[account, default: 0] -= amount
          truth.spent[account, default: 0] += cost
        }
        truth.seriesHeld -= amount
        truth.series += cost
        truth.switches += 1
      }
      truth.bytes = bench.medium.segments[1]?.count ?? 0
      truths.append(truth)
    }
    return (bench.medium, truths, bench.world)
  }

  @Test("cut at any byte, it holds all that settled, and counts what was held as spent")
  func torn() async throws {
    for seed: UInt64 in 0..<3 {
      let (medium, truths, world) = try await Self.scenario(seed: seed)
      let bytes = try #require(medium.segments[1])
      for count in 0...bytes.count {
        let bench = LedgerBench(
          MemoryJournal(segments: [1: Array(bytes.prefix(count))]),
          world: world
        )
        let ledger = try bench.open()
        let truth = truths.last { $0.bytes <= count } ?? Truth(bytes: 0)
        let next = truths.first { $0.bytes > count }
        for owner in ["budget.0", "budget.1"] {
          for user in 0..<4 {
            let account = Account(owner: owner, key: "user \(user)")
            let spent = ledger.balance(account, in: world).spent.count
            let least = truth.spent[account, default: 0]
            #expect(spent >= least, "seed \(seed), byte \(count)")
            // Of a settlement and a switch that were written together, the first may be whole.
            let exact = least + truth.held[account, default: 0]
            let sooner = next.map { $0.spent[account, default: 0] + $0.held[account, default: 0] }
            #expect(spent == exact || spent == sooner, "seed \(seed), byte \(count)")
          }
        }
        let spending = ledger.spending(on: .runaway, within: 60_000_000_000, at: world.now).count
        #expect(spending >= truth.series)
        #expect(ledger.switches(at: world.now).count == truth.switches)
        let fresh = ledger.hold(
          Claim(amount: .zero, charges: [], attribution: .ada),
          at: world.now
        )
        #expect(fresh.hold.number > truth.lastHold)
        #expect(ledger.usage.held == .zero)
      }
    }
  }

  @Test("opened again after a cut, it can be read again, and says the same")
  func twice() async throws {
    let (medium, _, world) = try await Self.scenario(seed: 7)
    let bytes = try #require(medium.segments[1])
    for count in stride(from: 0, through: bytes.count, by: 7) {
      let first = LedgerBench(
        MemoryJournal(segments: [1: Array(bytes.prefix(count))]),
        world: world
      )
      let ledger = try first.open()
      let second = LedgerBench(first.medium.afterKill(), world: world)
      let again = try second.open()
      #expect(again.recovery.openHolds == 0)
      #expect(again.recovery.tornBytes == 0)
      for user in 0..<4 {
        let account = Account(owner: "budget.\(user % 2)", key: "user \(user)")
        #expect(ledger.balance(account, in: world) == again.balance(account, in: world))
      }
    }
  }

  @Test("a flipped bit before the last record refuses the start and names the place")
  func flipped() async throws {
    let (medium, _, world) = try await Self.scenario(seed: 5)
    let bytes = try #require(medium.segments[1])
    var starts: [Int] = []
    var reader = RecordReader(bytes)
    while true {
      let start = reader.place
      guard case .record = reader.next() else { break }
      starts.append(start)
    }
    let last = try #require(starts.last)
    for place in 0..<bytes.count {
      var damaged = bytes
      damaged[place] ^= 1 << UInt8(place % 8)
      let bench = LedgerBench(MemoryJournal(segments: [1: damaged]), world: world)
      if place < last {
        let start = starts.last { $0 <= place } ?? 0
        #expect(throws: LedgerDamage.segment(1, byte: start)) { try bench.open() }
        #expect(bench.medium.segments[1] == damaged)
      } else {
        // Nobody can tell it from a write that did not come to its end.
        #expect(try bench.open().recovery.tornBytes == bytes.count - last)
      }
    }
  }

  @Test("zeros at the end, as a loss of power leaves them, are a torn end")
  func zeros() async throws {
    let (medium, _, world) = try await Self.scenario(seed: 6)
    let bytes = try #require(medium.segments[1])
    let bench = LedgerBench(
      MemoryJournal(segments: [1: bytes + [UInt8](repeating: 0, count: 4_096)]),
      world: world
    )
    #expect(try bench.open().recovery.tornBytes == 4_096)
  }

  @Test("a missing segment refuses the start")
  func missing() async throws {
    let (medium, _, world) = try await Self.scenario(seed: 8)
    let bytes = try #require(medium.segments[1])
    let bench = LedgerBench(MemoryJournal(segments: [1: bytes, 3: []]), world: world)
    #expect(throws: LedgerDamage.missing(2)) { try bench.open() }
  }
}
