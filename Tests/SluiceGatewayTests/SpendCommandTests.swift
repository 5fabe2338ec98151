import SluiceCore
import SluicePipeline
import SluiceStores
import SluiceTestSupport
import Testing

@testable import SluiceGateway

@Suite("sluice spend")
struct SpendCommandTests {
  private let now = Moment(monotonic: 0, wall: 1_795_506_600_000_000_000)

  private func question(since: String? = nil, until: String? = nil) throws -> SpendQuestion {
    try SpendQuestion(by: nil, since: since, until: until, at: now)
  }

  @Test("takes dates, times and how long ago")
  func times() throws {
    let second: Int64 = 1_795_506_600
    #expect(try question() == question(since: "30d", until: "2026-11-24T07:50:01Z"))
    #expect(try question(since: "36h").since == second - 36 * 3_600)
    #expect(try question(since: "2026-11-01", until: "1d").until == second - 86_400)
    #expect(try question(since: "2026-11-24T07:00:00Z").since == second - 50 * 60)
    for wrong in ["yesterday", "7", "-1d", "d", "2026-13-01", ""] {
      #expect(throws: Refusal.self) { try question(since: wrong) }
    }
    #expect(throws: Refusal.self) { try question(since: "1d", until: "2d") }
    #expect(throws: Refusal.self) {
      try SpendQuestion(by: "colour", since: nil, until: nil, at: now)
    }
  }

  private func printer(_ names: [String]) throws -> SpendPrinter {
    let journal = MemoryJournal()
    let ledger = try JournaledLedger(
      journal,
      host: LedgerHost(later: { _, _ in }, work: { _ in }, now: { [now] in now }, tell: { _ in })
    )
    for (place, name) in names.enumerated() {
      let claim = Claim(
        amount: NanoDollars(1_500_000),
        charges: [],
        attribution: Attribution(
          tenant: "",
          user: name,
          tier: "",
          product: "",
          tag: "",
          model: "m"
        )
      )
      guard case .held(let hold) = ledger.hold(claim, at: now) else { continue }
      let cost = NanoDollars(Int64(names.count - place) * 250_000_000)
      _ = ledger.settle(hold, Settlement(.counted, cost: cost), at: now)
    }
    _ = ledger.hold(
      Claim(
        amount: NanoDollars(20_000_000),
        charges: [],
        attribution: Attribution(tenant: "", user: "", tier: "", product: "", tag: "", model: "m")
      ),
      at: now
    )
    ledger.writeOut()
    let question = try question(since: "1h")
    return SpendPrinter(
      report: try SpendReport(
        by: .user,
        since: question.since,
        until: question.until,
        journal: journal,
        archive: nil
      )
    )
  }

  @Test("prints a table with the dearest first and nothing that acts on a terminal")
  func table() throws {
    let table = try printer(["ada", "", "b\u{1b}[31m"]).table
    #expect(
      table == """
        USER    REQUESTS  PROMPT  COMPLETION  DOLLARS
        ada            1       0           0     0.75
        -              1       0           0     0.50
        b?[31m         1       0           0     0.25
        total          3       0           0     1.50
        open holds: 1, $0.02

        """
    )
  }

  @Test("prints values that a spreadsheet takes for texts")
  func csv() throws {
    let text = try printer(["=1+1", "a,\"b\"", "c"]).csv
    #expect(
      text.split(separator: "\r\n") == [
        "user,requests,prompt_tokens,cached_tokens,completion_tokens,reasoning_tokens,dollars",
        "'=1+1,1,0,0,0,0,0.75", "\"a,\"\"b\"\"\",1,0,0,0,0,0.50", "c,1,0,0,0,0,0.25",
      ]
    )
  }

  @Test("says where it looked when there is no ledger")
  func nothing() throws {
    let folder = try TemporaryFolder()
    let answer = SpendCommand(stateFolder: folder.path).run(at: now)
    #expect(answer.status == .couldNotRun)
    #expect(answer.notes.contains("there is no ledger in `\(folder.path)`"))
    #expect(answer.output.isEmpty)
  }

  @Test("a query names what it knows, once")
  func queries() throws {
    let names = ["by", "since"]
    #expect(
      try AdminQuery("by=user&since=2026-11-24T07%3A00%3A00Z", names: names)["since"]
        == "2026-11-24T07:00:00Z"
    )
    #expect(try AdminQuery("", names: names)["by"] == nil)
    for wrong in ["bye=user", "by=a&by=b", "by"] {
      #expect(throws: AdminError.self) { try AdminQuery(wrong, names: names) }
    }
  }
}
