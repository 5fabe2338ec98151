import SluiceSimulation
import SluiceStages
import Testing

@Suite("A gateway with budgets that is killed")
struct CrashTests {
  @Test("spends nothing beyond them, and forgets nothing", arguments: Seeds.some(150))
  func promises(seed: UInt64) {
    let scenario = CrashScenario.mixed(seed: seed)
    expect(scenario.history, keeps: CrashScenario.invariants, test: "CrashTests")
    #expect(scenario.forgotten == [])
  }

  @Test("is tried by runs that are refused, and killed with holds open")
  func coverage() {
    var refused = 0
    var dispatched = 0
    var lost = 0
    for seed in 0..<30 as Range<UInt64> {
      let run = CrashScenario.mixed(seed: seed).history.run
      refused += run.exchanges.filter { $0.passed("hold all/dear:refused") }.count
      dispatched += run.attempts.count
      lost +=
        run.holds
        .filter { hold in
          guard let asked = hold.recorded, let end = hold.settlements.first?.stamp else {
            return false
          }
          return run.stops.contains { asked < $0 && $0 < end }
        }
        .count
    }
    #expect(refused > 50)
    #expect(dispatched > 500)
    #expect(lost > 30)
  }

  @Test("is seen through when it begins from nothing")
  func notices() {
    let found = (0..<30 as Range<UInt64>)
      .contains { seed in
        let scenario = CrashScenario.mixed(seed: seed, forgets: true)
        return !scenario.forgotten.isEmpty
          && !scenario.history.run.violations(of: CrashScenario.invariants).isEmpty
      }
    #expect(found)
  }
}
