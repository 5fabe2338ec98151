import SluiceCore
import SluicePipeline
import SluiceReactor
import SluiceStores
import SluiceTestSupport
import Synchronization
import Testing

@testable import SluiceGateway

@Suite("The journal in files")
struct FolderJournalTests {
  private static func host(_ loop: EventLoop) -> LedgerHost {
    LedgerHost(
      later: { _, _ in },
      work: { $0() },
      now: { loop.now },
      tell: { _ in }
    )
  }

  @Test("one write serves all holds of a turn, and they go on in it")
  func oneWrite() async throws {
    let state = try TemporaryFolder()
    let journal = CountingJournal(try FolderJournal("\(state.path)/ledger"))
    try await onLoop { loop in
      let ledger = try JournaledLedger(journal, host: Self.host(loop))
      let before = journal.appends
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<50 {
          group.addTask(executorPreference: loop) {
            let hold = ledger.hold(.small, at: loop.now)
            guard case .held(let id) = hold else {
              Issue.record("\(hold)")
              return
            }
            do throws(LedgerFailure) {
              try await ledger.recorded(id, in: loop)
            } catch {
              Issue.record(error)
            }
          }
        }
      }
      #expect(journal.appends == before + 1)
      #expect(ledger.usage.openHolds == 50)
    }
  }

  @Test("what one process wrote the next one reads, for the owner only")
  func kept() async throws {
    let state = try TemporaryFolder()
    let path = "\(state.path)/ledger"
    try await onLoop { loop in
      let first = try JournaledLedger(try FolderJournal(path), host: Self.host(loop))
      guard case .held(let hold) = first.hold(.small, at: loop.now) else {
        Issue.record("nothing held")
        return
      }
      try await first.recorded(hold, in: loop)
      // Not closed: as after a kill.
      let second = try JournaledLedger(try FolderJournal(path), host: Self.host(loop))
      #expect(second.recovery.openHolds == 1)
      #expect(second.balance(of: .some, in: .some) == Balance(spent: NanoDollars(7)))
      second.close()
      let third = try JournaledLedger(try FolderJournal(path), host: Self.host(loop))
      #expect(third.recovery.openHolds == 0)
      #expect(third.recovery.checkpoint == 2)
      #expect(third.balance(of: .some, in: .some) == Balance(spent: NanoDollars(7)))
    }
    #expect(
      try Files.names(in: path) == ["checkpoint-000000000002", "journal-000000000002"]
    )
    for name in try Files.names(in: path) {
      #expect(try state.mode(of: "ledger/\(name)") == 0o600)
    }
    #expect(try state.mode(of: "ledger") == 0o700)
  }

  @Test("a damaged journal refuses the start, and says where and what to do")
  func damaged() {
    let refusal = Refusal(.segment(3, byte: 77), in: "/state/ledger")
    #expect(
      refusal.message
        == "the ledger is damaged: `/state/ledger/journal-000000000003` is no journal from byte 77 on, "
        + "though records follow; put the folder back from a copy, or move it away to begin with "
        + "nothing spent (see Docs/ledger.md)"
    )
  }
}

extension Claim {
  fileprivate static let small = Claim(
    amount: NanoDollars(7),
    charges: [Charge(account: .some, period: .some, limit: NanoDollars(1_000))],
    attribution: Attribution(tenant: "", user: "u", tier: "", product: "", tag: "", model: "m")
  )
}

extension Account {
  fileprivate static let some = Account(owner: "budget.b", key: "")
}

extension BudgetPeriod {
  fileprivate static let some = BudgetPeriod(start: 0, end: 1 << 40)
}

/// Counts what reaches the files.
private final class CountingJournal: JournalMedium {
  private let base: FolderJournal
  private let count = Atomic<Int>(0)

  init(_ base: FolderJournal) { self.base = base }

  var appends: Int { count.load(ordering: .relaxed) }

  func contents() throws(LedgerFailure) -> JournalContents { try base.contents() }
  func segment(_ number: UInt64) throws(LedgerFailure) -> [UInt8] { try base.segment(number) }
  func checkpoint(_ number: UInt64) throws(LedgerFailure) -> [UInt8] { try base.checkpoint(number) }
  func prepare(_ segment: UInt64) throws(LedgerFailure) { try base.prepare(segment) }
  func append(_ bytes: Span<UInt8>, to segment: UInt64) throws(LedgerFailure) -> Int {
    count.add(1, ordering: .relaxed)
    return try base.append(bytes, to: segment)
  }
  func cut(_ segment: UInt64, to count: Int) throws(LedgerFailure) {
    try base.cut(segment, to: count)
  }
  func sync(_ segment: UInt64) throws(LedgerFailure) { try base.sync(segment) }
  func store(_ checkpoint: [UInt8], as number: UInt64) throws(LedgerFailure) {
    try base.store(checkpoint, as: number)
  }
  func remove(before number: UInt64) throws(LedgerFailure) { try base.remove(before: number) }
}
