import Testing

/// Something that only a few places may do.
struct Ban: Sendable, CustomTestStringConvertible {
  /// What it is called in the rules.
  let what: String
  /// Rows of tokens that do it.
  let spellings: [[String]]
  /// The targets, or files, that may.
  let allowed: [String]

  var testDescription: String { what }

  init(_ what: String, _ spellings: [[String]], allowed: [String] = []) {
    self.what = what
    self.spellings = spellings
    self.allowed = allowed
  }

  func allows(_ file: SourceFile) -> Bool {
    allowed.contains { $0.hasSuffix(".swift") ? file.path == $0 : file.target == $0 }
  }

  /// `FILE:LINE` of every place that breaks the rule.
  func violations(in files: [SourceFile]) -> [String] {
    files.filter { !allows($0) }
      .flatMap { file in
        spellings.flatMap { spelling in
          file.places(of: spelling).map { "\(file.path):\($0) \(spelling.joined())" }
        }
      }
  }
}

/// Time, chance, threads and output come in by the doors that were made for them.
@Suite("Calls")
struct CallTests {
  static let bans = [
    Ban(
      "the clock is read through World",
      [
        ["clock_gettime"], ["gettimeofday"], ["ContinuousClock"], ["SuspendingClock"],
        ["Date", "(", ")"], ["Date", ".", "now"], ["DispatchTime"], ["systemUptime"],
        ["time", "(", "nil", ")"],
      ],
      allowed: ["SluiceReactor"]
    ),
    Ban(
      "randomness comes from World",
      [
        ["SystemRandomNumberGenerator"], ["arc4random"], ["getrandom"], ["rand"], ["UUID"],
        ["randomElement", "(", ")"], ["shuffled", "(", ")"], ["shuffle", "(", ")"],
        ["Bool", ".", "random", "(", ")"],
      ],
      allowed: ["SluiceReactor"]
    ),
    Ban(
      "nothing sleeps",
      [
        ["Task", ".", "sleep"], ["Task", "<", "Never", ",", "Never", ">", ".", "sleep"],
        ["usleep"], ["nanosleep"], ["Thread", ".", "sleep"],
      ]
    ),
    Ban("no task is detached", [["Task", ".", "detached"], ["detached", "("]]),
    Ban(
      "unstructured tasks are started by the loops and the composition",
      [["Task", "{"], ["Task", "("], ["Task", ".", "init"]],
      allowed: ["SluiceReactor", "SluiceSimulation", "SluiceGateway", "sluice"]
    ),
    Ban(
      "threads and locks of other libraries stay out",
      [["DispatchQueue"], ["NSLock"], ["Thread", "("], ["DispatchSemaphore"]]
    ),
    Ban(
      "posix threads are the reactor's",
      [["pthread_create"], ["pthread_mutex_t"], ["pthread_self"]],
      allowed: ["SluiceReactor"]
    ),
    Ban(
      "nothing crashes by design but a broken precondition",
      [["fatalError"], ["try", "!"], ["as", "!"], ["abort", "(", ")", ";"]]
    ),
    Ban(
      "the environment is read by the composition",
      [["getenv"], ["environ"], ["ProcessInfo"]],
      allowed: ["sluice"]
    ),
    Ban(
      "no switch of the compiler's strictness is turned off",
      [["@", "preconcurrency"], ["@", "_implementationOnly"], ["@", "_exported"]]
    ),
  ]

  @Test("a call stays where it may be made", arguments: bans)
  func calls(ban: Ban) {
    #expect(ban.violations(in: SourceTree.sources) == [])
  }

  @Test("only the command writes to the terminal")
  func printing() {
    var found: [String] = []
    for file in SourceTree.sources where file.target != "sluice" {
      for (index, token) in file.tokens.enumerated()
      where ["print", "debugPrint", "dump", "NSLog"].contains(token.text) {
        let before = index > 0 ? file.tokens[index - 1].text : ""
        let after = index + 1 < file.tokens.count ? file.tokens[index + 1].text : ""
        if after == "(", before != ".", before != "func" {
          found.append("\(file.path):\(token.line)")
        }
      }
    }
    #expect(found == [])
  }

  @Test("a random number names its generator")
  func generators() {
    var found: [String] = []
    for file in SourceTree.sources where file.target != "SluiceReactor" {
      for index in file.tokens.indices.dropLast(3)
      where file.tokens[index].text == "." && file.tokens[index + 1].text == "random"
        && file.tokens[index + 2].text == "(" && file.tokens[index + 3].text == "in"
      {
        let call = file.tokens[index...].prefix(24).map(\.text)
        if !call.contains("using") { found.append("\(file.path):\(file.tokens[index].line)") }
      }
    }
    #expect(found == [])
  }

  @Test("an error that is let go says why")
  func swallowing() {
    var found: [String] = []
    for file in SourceTree.sources {
      for index in file.tokens.indices.dropLast(2)
      where file.tokens[index].text == "catch" && file.tokens[index + 1].text == "{"
        && file.tokens[index + 2].text == "}"
      {
        let body = file.lines[file.tokens[index].line..<file.tokens[index + 2].line]
        if !body.contains(where: { $0.contains("//") }) {
          found.append("\(file.path):\(file.tokens[index].line)")
        }
      }
    }
    #expect(found == [])
  }

  @Test("nothing is left for later")
  func markers() throws {
    // Spelt in halves, so that this file is not one of those it finds.
    let markers = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
    var found: [String] = []
    let paths =
      SourceTree.paths(below: "Sources", ending: ".swift", ".c", ".cpp", ".h", ".modulemap")
      + SourceTree.paths(below: "Tests", ending: ".swift", ".py")
      + SourceTree.paths(below: "Docs", ending: ".md")
    for path in paths {
      let words = try SourceTree.text(of: path).split { !$0.isLetter }
      for marker in markers where words.contains(where: { $0 == marker }) {
        found.append("\(path): \(marker)")
      }
    }
    #expect(found == [])
  }

  @Test("no file is a place holder")
  func placeholders() {
    let files = SourceTree.sources + SourceTree.tests
    #expect(files.filter { $0.tokens.isEmpty }.map(\.path) == [])
  }

  @Test("names say what things are")
  func names() {
    let vague = ["Manager", "Helper", "Helpers", "Utils", "Util", "Utilities"]
    let files = SourceTree.sources + SourceTree.tests
    let named = files.filter { file in vague.contains { file.name.hasSuffix("\($0).swift") } }
    #expect(named.map(\.path) == [])
    var types: [String] = []
    for file in files {
      for (index, token) in file.tokens.enumerated().dropLast()
      where ["struct", "class", "enum", "actor", "protocol"].contains(token.text) {
        let name = file.tokens[index + 1].text
        if vague.contains(where: name.hasSuffix) { types.append("\(file.path): \(name)") }
      }
    }
    #expect(types == [])
  }
}
