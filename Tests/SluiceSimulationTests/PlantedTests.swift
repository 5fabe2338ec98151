import SluiceCore
import SluicePipeline
import SluiceSimulation
import SluiceStages
import Testing

/// A run in which all is well is changed by hand into one that breaks a single promise.
///
/// Other tests break stores and stages and see that somebody notices; these see that each checker
/// does, in the words that it finds for it.
@Suite("A violation that was planted")
struct PlantedTests {
  /// A change of a run, and who must report it.
  struct Plant: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// A part of the finding.
    var finding: String
    var invariant: any Invariant
    var change: @Sendable (inout Run) throws -> Void
  }

  private static let second = Scenario.second

  /// Exchanges of a quiet gateway, a minute apart, of one user; then an outage that stale answers
  /// bridge.
  private static func calm() -> Run {
    let asks = (0..<8 as Range<Int64>)
      .map { place in
        Ask(
          after: place * 60 * second,
          loop: Int(place % 2),
          user: "one",
          tier: "premium",
          product: place < 6 ? "fresh" : "long",
          question: place < 6 ? "\(place)" : "the same",
          streams: place % 2 == 1
        )
      }
    let scenario = ResilientScenario(seed: 1, asks: asks, plan: .quiet)
    let ports = scenario.ports
    scenario.gateway.at(400 * second) {
      ports.follow(FaultPlan(percent: 100, faults: [.serverError]))
    }
    scenario.world.run()
    return scenario.history.run
  }

  private static let plants: [Plant] = [
    Plant(
      testDescription: "an answered exchange gets a stale answer",
      finding: "though an attempt was answered",
      invariant: StaleIsTheLastResort()
    ) { run in
      run.exchanges[0].trail.append("stale:served")
      run.exchanges[0].received.fields.append(("x-sluice-cache", "stale"))
    },
    Plant(
      testDescription: "a stale answer is not marked",
      finding: "not marked as what it is",
      invariant: StaleIsTheLastResort()
    ) { run in
      let place = try #require(run.exchanges.firstIndex { $0.passed("stale:served") })
      run.exchanges[place].received.fields.removeAll { $0.name == "x-sluice-cache" }
    },
    Plant(
      testDescription: "a stale answer overrules an upstream's no",
      finding: "though an upstream had its say",
      invariant: StaleIsTheLastResort()
    ) { run in
      let place = try #require(run.exchanges.firstIndex { $0.passed("stale:served") })
      run.exchanges[place].trail.append("attempt all/first:declined")
    },
    Plant(
      testDescription: "somebody is asked behind the first byte",
      finding: "after the first byte",
      invariant: TriesEndAtTheFirstByte()
    ) { run in
      let first = try #require(run.exchanges[1].received.first)
      var late = try #require(run.attempts(of: 1).first)
      late.number = run.attempts.count
      late.asked = first.later(by: 1)
      run.attempts.append(late)
    },
    Plant(
      testDescription: "one try too many",
      finding: "try 4 of exchange 0",
      invariant: RetriesStayInBudget(promise: ResilientScenario.retries)
    ) { run in
      let attempt = try #require(run.attempts(of: 0).first)
      run.attempts.insert(contentsOf: [attempt, attempt, attempt], at: 0)
    },
    Plant(
      testDescription: "more retries than are saved",
      finding: "retries behind",
      invariant: RetriesStayInBudget { _ in RetryPromise(attempts: 99, percent: 20, reserve: 10) }
    ) { run in
      let attempt = try #require(run.attempts(of: 0).first)
      run.attempts += Array(repeating: attempt, count: 14)
    },
    Plant(
      testDescription: "an attempt in the open state",
      finding: "while first is open",
      invariant: OpenBreakersHold(promise: ResilientScenario.breakers)
    ) { run in
      let attempt = try #require(run.attempts.first { $0.model == "first" })
      let before = attempt.asked.later(by: -1)
      run.turns.append(BreakerTurn(model: "first", from: .closed, to: .open, stamp: before))
    },
    Plant(
      testDescription: "an attempt in the pause that its upstream asked for",
      finding: "in the pause of",
      invariant: PausesAreKept()
    ) { run in
      run.attempts[0].behaviour.fault = .tooManyRequests(retryAfterSeconds: 90)
    },
    Plant(
      testDescription: "no end",
      finding: "0 ends",
      invariant: EveryExchangeEndsOnce()
    ) { $0.exchanges[0].endings = [] },
    Plant(
      testDescription: "two completions",
      finding: "completed 2 times",
      invariant: EveryExchangeEndsOnce()
    ) { $0.exchanges[0].received.completions = 2 },
    Plant(
      testDescription: "a stream that was cut ends in [DONE]",
      finding: "was not whole",
      invariant: CutStreamsLookCut()
    ) { $0.attempts[1].behaviour.fault = .cutAfter(pieces: 1) },
    Plant(
      testDescription: "a cut without a word",
      finding: "without a word",
      invariant: CutStreamsLookCut()
    ) { run in
      run.exchanges[1].endings[0].ending = .cut(.connectionBroken)
      run.exchanges[1].received.body = Array("data: {}\n\n".utf8)
    },
    Plant(
      testDescription: "a late first byte",
      finding: "ms for exchange 0",
      invariant: AnswersInTime(nanoseconds: 60 * second)
    ) { run in
      run.exchanges[0].began.moment.monotonic -= 61 * second
    },
    Plant(
      testDescription: "a model that the tier may not reach",
      finding: "tier free met first",
      invariant: ReachesOnlyItsTier(isAllowed: { model, tier in
        tier == "premium" || model == "second"
      })
    ) { $0.exchanges[0].ask.tier = "free" },
    Plant(
      testDescription: "an error after the faults",
      finding: "exchange 5",
      invariant: ServesAgain(from: 0)
    ) { run in
      run.exchanges.removeSubrange(6...)
      run.exchanges[5].received.status = 502
    },
    Plant(
      testDescription: "somebody else's answer",
      finding: "crosses its scope",
      invariant: CachedAnswersAreTheirOwn(cache: ResilientScenario.cache)
    ) { $0.attempts[0].exchange = 1 },
    Plant(
      testDescription: "two attempts for one key at a time",
      finding: "is in flight",
      invariant: SingleFlight(cache: CacheRules(key: { _ in "one" }, ttl: { _ in 0 }))
    ) { $0.attempts[0].endings = [] },
    Plant(
      testDescription: "an attempt that goes on for nobody",
      finding: "went on for nobody",
      invariant: LeavingCancels(cache: .none)
    ) { run in
      run.exchanges[0].left = run.attempts[0].asked.later(by: 1)
      run.attempts[0].endings[0].stamp.order += 2
    },
    Plant(
      testDescription: "a walk that nothing stops",
      finding: "exchange 0",
      invariant: StoppingStops()
    ) { $0.stops = [$0.exchanges[0].began.later(by: 1)] },
    Plant(
      testDescription: "a node of another generation",
      finding: "generation 2",
      invariant: OneGenerationEach { name in name == "planted" ? 2 : nil }
    ) { $0.exchanges[0].trail.append("planted:there") },
    Plant(
      testDescription: "one admitted too many",
      finding: "admitted, from",
      invariant: RateHolds(limit: "rate", window: 300 * second, count: { _ in 3 }, key: { $0.user })
    ) { run in
      for place in 0..<4 { run.exchanges[place].trail.append("limit rate:admitted") }
    },
    Plant(
      testDescription: "one refused too soon",
      finding: "refused after only",
      invariant: RateHolds(limit: "rate", window: 300 * second, count: { _ in 3 }, key: { $0.user })
    ) { $0.exchanges[0].trail.append("limit rate:refused") },
    Plant(
      testDescription: "one in flight too many",
      finding: "was admitted",
      invariant: ConcurrencyHolds(node: "gate", maximum: 1, key: { $0.user })
    ) { run in
      run.exchanges[0].walked = nil
      for place in 0..<2 { run.exchanges[place].trail.append("gate:admitted") }
    },
  ]

  @Test("is reported by the one whom it concerns", arguments: plants)
  func reported(plant: Plant) throws {
    var run = Self.calm()
    #expect(plant.invariant.violations(in: run) == [])
    try plant.change(&run)
    let findings = plant.invariant.violations(in: run)
    #expect(findings.contains { $0.contains(plant.finding) }, "\(findings)")
  }

  @Test("is tried for every invariant that there is")
  func complete() {
    let tried = Set(Self.plants.map { "\(type(of: $0.invariant))" })
    let used = (ResilientScenario.invariants + Scenario.invariants + Scenario.instantInvariants)
      .map { "\(type(of: $0))" }
    #expect(Set(used).union(["StoppingStops"]) == tried)
  }
}

extension Stamp {
  /// The same moment, that much further in the order of things.
  fileprivate func later(by steps: Int) -> Stamp {
    var copy = self
    copy.order += steps
    return copy
  }
}
