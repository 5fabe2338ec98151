import SluiceSimulation
import Testing

@Suite("A ledger that is killed at any moment")
struct LedgerCrashTests {
  @Test(
    "never forgets spending, never holds too much, and settles each hold once",
    arguments: Seeds.some(150)
  )
  func promises(seed: UInt64) {
    let scenario = LedgerScenario(seed: seed)
    scenario.run()
    guard !scenario.violations.isEmpty else { return }
    var text = "seed \(seed) breaks \(scenario.violations.count) times:\n"
    text += scenario.violations.prefix(10).joined(separator: "\n")
    text += "\nreplay: SLUICE_SEED=\(seed) swift test --filter LedgerCrashTests"
    if Seeds.isReplay { text += "\n" + scenario.trace.lines.joined(separator: "\n") }
    Issue.record(Comment(rawValue: text))
  }

  @Test("is tried by runs that die, tear, refuse, overrun and open again")
  func coverage() {
    var seen: [String: Int] = [:]
    for seed in 0..<60 as Range<UInt64> {
      let scenario = LedgerScenario(seed: seed)
      scenario.run()
      seen.merge(scenario.seen, uniquingKeysWith: +)
    }
    for what in [
      "life", "torn", "open at the end", "short", "unavailable", "given back", "unrecorded",
      "overrun", "switch", "dispatched",
    ] {
      #expect(seen[what] ?? 0 > 20, "\(what): \(seen[what] ?? 0) times")
    }
  }

  @Test("is seen through when it does wrong", arguments: LedgerScenario.Plant.allCases)
  func notices(plant: LedgerScenario.Plant) {
    let found = (0..<60 as Range<UInt64>)
      .contains { seed in
        let scenario = LedgerScenario(seed: seed, plant: plant)
        scenario.run()
        return !scenario.violations.isEmpty
      }
    #expect(found)
  }
}
