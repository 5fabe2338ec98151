import Foundation
import SluiceCore
import SluiceDialects
import SluicePipeline
import SluicePolicy
import SluiceStages
import Testing

@Suite("The refusal when no candidate answered")
struct RefuseStageTests {
  private static let second: Int64 = 1_000_000_000

  /// One failed attempt; with words if it says a status.
  private struct Failed {
    var reason: Failure.Reason
    var status: Int?
    var retryAfter: Int64?

    init(_ reason: Failure.Reason, _ status: Int? = nil, retryAfter: Int64? = nil) {
      self.reason = reason
      self.status = status
      self.retryAfter = retryAfter
    }
  }

  /// What is told after attempts that failed one second after the other.
  private func outcome(
    of attempts: [Failed],
    opensIn wait: Int64? = nil,
    ending: Failure.Reason? = nil
  ) async -> (status: Int, code: String, retryAfter: Int64?) {
    let fixture = Fixture()
    let exchange = fixture.exchange(Fixture.graph(RefuseStage()))
    if let wait { exchange.mayTryAgain(at: fixture.world.now.monotonic + wait * Self.second) }
    for (place, attempt) in attempts.enumerated() {
      let words = attempt.status.map { status in
        Reply(
          status: status,
          body: Array("words".utf8),
          fields: attempt.retryAfter.map { [("retry-after", String($0))] } ?? []
        )
      }
      exchange.note(
        FailedAttempt(
          Failure(attempt.reason, retryAfter: attempt.retryAfter.map { $0 * Self.second }),
          of: ModelIndex(place),
          words: words
        )
      )
      fixture.world.advance(by: .seconds(1))
    }
    if let ending { exchange.failure = Failure(ending) }
    exchange.moment = fixture.world.now
    await GraphRunner.run(exchange, service: .chat)
    switch exchange.outcome {
    case .refused(let error): return (error.status, error.code ?? "", error.retryAfterSeconds)
    case .reply(let reply):
      let wait = reply.fields.filter { $0.name == "retry-after" }.map(\.value)
      #expect(wait.count <= 1)
      return (reply.status, "own words", wait.first.flatMap { Int64($0) })
    case .abandoned: return (0, "abandoned", nil)
    case .pending, .streamed, .cut: return (0, "\(exchange.outcome)", nil)
    }
  }

  @Test("is the one that says most, in whatever order they failed")
  func mostTelling() async {
    // From what says least.
    let failures: [(Failed, String)] = [
      (Failed(.refusedKey), "upstream_refused_key"),
      (Failed(.connectRefused), "upstream_unreachable"),
      (Failed(.firstByteTimeout), "upstream_timeout"),
      (Failed(.invalidReply), "upstream_invalid_reply"), (Failed(.serverError, 529), "own words"),
    ]
    for (low, first) in failures.enumerated() {
      for second in failures[low...] {
        #expect(await outcome(of: [first.0, second.0]).code == second.1)
        #expect(await outcome(of: [second.0, first.0]).code == second.1)
      }
    }
  }

  @Test("is the later of two that say as much")
  func later() async {
    #expect(await outcome(of: [Failed(.idleTimeout), Failed(.connectionBroken)]).status == 502)
    #expect(
      await outcome(of: [Failed(.serverError, 500), Failed(.rateLimited, 429)]).status == 429
    )
  }

  @Test("asks to wait until the first of those who said when")
  func earliest() async {
    let limited = Failed(.rateLimited, 429, retryAfter: 30)
    // The attempt itself took a second.
    #expect(await outcome(of: [limited]).retryAfter == 29)
    #expect(await outcome(of: [limited], opensIn: 9).retryAfter == 8)
    #expect(await outcome(of: [limited], opensIn: 90).retryAfter == 29)
    let sooner = Failed(.rateLimited, 429, retryAfter: 5)
    #expect(await outcome(of: [sooner, limited]).retryAfter == 3)
    #expect(await outcome(of: [Failed(.rateLimited, retryAfter: 4)]).retryAfter == 3)
    // Nobody is kept from trying again sooner than its own upstream asked.
    #expect(await outcome(of: [Failed(.serverError, 529)], opensIn: 9).retryAfter == nil)
    #expect(await outcome(of: [Failed(.connectRefused)], opensIn: 9).retryAfter == nil)
  }

  @Test("is temporary as long as one candidate may yet answer")
  func temporary() async {
    let quota = Failed(.outOfQuota, 429)
    #expect(await outcome(of: [quota]) == (429, "own words", nil))
    #expect(await outcome(of: [quota], opensIn: 9) == (503, "upstream_unavailable", 8))
    #expect(await outcome(of: [], opensIn: 9) == (503, "upstream_unavailable", 9))
  }

  @Test("is the end of the exchange where that came first")
  func endings() async {
    let told = [Failed(.serverError, 529)]
    #expect(await outcome(of: told, ending: .deadline).code == "deadline_exceeded")
    #expect(await outcome(of: told, ending: .draining).code == "draining")
    #expect(await outcome(of: told, ending: .clientLeft).code == "abandoned")
  }

  @Test("of every reason stands in the table of its page", arguments: Failure.Reason.allCases)
  func documented(reason: Failure.Reason) throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let page = try String(
      contentsOf: root.appending(path: "Docs/stages/refuse.md"),
      encoding: .utf8
    )
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `\(reason.rawValue)` |") }
    let error = RefuseStage.error(for: Failure(reason))
    let row = try #require(rows.first)
    #expect(rows.count == 1)
    guard reason != .clientLeft else { return }
    #expect(row.contains("| \(error.status) | `\(error.code ?? "")` |"))
  }

  private func refusal(
    service: Service = .chat,
    _ prepare: (Exchange) -> Void
  ) -> APIError? {
    let fixture = Fixture()
    let stage = RefuseStage()
    let exchange = fixture.exchange(Fixture.graph(stage), service: service)
    prepare(exchange)
    _ = stage.decide(exchange, at: fixture.world.now)
    return exchange.refusal
  }

  @Test("what no context holds is the client's to shorten, at the field that holds it")
  func tooLong() {
    for (service, field) in [
      (Service.chat, "messages"), (.completions, "prompt"), (.embeddings, "input"),
    ] {
      #expect(
        refusal(service: service) { $0.exceededContext = 8_192 }
          == .contextLengthExceeded(tokens: 8_192, param: field)
      )
    }
  }

  @Test("a candidate that might have answered says more than one that was skipped")
  func failure() {
    let failed = refusal { exchange in
      exchange.exceededContext = 8_192
      exchange.failure = Failure(.connectRefused)
    }
    #expect(failed == .upstreamUnreachable)
    let open = refusal { exchange in
      exchange.exceededContext = 8_192
      exchange.retryAt = exchange.moment.monotonic + 7_000_000_000
    }
    #expect(open == .upstreamUnavailable(retryAfterSeconds: 7))
  }
}
