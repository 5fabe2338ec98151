import SluiceCore
import SluiceExpressions
import SluicePolicy
import SluiceTestSupport
import Testing

@Suite("What routes leave to one another")
struct RouteCoverTests {
  @Test(
    "inside the fragment every verdict is the one of brute force",
    arguments: 0..<8
  )
  func exact(part: Int) {
    var random = SplitMix(seed: 1_000 + UInt64(part))
    var met: [String: Int] = [:]
    for _ in 0..<300 {
      let policy = RandomRoutes(&random)
      let cover = RouteCover(policy.routes, features: policy.features, names: RandomRoutes.names)
      let oracle = RouteOracle(policy.routes, policy.features)
      let answers = policy.requests.map { oracle.takers(of: $0) }
      #expect(cover.isExact, "\(policy.texts)")
      for position in policy.routes.indices {
        let mine = answers.filter { $0.matching[position] }
        let verdict = cover.verdict(on: position)
        let expected: String
        if mine.isEmpty {
          expected = "never"
        } else if mine.allSatisfy({ $0.first != position }) {
          expected = "covered"
        } else if policy.routes[position].condition != nil, !policy.routes[position].isRequested,
          answers.allSatisfy({ $0.conditions[position] })
        {
          expected = "always"
        } else {
          expected = "open"
        }
        met[expected, default: 0] += 1
        #expect("\(verdict)".hasPrefix(expected), "\(position) of \(policy.texts): \(verdict)")
        if case .covered(let takers) = verdict {
          #expect(mine.allSatisfy { answer in takers.contains { answer.matching[$0] } })
          for taker in takers {
            let isNeeded = mine.contains { answer in
              !takers.contains { $0 != taker && answer.matching[$0] }
            }
            #expect(isNeeded, "\(taker) of \(takers) for \(position) of \(policy.texts)")
          }
        }
        if expected == "open" || expected == "always" {
          let witness = cover.witness(of: position)
          #expect(witness.map { oracle.takers(of: $0).first } == position, "\(policy.texts)")
        }
      }
      let hasGap = answers.contains { $0.first == nil }
      switch cover.gap {
      case .none: #expect(!hasGap, "\(policy.texts)")
      case .found(let witness):
        #expect(hasGap, "\(policy.texts)")
        #expect(oracle.takers(of: witness).first == nil, "\(policy.texts): \(witness.description)")
        met["gap", default: 0] += 1
      case .undecided: Issue.record("undecided: \(policy.texts)")
      }
    }
    // A run that meets only one kind would prove little.
    for kind in ["never", "covered", "always", "open", "gap"] {
      #expect(met[kind, default: 0] > 20, "\(met)")
    }
  }

  private static func routes(_ conditions: [String?]) -> [RouteCover.Route] {
    let environment = Environment(phase: .request, features: [])
    return conditions.map { text in
      RouteCover.Route(
        text.flatMap {
          let outcome = CheckedExpression.check($0, expecting: .bool, in: environment)
          if outcome.expression == nil { Issue.record("\(outcome.issues)") }
          return outcome.expression
        }
      )
    }
  }

  private static func cover(_ conditions: String?...) -> RouteCover {
    RouteCover(routes(conditions), features: [:], names: RandomRoutes.names)
  }

  @Test("what cannot be read is one unknown, the same wherever it is written the same")
  func unknowns() {
    let same = Self.cover(
      "prompt.text.contains(\"x\")",
      "tenant == \"a\" && prompt.text.contains('x')",
      "!prompt.text.contains(\"x\")"
    )
    #expect(same.verdict(on: 1) == .covered([0]))
    if case .none = same.gap {} else { Issue.record("what one leaves the other takes") }
    // A part that may fail leaves requests over: neither it nor its opposite holds.
    let failing = Self.cover("1 / request.max_tokens > 3", "!(1 / request.max_tokens > 3)")
    if case .none = failing.gap { Issue.record("a failure matches nothing") }
    // What is longer is also not shorter, but `size` and `contains` are told apart.
    let sizes = Self.cover("size(prompt.text) > 20", "size(prompt.text) > 30", nil)
    #expect(sizes.verdict(on: 1) == .covered([0]))
    let hours = Self.cover("now.getHours() >= 24")
    #expect(hours.verdict(on: 0) == .never)
  }

