import SluiceSimulation
import SluiceStages
import Testing

@Suite("A gateway that limits tokens")
struct TokenLimitTests {
  @Test("holds its limits whatever becomes of the answers", arguments: Seeds.some(80))
  func promises(seed: UInt64) {
    let scenario = TokenScenario.mixed(seed: seed)
    expect(scenario.history, keeps: TokenScenario.invariants, test: "TokenLimitTests")
    #expect(scenario.ports.flights.isEmpty)
  }

  @Test("is tried by runs that refuse, give back, owe, and answer from the cache")
  func coverage() {
    var refused = 0
    var givenBack = 0
    var whole = 0
    var owed = 0
    var unused = 0
    for seed in 0..<40 as Range<UInt64> {
      let run = TokenScenario.mixed(seed: seed).history.run
      let hits = run.exchanges.filter { $0.passed("cache all:hit") }
      #expect(hits.allSatisfy { hit in !hit.trail.contains { $0.hasPrefix("limit") } })
      let passed = run.exchanges.filter { $0.passed("limit tokens all:admitted") }.count
      #expect(run.reservations.filter { $0.limit == "tokens" && $0.isAdmitted }.count == passed)
      for reservation in run.reservations {
        guard let settlement = reservation.settlements.first else {
          refused += 1
          continue
        }
        switch settlement.used {
        case 0: unused += 1
        case ..<reservation.amount: givenBack += 1
        case reservation.amount: whole += 1
        default: owed += 1
        }
      }
    }
    #expect(refused > 100)
    #expect(givenBack > 100)
    #expect(whole > 20)
    #expect(owed > 100)
    #expect(unused > 20)
  }
}
