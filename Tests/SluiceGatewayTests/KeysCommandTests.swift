import SluiceCore
import SluicePipeline
import SluiceReactor
import SluiceStores
import Testing

@testable import SluiceGateway

@Suite("sluice keys")
struct KeysCommandTests {
  private let folder: TemporaryFolder
  /// 2026-11-24T00:00:00Z.
  private let now = Moment(monotonic: 0, wall: 1_795_478_400_000_000_000)

  init() throws { folder = try TemporaryFolder() }

  private func run(_ action: KeysCommand.Action) -> CommandAnswer {
    KeysCommand(stateFolder: "\(folder.path)/state", action: action).run(at: now)
  }

  private func add(expires: String? = nil) -> CommandAnswer {
    run(
      .add(tenant: "acme", user: "ada", tier: "premium", products: ["support"], expires: expires)
    )
  }

  private var records: [KeyFile.Line] {
    get throws { KeyFile(Array(try folder.read("state/keys.jsonl").utf8)).lines }
  }

  @Test("shows a new key once, and stores its digest only")
  func adds() throws {
    let answer = add(expires: "2027-01-01")
    #expect(answer.status == .success)
    let key = answer.output.dropLast()
    #expect(key.hasPrefix("sk-sluice-") && answer.output.hasSuffix("\n"))
    #expect(try !folder.read("state/keys.jsonl").contains(key))
    let record = try #require(try records.first?.record)
    #expect(record.digest == Digest(of: Array(key.utf8)))
    #expect(record.tenant == "acme" && record.user == "ada" && record.tier == "premium")
    #expect(record.expiresAt == 1_798_761_600)
    #expect(answer.notes.contains(record.id) && !answer.notes.contains(key))
  }

  @Test("keeps the folder and its files to their owner")
  func modes() throws {
    _ = add()
    #expect(try folder.mode(of: "state") == 0o700)
    #expect(try folder.mode(of: "state/keys.jsonl") == 0o600)
  }

  @Test("revokes, once")
  func revokes() throws {
    _ = add()
    let id = try #require(try records.first?.record.id)
    #expect(run(.revoke(id: id)).status == .success)
    #expect(try records.first?.isRevoked == true)
    let again = run(.revoke(id: id))
    #expect(again.status == .errors && again.notes == "sluice: `\(id)` is revoked already\n")
    #expect(run(.revoke(id: "key_none")).status == .errors)
  }

  @Test("rotates: a new key for the same holder")
  func rotates() throws {
    _ = add()
    let id = try #require(try records.first?.record.id)
    let answer = run(.rotate(id: id, grace: .zero))
    #expect(answer.output.hasPrefix("sk-sluice-"))
    let lines = try records
    #expect(lines.map(\.isRevoked) == [true, false])
    #expect(lines[1].record.user == "ada" && lines[1].record.id != id)
  }

  @Test("lists states, and lines that grant nothing")
  func lists() throws {
    _ = add(expires: "2027-01-01")
    let id = try #require(try records.first?.record.id)
    try folder.write(try folder.read("state/keys.jsonl") + "junk\n", to: "state/keys.jsonl")
    #expect(
      run(.list).output == """
        ID                STATE   TENANT  USER  TIER     PRODUCTS  EXPIRES
        \(id)  active  acme    ada   premium  support   2027-01-01T00:00:00.000Z
        line 2 grants nothing: not a JSON object

        """
    )
    _ = run(.revoke(id: id))
    #expect(run(.list).output.contains("revoked"))
  }

  @Test(
    "refuses a date that is none, or has passed",
    arguments: ["soon", "2020-01-01", "2027-13-01"]
  )
  func badDates(text: String) {
    #expect(add(expires: text).status == .usage)
  }

  @Test("those who change the file at the same time wait for each other")
  func together() async throws {
    let command = KeysCommand(
      stateFolder: "\(folder.path)/state",
      action: .add(tenant: "acme", user: "ada", tier: "", products: [], expires: nil)
    )
    _ = add()
    await withTaskGroup { group in
      for _ in 0..<16 { group.addTask { [now] in _ = command.run(at: now) } }
    }
    #expect(try records.count == 17)
  }
}

@Suite("The state folder")
struct StateFolderTests {
  @Test("makes a token once, and keeps it")
  func token() throws {
    let folder = try TemporaryFolder()
    let state = StateFolder(folder.path)
    let token = try state.adminToken()
    #expect(try state.adminToken() == token)
    let text = try folder.read("admin-token").dropLast()
    #expect(token.matches(text.utf8) && !token.matches("\(text)x".utf8))
    #expect(try folder.mode(of: "admin-token") == 0o600)
  }

  @Test("refuses a token that anybody could guess")
  func weakToken() throws {
    let folder = try TemporaryFolder()
    try folder.write("secret\n", to: "admin-token")
    #expect(throws: Refusal.self) { try StateFolder(folder.path).adminToken() }
  }

  @Test("is one process's, and says whose")
  func locks() throws {
    let folder = try TemporaryFolder()
    let state = StateFolder(folder.path)
    let lock = try state.lock()
    do throws(Refusal) {
      _ = try withExtendedLifetime(lock) { () throws(Refusal) in try state.lock() }
      Issue.record("locked twice")
    } catch {
      #expect(error.status == .couldNotRun)
      #expect(error.message.contains("process \(ThisProcess.id)"))
    }
  }

  @Test("is not made where nothing is")
  func nowhere() {
    #expect(throws: Refusal.self) { try StateFolder("/nonexistent/a/b").make() }
  }
}
