import SluiceCore
import SluicePipeline
import SluiceSimulation
import SluiceStages
import Testing

/// Flights told step by step, each under many interleavings.
@Suite("Exchanges that ask for one answer at once")
struct FlightTests {
  private static let millisecond: Int64 = 1_000_000

  /// The answer takes 10 ms to begin and 10 ms for each of its pieces.
  private static let slow = Behaviour(
    headDelay: 10 * millisecond,
    pieces: 4,
    gap: 10 * millisecond
  )

  /// One of those who ask the same: each comes a millisecond after the last, on the other loop.
  private func ask(_ place: Int, streams: Bool = false, leavesAfter: Int64? = nil) -> Ask {
    Ask(
      after: Int64(place) * Self.millisecond,
      loop: place % 2,
      user: "user-\(place)",
      tier: "premium",
      product: "shared",
      question: "the same",
      streams: streams,
      leavesAfter: leavesAfter
    )
  }

  /// Runs `asks`, checks what holds in every run, and hands over what happened.
  private func run(
    seed: UInt64,
    _ asks: [Ask],
    _ behaviours: [Behaviour],
    prepare: (Scenario) -> Void = { _ in }
  ) -> Run {
    let scenario = Scenario(seed: seed, asks: asks, plan: FaultPlan(listed: behaviours))
    prepare(scenario)
    scenario.world.run()
    expect(
      scenario.history,
      keeps: Scenario.invariants + Scenario.instantInvariants,
      test: "FlightTests"
    )
    #expect(scenario.ports.flights.isEmpty)
    return scenario.history.run
  }

  @Test("share one attempt across loops, in whatever form each asked", arguments: Seeds.some(20))
  func shares(seed: UInt64) {
    let asks = (0..<8).map { ask($0, streams: $0 % 3 == 0) }
    let run = run(seed: seed, asks, [Self.slow])
    #expect(run.attempts.count == 1)
    #expect(Set(run.exchanges.map(\.received.text)) == ["attempt-0 word-1 word-2 word-3"])
  }

  @Test("are answered though the one who asked has left", arguments: Seeds.some(20), [true, false])
  func outlivesItsLeader(seed: UInt64, streams: Bool) {
    let asks = [
      ask(0, streams: streams, leavesAfter: 15 * Self.millisecond), ask(1, streams: true), ask(2),
    ]
    let run = run(seed: seed, asks, [Self.slow])
    #expect(run.attempts.map(\.ending) == [.answered])
    #expect(run.exchanges[1].received.attempt == 0)
    #expect(run.exchanges[2].received.attempt == 0)
    #expect(run.exchanges[0].received.completions == 0)
  }

  @Test(
    "stop their attempt when the last of them leaves",
    arguments: Seeds.some(20),
    [true, false]
  )
  func stopsForNobody(seed: UInt64, streams: Bool) {
    let asks = [
      ask(0, streams: streams, leavesAfter: 15 * Self.millisecond),
      ask(1, leavesAfter: 20 * Self.millisecond),
    ]
    let run = run(seed: seed, asks, [Behaviour(fault: .stallAfter(pieces: 1))])
    let took = run.attempts[0].ended
      .map {
        $0.moment.monotonic - run.exchanges[0].began.moment.monotonic
      }
    #expect(took == 21 * Self.millisecond)
  }

  @Test("ask again one after another while attempts fail", arguments: Seeds.some(20))
  func leadsOn(seed: UInt64) {
    var failing = Self.slow
    failing.fault = .serverError
    let run = run(seed: seed, (0..<5).map { ask($0) }, [failing, failing, Self.slow])
    // Two of them find both candidates failing; the third is answered by its first.
    #expect(run.attempts.count == 5)
    #expect(run.exchanges.map(\.received.status).filter { $0 == 500 }.count == 2)
    #expect(run.exchanges.filter { $0.received.attempt == 4 }.count == 3)
  }

  @Test("do not get what was invalidated while they waited", arguments: Seeds.some(20))
  func invalidated(seed: UInt64) {
    let asks = (0..<3).map { ask($0) } + [ask(25)]
    let run = run(seed: seed, asks, [Self.slow, Self.slow]) { scenario in
      scenario.gateway.invalidate(
        .product("shared"),
        in: scenario.ports.cache,
        after: 20 * Self.millisecond
      )
    }
    #expect(run.attempts.count == 2)
    #expect(run.exchanges.map(\.received.attempt) == [0, 1, 1, 1])
  }

  @Test("are of one generation: a reload starts a flight of its own", arguments: Seeds.some(20))
  func reload(seed: UInt64) {
    let asks = [ask(0, streams: true), ask(1), ask(25), ask(26, streams: true)]
    let run = run(seed: seed, asks, [Self.slow, Self.slow]) { scenario in
      scenario.gateway.publish(
        scenario.ports.generation(2, of: Scenario.policies[1]),
        after: 20 * Self.millisecond
      )
    }
    #expect(run.attempts.map(\.model) == ["first-g1", "first-g2"])
    #expect(run.exchanges.map(\.received.attempt) == [0, 0, 1, 1])
    #expect(run.exchanges.map(\.generation) == [1, 1, 2, 2])
  }

  @Test("wait no longer for a leader that streams on and on", arguments: Seeds.some(5))
  func leaderStreamsOn(seed: UInt64) {
    let drip = Behaviour(pieces: 30, gap: 14 * Scenario.second)
    let run = run(seed: seed, [ask(0, streams: true), ask(1), ask(2, streams: true)], [drip])
    #expect(run.exchanges[0].ending == .streamed)
    #expect(
      run.exchanges.dropFirst()
        .allSatisfy { $0.ending == .refused(status: 504, code: "deadline_exceeded") }
    )
  }

  @Test("wait no longer than the policy gives them", arguments: Seeds.some(5))
  func waitsNoLonger(seed: UInt64) {
    // A piece of the answer in time, again and again, for seven minutes.
    let drip = Behaviour(pieces: 30, gap: 14 * Scenario.second)
    let run = run(seed: seed, (0..<3).map { ask($0) }, [drip])
    #expect(
      run.exchanges.allSatisfy { $0.ending == .refused(status: 504, code: "deadline_exceeded") }
    )
  }
}
