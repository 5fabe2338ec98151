import SluiceSimulation
import SluiceStages
import Testing

@Suite("A gateway whose upstreams fail")
struct ResilienceTests {
  @Test("keeps its promises whatever the seed", arguments: Seeds.some(300))
  func promises(seed: UInt64) {
    let scenario = ResilientScenario.mixed(seed: seed)
    expect(scenario.history, keeps: ResilientScenario.invariants, test: "ResilienceTests")
    #expect(scenario.ports.flights.isEmpty)
  }

  @Test("takes every way that there is around a failure")
  func coverage() {
    var steps: Set<String> = []
    var turns: Set<String> = []
    for seed in 0..<60 as Range<UInt64> {
      let run = ResilientScenario.mixed(seed: seed).history.run
      for exchange in run.exchanges { steps.formUnion(exchange.trail) }
      for turn in run.turns { turns.insert("\(turn.from) \(turn.to)") }
    }
    let wanted: Set<String> = [
      "breaker all/first:closed", "breaker all/first:probe", "breaker all/first:open",
      "breaker all/first:skipped", "breaker all/second:open", "breaker all/second:probe",
      "retry all/first try 2:again", "retry all/first try 3:again",
      "retry all/first try 2:exhausted", "retry all/first try 2:gave_up",
      "breaker all/first try 2:open", "attempt all/first try 3:answered",
      "attempt all/first:passed_over", "attempt all/second:answered", "attempt all/third:answered",
      "attempt all/first:declined", "stale:served", "stale:none", "refuse:refused",
    ]
    #expect(wanted.subtracting(steps).sorted() == [])
    #expect(
      turns.isSuperset(of: ["closed open", "open halfOpen", "halfOpen open", "halfOpen closed"])
    )
  }

  /// Rules a little stricter than the policy's.
  static let stricter: [any Invariant] = [
    OpenBreakersHold { _ in BreakerPromise(tolerance: nil, recovery: 300_000_000_000, probes: 9) },
    OpenBreakersHold { _ in BreakerPromise(tolerance: nil, recovery: 0, probes: 0) },
    OpenBreakersHold { _ in BreakerPromise(tolerance: 2, recovery: 0, probes: 9) },
    PausesAreKept(percent: 600),
    RetriesStayInBudget { _ in RetryPromise(attempts: 9, percent: 0, reserve: 9) },
    RetriesStayInBudget { _ in RetryPromise(attempts: 1, percent: 100, reserve: 10) },
    CachedAnswersAreTheirOwn(
      cache: CacheRules(
        key: ResilientScenario.cache.key,
        ttl: ResilientScenario.cache.ttl,
        stale: { _ in 1_000_000_000 }
      )
    ),
  ]

  @Test("is seen through by checkers that ask for more than the policy gives", arguments: 0..<7)
  func notices(rule: Int) {
    let found = (0..<60 as Range<UInt64>)
      .contains { seed in
        !ResilientScenario.mixed(seed: seed).history.run
          .violations(of: [Self.stricter[rule]]).isEmpty
      }
    #expect(found)
  }
}
