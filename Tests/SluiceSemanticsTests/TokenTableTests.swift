import SluicePolicy
import Synchronization
import Testing

@testable import SluiceSemantics

@Suite("The table of a tokenizer")
struct TokenTableTests {
  @Test("is looked for where it is named, and nowhere else")
  func namedFolder() {
    let variables = ["SLUICE_DATA": "/data", "HOME": "/home/me"]
    #expect(TokenTableFile.folders(named: "/here") { variables[$0] } == ["/here"])
    #expect(TokenTableFile.folders(named: nil) { variables[$0] } == ["/data"])
  }

  @Test("is looked for in the user's cache, then in the system's folders")
  func defaultFolders() {
    let system = ["/usr/local/share/sluice", "/usr/share/sluice"]
    func folders(_ variables: [String: String]) -> [String] {
      TokenTableFile.folders(named: nil) { variables[$0] }
    }
    #expect(folders(["HOME": "/home/me"]) == ["/home/me/.cache/sluice"] + system)
    #expect(
      folders(["HOME": "/home/me", "XDG_CACHE_HOME": "/cache"]) == ["/cache/sluice"] + system
    )
    #expect(folders(["SLUICE_DATA": ""]) == system)
  }

  @Test("is missed with a word on what to run")
  func missing() throws {
    let counters = TokenCounters(folders: ["/nowhere", "/neither"]) { _ in nil }
    let error = try #require(throws: TokenTableError.self) { try counters.counter(for: .o200k) }
    #expect(error.reason == .notFound(folders: ["/nowhere", "/neither"]))
    #expect(error.description.contains("o200k_base.tiktoken is in none of /nowhere, /neither"))
    #expect(error.description.contains("scripts/setup"))
  }

  @Test("is refused when it is not the published one")
  func wrongDigest() throws {
    let counters = TokenCounters(folders: ["/data"]) { _ in Array("YQ== 0\n".utf8) }
    let error = try #require(throws: TokenTableError.self) { try counters.counter(for: .cl100k) }
    guard case .wrongDigest = error.reason else {
      Issue.record("\(error)")
      return
    }
    #expect(error.description.contains("223921b76ee99bde"))
  }

  @Test(
    "is read once, from the first folder that has it, and not taken from a second if unreadable"
  )
  func readOnce() throws {
    let asked = Mutex<[String]>([])
    let counters = TokenCounters(folders: ["/a", "/b"]) { path in
      asked.withLock { $0.append(path) }
      throw Unreadable()
    }
    let error = try #require(throws: TokenTableError.self) { try counters.counter(for: .cl100k) }
    #expect(error.reason == .unreadable(path: "/a/cl100k_base.tiktoken", why: "Unreadable()"))
    #expect(asked.withLock { $0 } == ["/a/cl100k_base.tiktoken"])
  }

  @Test(
    "is no table if a line is damaged, a rank is out of order, or a byte has no token",
    arguments: [
      "YQ== 0", "!! 0\n", "YQ== 1\n", "YQ== x\n", " 0\n", "YQ==", "\n",
      "YQ== 99999999999999999999\n",
    ]
  )
  func malformed(_ file: String) {
    #expect(throws: TokenTableError.Reason.malformed) {
      try TokenTable(parsing: Array(file.utf8))
    }
  }

  private struct Unreadable: Error {}
}
