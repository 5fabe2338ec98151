import Foundation
import SluiceCore
import SluicePipeline
import Synchronization
import Testing

@testable import SluiceStores

@Suite("Spending told apart")
struct SpendTests {
  private func report(
    _ bench: LedgerBench,
    _ archive: (any SpendArchive)?,
    by dimension: SpendDimension = .user
  ) throws -> SpendReport {
    try SpendReport(
      by: dimension,
      since: bench.world.second - 86_400,
      until: bench.world.second + 1,
      journal: bench.medium,
      archive: archive
    )
  }

  private func rows(_ report: SpendReport) -> [String] {
    report.rows.map { "\($0.name) \($0.totals.requests) \($0.totals.cost.count)" }
  }

  @Test("counts what the archive holds and what the journal holds behind it, each once")
  func tail() async throws {
    let folder = try ScratchDatabase()
    let archive = try SpendDatabase(folder.path)
    let bench = LedgerBench()
    let ledger = try bench.open(archive: archive)
    for cost in 1...3 {
      let hold = try await ledger.held(10, in: bench.world).hold
      _ = ledger.settle(hold, .cost(Int64(cost)), at: bench.world.now)
    }
    let bob = try await ledger.held(10, for: .bob, in: bench.world).hold
    ledger.writeOut()
    #expect(rows(try report(bench, archive)) == ["ada 3 6"])
    bench.pass(seconds: Bounds.ledgerSegmentSeconds)
    _ = try await ledger.held(10, in: bench.world)
    bench.work()
    #expect(try archive.lastSegment() == 1)
    #expect(bench.medium.segments.keys.sorted() == [2])

    // Held in a segment that is gone, settled in this one.
    _ = ledger.settle(bob, .cost(50), at: bench.world.now)
    ledger.writeOut()
    let now = try report(bench, archive)
    #expect(rows(now) == ["bob 1 50", "ada 3 6"])
    #expect(now.total.cost == NanoDollars(56))
    #expect(now.total.prompt == 48)
    #expect(now.total.reasoning == 8)
    #expect(now.openHolds == 1)
    #expect(now.held == NanoDollars(10))
    #expect(rows(try report(bench, archive, by: .tag)) == ["search 1 50", " 3 6"])
    #expect(rows(try report(bench, archive, by: .tenant)) == ["acme 4 56"])
    // Another process reads the same, and changes nothing.
    let reader = try SpendDatabase(folder.path, isReadOnly: true)
    #expect(rows(try report(bench, reader)) == ["bob 1 50", "ada 3 6"])
    #expect(throws: LedgerFailure.self) { try reader.fold([:], segment: 9) }
  }

  @Test("a segment counts once, however often it is folded in")
  func idempotent() throws {
    let folder = try ScratchDatabase()
    let archive = try SpendDatabase(folder.path)
    var sums = SpendTotals()
    sums.requests = 2
    sums.cost = NanoDollars(7)
    let key = SpendKey(hour: 3_600, attribution: .ada, basis: .reported)
    for segment: UInt64 in [1, 1, 2, 2, 1] { try archive.fold([key: sums], segment: segment) }
    let (totals, last) = try archive.totals(by: .model, from: 0, until: 7_200)
    #expect(last == 2)
    #expect(totals["gpt-4"]?.requests == 4)
    #expect(totals["gpt-4"]?.cost == NanoDollars(14))
    #expect(try archive.totals(by: .model, from: 7_200, until: 9_000).totals.isEmpty)
  }

  @Test("an archive that cannot be written keeps the segments, and takes them later")
  func failing() async throws {
    let archive = RefusingArchive()
    let bench = LedgerBench()
    let ledger = try bench.open(archive: archive)
    let hold = try await ledger.held(10, in: bench.world).hold
    _ = ledger.settle(hold, .cost(4), at: bench.world.now)
    bench.pass(seconds: Bounds.ledgerSegmentSeconds)
    _ = try await ledger.held(10, in: bench.world)
    bench.work()
    #expect(bench.medium.segments.keys.sorted() == [1, 2])
    #expect(bench.notices == [.checkpointFailed(LedgerFailure(reason: "SQLite: full"))])
    #expect(ledger.isWritable)
    archive.isRefusing.withLock { $0 = false }
    ledger.close()
    #expect(archive.folded.withLock { $0 } == [1, 2])
    #expect(bench.medium.segments.keys.sorted() == [3])
  }
}

/// A path for a database, removed with its content at the end.
private final class ScratchDatabase {
  private let folder: URL
  let path: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    path = folder.appending(path: "spend.sqlite").path
  }

  deinit {
    // What is left in a temporary folder harms nobody.
    try? FileManager.default.removeItem(at: folder)
  }
}

/// An archive that is full until it is told otherwise.
private final class RefusingArchive: SpendArchive {
  let isRefusing = Mutex(true)
  let folded = Mutex<[UInt64]>([])

  func lastSegment() throws(LedgerFailure) -> UInt64 { folded.withLock { $0.last ?? 0 } }

  func fold(_ totals: [SpendKey: SpendTotals], segment: UInt64) throws(LedgerFailure) {
    if isRefusing.withLock({ $0 }) { throw LedgerFailure(reason: "SQLite: full") }
    folded.withLock { $0.append(segment) }
  }

  func totals(
    by dimension: SpendDimension,
    from since: Int64,
    until: Int64
  ) throws(LedgerFailure) -> (totals: [String: SpendTotals], lastSegment: UInt64) {
    ([:], try lastSegment())
  }
}
