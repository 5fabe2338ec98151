import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceSimulation
import Testing

/// Twenty-five minutes of nothing, with the defaults of the language and a client every second.
@Suite("An outage of twenty-five minutes")
struct OutageTests {
  private static let second = Scenario.second
  private static let begins = 60 * second

  /// Each seed ends it at another point of the breaker's rounds.
  private static func ends(_ seed: UInt64) -> Int64 {
    begins + (25 * 60 + Int64(seed % 4) * 15) * second
  }

  private static let policy = Policy.compiled(
    from: """
      sluice: v1
      identity: { keys: keys.jsonl }
      upstreams:
        one: { api: simulated }
      models:
        only: { upstream: one, context: 16k, max_output: 4096, price: { input: $1/M, output: $2/M } }
      targets:
        all: [only]
      routes:
        - name: all
          to: all
      products:
        kept: { cache: { scope: product, ttl: 30s, stale_if_error: 1h } }
      """
  )

  /// How an upstream is not there.
  static let faults: [Fault] = [
    .refuseConnection, .resetBeforeHead, .stallBeforeHead, .stallAfter(pieces: 0),
    .cutAfter(pieces: 0), .wrongLength, .serverError, .overloaded(retryAfterSeconds: nil), .html,
    .malformedJSON, .redirect, .tooManyRequests(retryAfterSeconds: 7),
  ]

  private func run(seed: UInt64, _ fault: Fault, product: String) -> Run {
    let asks = (0..<1_700 as Range<Int64>)
      .map { place in
        Ask(
          after: place * Self.second,
          loop: Int(place % 2),
          product: product,
          // Of what is kept, one question; else each its own.
          question: product == "kept" ? "the same" : "\(place)",
          streams: place % 3 == 0
        )
      }
    let scenario = ResilientScenario(seed: seed, policy: Self.policy, asks: asks, plan: .quiet)
    let ports = scenario.ports
    scenario.gateway.at(Self.begins) { ports.follow(FaultPlan(percent: 100, faults: [fault])) }
    scenario.gateway.at(Self.ends(seed)) { ports.follow(.quiet) }
    scenario.world.run()
    expect(
      scenario.history,
      keeps: [
        EveryExchangeEndsOnce(),
        OpenBreakersHold { _ in
          BreakerPromise(tolerance: 5, recovery: 60 * Self.second, probes: 1)
        },
        RetriesStayInBudget { _ in RetryPromise(attempts: 2, percent: 20, reserve: 10) },
        PausesAreKept(), StaleIsTheLastResort(),
      ],
      test: "OutageTests"
    )
    return scenario.history.run
  }

  @Test(
    "is over within the recovery time and one probe, and costs few attempts",
    arguments: Seeds.some(4),
    faults
  )
  func recovers(seed: UInt64, fault: Fault) throws {
    let run = run(seed: seed, fault, product: "")
    let origin = try #require(run.exchanges.first).began.moment.monotonic
    let (begins, ends) = (origin + Self.begins, origin + Self.ends(seed))
    let served = try #require(
      run.exchanges.first { exchange in
        exchange.began.moment.monotonic >= ends && exchange.received.status == 200
      }
    )
    let took = served.began.moment.monotonic - ends
    // A probe under way when the outage ends may yet wait for a byte: twenty seconds here.
    let stalls = fault == .stallBeforeHead || fault == .stallAfter(pieces: 0)
    let probe = stalls ? 20 * Self.second : 0
    #expect(took <= 60 * Self.second + probe + Self.second)
    // From then on everybody is.
    let after = run.exchanges.filter { $0.began > served.began }
    #expect(after.allSatisfy { $0.received.status == 200 })

    let during = run.attempts.filter {
      $0.asked.moment.monotonic >= begins && $0.asked.moment.monotonic < ends
    }
    // An upstream that limits our rate is there: it is asked again whenever it said.
    let isLimit = fault == .tooManyRequests(retryAfterSeconds: 7)
    let rounds = Self.ends(seed) - Self.begins
    #expect(during.count <= (isLimit ? Int(rounds / (7 * Self.second)) + 20 : 60))
    // Once it is open, a refusal takes no time, and says when to try again.
    let refused = run.exchanges.filter { $0.passed("breaker all/only:open") }
    #expect(refused.count > 1_000)
    for exchange in refused {
      #expect(exchange.received.status == 503)
      let wait = exchange.received.field("retry-after").flatMap { Int($0) }
      #expect(wait.map { 1...60 ~= $0 } == true)
      #expect(exchange.received.first?.moment.monotonic == exchange.began.moment.monotonic)
    }
  }

  @Test("is bridged by what was right before it, marked as stale", arguments: faults)
  func bridged(fault: Fault) {
    let run = run(seed: 1, fault, product: "kept")
    #expect(run.exchanges.allSatisfy { $0.received.status == 200 })
    let stale = run.exchanges.filter { $0.received.field("x-sluice-cache") == "stale" }
    #expect(stale.count > 1_300)
  }
}
