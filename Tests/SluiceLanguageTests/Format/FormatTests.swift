import FoundationEssentials
import SluiceLanguage
import SluiceTestSupport
import Testing

/// What `sluice fmt` makes of files: one form, the same meaning, the same comments.
@Suite("Formatting")
struct FormatTests {
  /// A file and what it is formatted to.
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let given: String
    let formatted: String
  }

  static let cases = [
    Case(
      testDescription: "two spaces a level, lists below their key, one space behind signs",
      given: "sluice:   v1\nroutes:\n- name:  a\n  when:    x\n  to:   {a: 1,b: [c,   d]}\n",
      formatted: """
        sluice: v1
        routes:
          - name: a
            when: x
            to: { a: 1, b: [c, d] }

        """
    ),
    Case(
      testDescription: "comments stay over, behind and at the end of what they are about",
      given: """
        # the file


        # its first key
        a:   # behind the key
             # over the child
            b: 1   # behind the value
            # at the end of a

            # still a
        # over c
        c:
        - x # item
        # over d
        d: 2
          # the end


        """,
      formatted: """
        # the file

        # its first key
        a:  # behind the key
          # over the child
          b: 1  # behind the value
          # at the end of a

          # still a
        # over c
        c:
          - x  # item
        # over d
        d: 2
        # the end

        """
    ),
    Case(
      testDescription: "a flow collection with a comment is written as a block",
      given: "a: { b: 1, # one\n  c: [1, 2], # two\n  d: } # three\ne: [f] # four\n",
      formatted: """
        a:
          b: 1  # one
          c: [1, 2]  # two
          d:  # three
        e: [f]  # four

        """
    ),
    Case(
      testDescription: "a flow collection over several lines is joined where it fits",
      given: "a: [\n  b,\n  c\n]\n",
      formatted: "a: [b, c]\n"
    ),
    Case(
      testDescription:
        "a flow collection that is too wide is written as a block, the inner ones not",
      given: "key: { " + (0..<9).map { "name-\($0): { rate: 100/m }" }.joined(separator: ", ")
        + " }  # all\n",
      formatted: "key:  # all\n" + (0..<9).map { "  name-\($0): { rate: 100/m }\n" }.joined()
    ),
    Case(
      testDescription:
        "one that is allowed something stays on its line, which the comment is about",
      given: "# sluice:allow SL0416 \"so\"\nkey: { "
        + (0..<9).map { "name-\($0): { rate: 100/m }" }.joined(separator: ", ") + " }\n",
      formatted: "# sluice:allow SL0416 \"so\"\nkey: { "
        + (0..<9).map { "name-\($0): { rate: 100/m }" }.joined(separator: ", ") + " }\n"
    ),
    Case(
      testDescription: "quotes are single unless that doubles some; what is plain stays plain",
      given: "a: \"x\"\nb: 'it''s'\nc: \"a\\tb\"\nd: y\ne: \"say \\\"it's\\\"\"\nf: \"\\u00e9\"\n",
      formatted: "a: 'x'\nb: \"it's\"\nc: \"a\\tb\"\nd: y\ne: 'say \"it''s\"'\nf: 'é'\n"
    ),
    Case(
      testDescription: "blocks of text keep their lines",
      given:
        "a: |-   # why\n      one\n        two\n\n      three\nb: >+\n    x\n    y\n\n\nc: |2\n     z\n",
      formatted: "a: |-  # why\n  one\n    two\n\n  three\nb: >+\n  x\n  y\n\n\nc: |2\n     z\n"
    ),
    Case(
      testDescription: "a plain value over several lines keeps them",
      given: "a: x &&\n     y &&\n   z  # end\nb: 1\n",
      formatted: "a: x &&\n  y &&\n  z  # end\nb: 1\n"
    ),
    Case(
      testDescription: "items in items, maps in items, with comments behind dashes",
      given: "a:\n  -   - b\n      - c\n  - # why\n    d: 1\n    e: 2\n  -\n\n    f: 3\n",
      formatted: "a:\n  - - b\n    - c\n  # why\n  - d: 1\n    e: 2\n  - f: 3\n"
    ),
    Case(
      testDescription: "anchors and aliases stay",
      given: "a: &x\n   b: 1\nc: *x\nd: [&y 1, *y]\ne:\n- &z\n  f: 1\n- *z\n",
      formatted: "a: &x\n  b: 1\nc: *x\nd: [&y 1, *y]\ne:\n  - &z\n    f: 1\n  - *z\n"
    ),
    Case(
      testDescription: "marks of documents, CRLF, a byte order mark and a missing last line go",
      given: "\u{FEFF}---\r\na: 1\r\n\r\n\r\n\r\nb: |\r\n  x",
      formatted: "a: 1\n\nb: |-\n  x\n"
    ),
    Case(testDescription: "nothing stays nothing", given: "\n \n", formatted: ""),
    Case(
      testDescription: "comments alone stay",
      given: "  # a\n\n\n# b",
      formatted: "# a\n\n# b\n"
    ),
  ]

  @Test("is formatted", arguments: cases)
  func formatted(example: Case) throws {
    let once = try Self.format(example.given)
    #expect(once == example.formatted, "\(once)")
    #expect(try Self.format(example.formatted) == example.formatted)
  }

  @Test("a file with a mistake of YAML is left alone, and lint's finding is told")
  func mistakes() throws {
    let bundle = Bundle(texts: [("policy.yaml", "a: [b\nc: 1\n")])
    guard case .unreadable(let findings) = PolicyFormatter.format(SourceID(index: 0), of: bundle)
    else {
      Issue.record("it was formatted")
      return
    }
    #expect(findings.haveErrors)
  }

  @Test("the policies of this repository are formatted")
  func policies() throws {
    let files = Self.yaml(below: "policies")
    #expect(files.count >= 4)
    for file in files {
      let text = try String(contentsOf: file, encoding: .utf8)
      #expect(try Self.format(text) == text, "sluice fmt \(file.path)")
    }
  }

  @Test("every YAML text of the repository keeps its meaning and its comments, and settles at once")
  func repository() throws {
    var texts = Self.yaml(below: "policies") + Self.yaml(below: "Tests") + Self.yaml(below: "Docs")
    texts.sort { $0.path < $1.path }
    var count = 0
    for file in texts {
      guard let data = try? Data(contentsOf: file) else { continue }
      count += try Self.hold(Array(data), file.path) ? 1 : 0
    }
    for page in MarkdownPage.all {
      for block in page.blocks {
        count += try Self.hold(Array(block.text.utf8), "\(page.name):\(block.line)") ? 1 : 0
      }
    }
    #expect(count > 250)
  }

  @Test("random documents keep their meaning and their comments, and settle at once")
  func random() throws {
    var formatted = 0
    for seed in 0..<1000 {
      var document = RandomYAML(seed: UInt64(seed))
      let text = document.text()
      formatted += try Self.hold(Array(text.utf8), "seed \(seed):\n\(text)") ? 1 : 0
    }
    #expect(formatted > 750, "\(formatted) of 1000 could be read")
  }

  @Test("policies with one byte changed, taken out or put in are formatted right or not at all")
  func damaged() throws {
    for file in Self.yaml(below: "policies") {
      let clean = Array(try Data(contentsOf: file))
      var random = SplitMix(seed: UInt64(clean.count))
      for round in 0..<120 {
        var bytes = clean
        let place = random.below(bytes.count)
        let signs = Array("#:-,[]{}&*!|>'\"\\ \n\t?x".utf8)
        switch round % 3 {
        case 0: bytes[place] = signs[random.below(signs.count)]
        case 1: bytes.remove(at: place)
        default: bytes.insert(signs[random.below(signs.count)], at: place)
        }
        _ = try Self.hold(bytes, "\(file.lastPathComponent) round \(round), byte \(place)")
      }
    }
  }

  /// Whether a text could be read; then all that formatting promises was checked.
  private static func hold(_ bytes: [UInt8], _ name: String) throws -> Bool {
    let bundle = Bundle(files: [("a.yaml", bytes)])
    switch PolicyFormatter.format(SourceID(index: 0), of: bundle) {
    case .unreadable(let findings):
      #expect(findings.haveErrors)
      return false
    case .unfaithful:
      Issue.record("unfaithful: \(name)\n\(PolicyFormatter.attempt(bytes) ?? "nothing")")
      return false
    case .formatted(let once):
      let again = PolicyFormatter.format(
        SourceID(index: 0),
        of: Bundle(files: [("a.yaml", once)])
      )
      guard case .formatted(let twice) = again else {
        Issue.record("cannot be formatted again: \(name)")
        return true
      }
      if twice != once {
        let texts = [once, twice].map { String(decoding: $0, as: UTF8.self) }
        Issue.record("does not settle: \(name)\n--- once\n\(texts[0])--- twice\n\(texts[1])")
      }
      return true
    }
  }

  private static func format(_ text: String) throws -> String {
    let outcome = PolicyFormatter.format(
      SourceID(index: 0),
      of: Bundle(texts: [("policy.yaml", text)])
    )
    guard case .formatted(let bytes) = outcome else {
      Issue.record("\(outcome)\n\(PolicyFormatter.attempt(Array(text.utf8)) ?? "nothing")")
      return ""
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func yaml(below folder: String) -> [URL] {
    let root = Repository.root.appending(path: folder)
    let names = (try? FileManager.default.subpathsOfDirectory(atPath: root.path)) ?? []
    return names.filter { $0.hasSuffix(".yaml") }.sorted().map { root.appending(path: $0) }
  }
}

/// Documents with everything that a policy may hold, written in every way that YAML allows.
struct RandomYAML {
  private var random: SplitMix
  private var anchors = 0

  init(seed: UInt64) { random = SplitMix(seed: seed) }

  mutating func text() -> String {
    var lines: [String] = []
    comments(0, &lines)
    if random.below(8) == 0 { lines.append("---") }
    if random.below(10) == 0 {
      lines.append(flow(0))
    } else if random.below(6) == 0 {
      sequence(0, 0, &lines)
    } else {
      mapping(0, 0, &lines)
    }
    comments(0, &lines)
    let end = random.below(4) == 0 ? "" : "\n"
    return lines.joined(separator: random.below(10) == 0 ? "\r\n" : "\n") + end
  }

  private mutating func mapping(_ column: Int, _ depth: Int, _ lines: inout [String]) {
    let pad = String(repeating: " ", count: column)
    for index in 0...random.below(4) {
      comments(column, &lines)
      value(pad + key(index) + ":", column, depth, &lines, isItem: false)
    }
    if random.below(3) == 0 { comments(column, &lines) }
  }

  private mutating func sequence(_ column: Int, _ depth: Int, _ lines: inout [String]) {
    let pad = String(repeating: " ", count: column)
    for _ in 0...random.below(3) {
      comments(column, &lines)
      value(pad + "-", column, depth, &lines, isItem: true)
    }
    if random.below(3) == 0 { comments(column, &lines) }
  }

  private mutating func value(
    _ head: String,
    _ column: Int,
    _ depth: Int,
    _ lines: inout [String],
    isItem: Bool
  ) {
    let gap = String(repeating: " ", count: 1 + random.below(3))
    let inner = column + 1 + random.below(4)
    switch random.below(depth > 3 ? 8 : 12) {
    case 0: lines.append(head + trailing())
    case 1, 2: lines.append(head + gap + plain() + trailing())
    case 3: lines.append(head + gap + quoted() + trailing())
    case 4: lines.append(head + gap + flow(0) + trailing())
    case 5:
      let pad = String(repeating: " ", count: inner)
      lines.append(head + gap + "first line")
      for _ in 0...random.below(2) { lines.append(pad + plain()) }
      if random.below(3) == 0 {
        lines.append("")
        lines.append(pad + "behind a gap")
      }
      lines[lines.count - 1] += trailing()
    case 6: block(head + gap, inner, column, &lines)
    case 7:
      anchors += 1
      lines.append(head + gap + "&n\(anchors) " + plain() + trailing())
      let pad = String(repeating: " ", count: column)
      lines.append(pad + (isItem ? "- *n\(anchors)" : "alias\(anchors): *n\(anchors)") + trailing())
    case 8, 9:
      let anchor = random.below(5) == 0 ? gap + "&a\(anchors)" : ""
      lines.append(head + anchor + trailing())
      mapping(inner, depth + 1, &lines)
    case 10:
      lines.append(head + trailing())
      let isIndentless = !isItem && random.below(2) == 0
      sequence(isIndentless ? column : inner, depth + 1, &lines)
    default:
      guard isItem else {
        lines.append(head + gap + flow(0) + trailing())
        return
      }
      // A map or a list that begins behind its dash.
      var rest: [String] = []
      let nested = column + 1 + gap.count
      if random.below(2) == 0 {
        mapping(nested, depth + 1, &rest)
      } else {
        sequence(nested, depth + 1, &rest)
      }
      while let first = rest.first, first.drop(while: { $0 == " " }).hasPrefix("#") || first.isEmpty
      {
        rest.removeFirst()
      }
      guard let first = rest.first else {
        lines.append(head)
        return
      }
      lines.append(head + gap + first.drop { $0 == " " })
      lines += rest.dropFirst()
    }
  }

  private mutating func block(
    _ head: String,
    _ inner: Int,
    _ column: Int,
    _ lines: inout [String]
  ) {
    let isMarked = random.below(4) == 0
    let sign = ["|", ">"][random.below(2)] + (isMarked ? "\(inner - column)" : "")
    lines.append(head + sign + ["", "-", "+"][random.below(3)] + trailing())
    let pad = String(repeating: " ", count: inner)
    if random.below(5) == 0 { lines.append("") }
    for index in 0..<random.below(4) + (isMarked ? 0 : 1) {
      let more = isMarked || index > 0 ? String(repeating: " ", count: random.below(3)) : ""
      lines.append(pad + more + plain() + (random.below(4) == 0 ? " # no comment" : ""))
      if random.below(4) == 0 { lines.append(random.below(2) == 0 ? "" : pad) }
    }
    for _ in 0..<random.below(3) { lines.append("") }
  }

  private mutating func flow(_ depth: Int) -> String {
    func gap(_ random: inout SplitMix) -> String {
      switch random.below(8) {
      case 0: "\n      "
      case 1: "  "
      case 2: "   # in flow\n      "
      default: random.below(3) == 0 ? "" : " "
      }
    }
    let count = random.below(random.below(6) == 0 ? 14 : 4)
    if random.below(2) == 0 {
      let items = (0..<count).map { _ in flowValue(depth) + gap(&random) }
      return "[" + gap(&random) + items.joined(separator: ", ") + "]"
    }
    let entries = (0..<count)
      .map { index in
        key(index) + (random.below(8) == 0 ? "" : ": " + flowValue(depth)) + gap(&random)
      }
    return "{" + gap(&random) + entries.joined(separator: ", ") + "}"
  }

  private mutating func flowValue(_ depth: Int) -> String {
    switch random.below(depth > 2 ? 4 : 6) {
    case 0: quoted()
    case 1, 2: ["a", "100/m", "$0.50/M", "user.id", "80%", "-1", "a b c", "x#y"][random.below(8)]
    case 3: "~"
    default: flow(depth + 1)
    }
  }

  private mutating func key(_ index: Int) -> String {
    switch random.below(8) {
    case 0: "\"quoted \(index)\""
    case 1: "'it''s \(index)'"
    case 2: "é\(index)"
    default: "key\(index)"
    }
  }

  private mutating func plain() -> String {
    let all = [
      "v1", "prompt.tokens < 200", "a && b", "x#y", "null", "~", "true", "10MiB", "words and words",
      "日本語", "a [b] {c}", "$5", "5%", "it's", "-x", ":x", "a:b", "http://x/y", "x, y", "\\",
    ]
    return all[random.below(all.count)]
  }

  private mutating func quoted() -> String {
    let all = [
      "\"\"", "''", "\"x\"", "'x'", "'say \"it''s\"'", "\"a\\nb\"", "\"# no comment\"", "' '",
      "\"tab\\there\"", "'a: b'", "\"\\\\d+\"", "'\\d'", "\"\\u00a0\\x85\\ufeff\"", "'#'",
      "\"over\n        lines\"", "'over\n\n        lines'",
      "\"cut \\\n        here\\ \n        so\"",
    ]
    return all[random.below(all.count)]
  }

  private mutating func trailing() -> String {
    switch random.below(6) {
    case 0: "  # trailing \(random.below(10))"
    case 1: random.below(3) == 0 ? "   " : ""
    default: ""
    }
  }

  private mutating func comments(_ column: Int, _ lines: inout [String]) {
    while random.below(4) == 0 {
      switch random.below(3) {
      case 0: lines.append("")
      case 1: lines.append(String(repeating: " ", count: column) + "# own \(random.below(10))")
      default:
        lines.append(
          String(repeating: " ", count: random.below(8)) + "#strange\(random.below(10))  "
        )
      }
    }
  }
}
