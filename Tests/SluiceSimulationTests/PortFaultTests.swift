import SluicePipeline
import SluiceSimulation
import SluiceStages
import Testing

@Suite("A gateway one of whose calls fails")
struct PortFaultTests {
  @Test("keeps its promises, whichever call it is")
  func everyCall() {
    var failing = 1
    while true {
      let faults = PortFaults(failing: failing)
      let scenario = Scenario(seed: 1, asks: asks, plan: .quiet, faults: faults)
      scenario.gateway.at(Scenario.faultsEnd - 1) { faults.stop() }
      scenario.world.run()
      guard let struck = faults.struck else { break }
      let violations = scenario.history.run.violations(of: Self.invariants)
      #expect(violations.isEmpty, "call \(failing), \(struck)")
      #expect(scenario.ports.flights.isEmpty, "call \(failing), \(struck)")
      failing += 1
    }
    // Look-ups, counts, attempts, reads and writes of six exchanges.
    #expect(failing > 50)
  }

  /// What holds although something failed for no reason.
  private static let invariants: [any Invariant] = [
    EveryExchangeEndsOnce(), CachedAnswersAreTheirOwn(cache: Scenario.cache),
    LeavingCancels(cache: Scenario.cache), CutStreamsLookCut(),
    ServesAgain(from: Scenario.faultsEnd),
  ]

  /// A flight with followers in both forms, its hits, and others beside it.
  private var asks: [Ask] {
    var asks: [Ask] = []
    for (place, streams) in [false, true, false, true].enumerated() {
      asks.append(
        Ask(
          after: Int64(place / 2) * 3_000_000,
          loop: place % 2,
          user: "user-\(place)",
          tier: "premium",
          product: "shared",
          question: "the same",
          streams: streams
        )
      )
    }
    asks.append(
      Ask(after: 1_000_000, user: "other", tier: "free", product: "fresh", question: "another")
    )
    asks.append(
      Ask(
        after: 1_000_000,
        user: "other",
        tier: "free",
        product: "fresh",
        question: "another",
        streams: true,
        wantsUsage: true
      )
    )
    for place in 0..<2 as Range<Int64> {
      asks.append(
        Ask(
          // Whatever failed is over by then, its timers included.
          after: Scenario.faultsEnd + place * Scenario.second,
          user: "late",
          tier: "premium",
          product: "own",
          question: "the last"
        )
      )
    }
    return asks
  }
}