  @Test("outside the fragment nothing false is claimed, and a witness is one")
  func unknownWitness() {
    let cover = Self.cover("size(prompt.text) < 10", "prompt.text.contains(\"code\")")
    guard case .found(let witness) = cover.gap else {
      Issue.record("a long text without the word is left over")
      return
    }
    let oracle = RouteOracle(
      Self.routes(["size(prompt.text) < 10", "prompt.text.contains(\"code\")"]),
      [:]
    )
    #expect(oracle.takers(of: witness).first == nil)
    // No text is both, which the analysis does not know: it claims nothing.
    let empty = Self.cover("size(prompt.text) < 2 && prompt.text.contains(\"code\")", nil)
    #expect(empty.verdict(on: 0) == .open)
  }

  @Test("wildcards and hours of the week are outside the fragment: nothing is claimed of them")
  func wildcardsAndHours() {
    let names = Self.cover(
      "tenant.glob(\"gpt-*\")",
      "tenant.startsWith(\"gpt-\")",
      nil
    )
    #expect(names.verdict(on: 0) == .open)
    #expect(names.verdict(on: 1) == .open)
    #expect(!names.isExact)
    let conditions = ["now.inWindow(\"Mon-Fri 09:00-17:00\")", "now.inWindow(\"Tue\", \"UTC\")"]
    let hours = Self.cover(conditions[0], conditions[1])
    #expect(hours.verdict(on: 1) == .open)
    if case .found(let witness) = hours.gap {
      #expect(RouteOracle(Self.routes(conditions), [:]).takers(of: witness).first == nil)
    }
    // Written out they cannot fail, so one and its opposite leave nothing.
    let opposites = Self.cover(conditions[0], "!\(conditions[0])")
    if case .none = opposites.gap {} else { Issue.record("one of the two holds") }
  }

  @Test("several routes together cover one, and those that are not needed are not named")
  func union() {
    let cover = Self.cover(
      "request.stream",
      "user.tier == \"free\"",
      "tenant == \"a\"",
      "!request.stream && prompt.tokens >= 100",
      "prompt.tokens > 500"
    )
    #expect(cover.verdict(on: 4) == .covered([0, 3]))
    #expect(cover.verdict(on: 3) == .open)
  }

  @Test("blocks of addresses are stretches of numbers")
  func networks() throws {
    func block(_ text: String) throws -> Intervals<Int128> {
      AddressPlace.addresses(in: try #require(Network(text)))
    }
    let ten = try block("10.0.0.0/8")
    #expect(try block("10.1.0.0/16").subtracting(ten).isEmpty)
    #expect(try !ten.subtracting(block("10.0.0.0/9")).isEmpty)
    #expect(
      try block("10.0.0.0/9").union(block("10.128.0.0/9")) == ten
    )
    #expect(try block("2001:db8::/32").intersection(ten).isEmpty)
    #expect(try ten.subtracting(block("::/0")).isEmpty)
    #expect(try block("0.0.0.0/0").union(block("::/0")) == block("::/0"))
    let first = try #require(ten.parts.first)
    #expect(AddressPlace.text(at: first.lower) == "10.0.0.0")
    #expect(first.upper.map { AddressPlace.text(at: $0 - 1) } == "10.255.255.255")
  }

  @Test("too many cases are not decided, and soon")
  func tooLarge() {
    let parts = (0..<24).map { "(headers.a\($0) == \"1\" || headers.b\($0) == \"1\")" }
    let cover = Self.cover(parts.joined(separator: " && "), nil)
    #expect(cover.verdict(on: 0) == .undecided)
    #expect(cover.verdict(on: 1) == .open)
    if case .none = cover.gap {} else { Issue.record("the last route takes all") }
  }

  @Test("ten thousand routes by product are decided in few steps each")
  func many() {
    let texts = (0..<10_000).map { "product == \"p\($0)\" && prompt.tokens < 100" }
    let cover = RouteCover(
      Self.routes(texts + [texts[7]]),
      features: [:],
      names: RandomRoutes.names
    )
    #expect(cover.verdict(on: 10_000) == .covered([7]))
    #expect(cover.verdict(on: 9_999) == .open)
    guard case .found = cover.gap else {
      Issue.record("long prompts are left over")
      return
    }
  }
}
