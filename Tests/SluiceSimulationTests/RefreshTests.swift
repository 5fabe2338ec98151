import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceSimulation
import SluiceStages
import Testing

@Suite("A gateway that revalidates in the background")
struct RefreshTests {
  private static let second = Scenario.second

  @Test("keeps every promise, for those who wait and for nobody", arguments: Seeds.some(80))
  func promises(seed: UInt64) {
    let scenario = RefreshScenario.mixed(seed: seed)
    expect(scenario.history, keeps: RefreshScenario.invariants, test: "RefreshTests")
    #expect(scenario.ports.flights.isEmpty)
    #expect(scenario.ports.background.count == 0)
    #expect(scenario.history.run.everyBackgroundEnded)
  }

  @Test("is tried by runs in which the background meets all that a client meets")
  func coverage() {
    var foreground: Set<String> = []
    var background: Set<String> = []
    for seed in 0..<40 as Range<UInt64> {
      let run = RefreshScenario.mixed(seed: seed).history.run
      for exchange in run.exchanges { foreground.formUnion(exchange.trail) }
      for walk in run.background { background.formUnion(walk.trail) }
    }
    let wanted: Set<String> = [
      "background all:clear", "hold all/first:held", "hold all/first:clamped",
      "hold all/first:cache_only", "lookup:refused", "attempt all/first:answered",
      "attempt all/first:failed", "attempt all/second:answered", "breaker all/first:open",
      "store:stored", "store:kept_out", "stale:none",
    ]
    #expect(wanted.subtracting(background).sorted() == [])
    #expect(foreground.isSuperset(of: ["cache all:stale", "cache all:hit", "stale:served"]))
    #expect(background.isDisjoint(with: ["stale:served", "lookup:exact", "lookup:stale"]))
  }

  private func ask(at seconds: Double, loop: Int = 0, streams: Bool = false) -> Ask {
    Ask(
      after: Int64(seconds * Double(Self.second)),
      loop: loop,
      product: "shared",
      question: "the same",
      streams: streams
    )
  }

  private func run(
    seed: UInt64,
    _ asks: [Ask],
    _ plan: FaultPlan = .quiet,
    prepare: (SimulatedGateway, SimulatedPorts) -> Void = { _, _ in }
  ) -> Run {
    let scenario = RefreshScenario(seed: seed, asks: asks, plan: plan, prepare)
    expect(scenario.history, keeps: RefreshScenario.invariants, test: "RefreshTests")
    #expect(scenario.ports.flights.isEmpty)
    #expect(scenario.ports.background.count == 0)
    return scenario.history.run
  }

  @Test(
    "serves the old answer at once to all, asks once, and then serves the new",
    arguments: Seeds.some(20)
  )
  func once(seed: UInt64) {
    let late = (0..<6).map { ask(at: 12, loop: $0 % 2, streams: $0 % 3 == 0) }
    let run = run(seed: seed, [ask(at: 0)] + late + [ask(at: 14)])
    #expect(run.attempts.count == 2)
    #expect(run.background.count == 1)
    for exchange in run.exchanges[1...6] {
      #expect(exchange.received.attempt == 0)
      #expect(exchange.received.field("x-sluice-cache") == "stale")
      #expect(exchange.received.field("age") == "11" || exchange.received.field("age") == "12")
      // For nothing, and without a wait.
      #expect(exchange.received.field("x-sluice-cost") == "0.00")
      #expect(exchange.ended?.moment == exchange.began.moment)
    }
    #expect(run.exchanges[7].received.attempt == 1)
    #expect(run.exchanges[7].received.field("x-sluice-cache") == "exact")
  }

  @Test(
    "goes on serving the old answer, within its time, while nothing else comes",
    arguments: Seeds.some(20)
  )
  func outage(seed: UInt64) {
    let down = FaultPlan(
      listed: [Behaviour()] + Array(repeating: Behaviour(fault: .serverError), count: 100)
    )
    let run = run(
      seed: seed,
      [ask(at: 0), ask(at: 12), ask(at: 20), ask(at: 28), ask(at: 31)],
      down
    )
    let outcomes = run.exchanges.map { $0.received.field("x-sluice-cache") }
    #expect(outcomes == ["miss", "stale", "stale", "stale", "miss"])
    #expect(run.exchanges[4].received.status ?? 0 >= 500)
    #expect(run.background.count == 3)
  }

  @Test(
    "keeps no answer that an invalidation passed by in the background",
    arguments: Seeds.some(20)
  )
  func invalidated(seed: UInt64) {
    let slow = Behaviour(headDelay: Self.second)
    let plan = FaultPlan(listed: [Behaviour(), slow, Behaviour()])
    let run = run(seed: seed, [ask(at: 0), ask(at: 12), ask(at: 14)], plan) { gateway, ports in
      gateway.invalidate(.product("shared"), in: ports.cache, after: 12_500_000_000)
    }
    #expect(run.background.map(\.trail.last) == ["store:kept_out"])
    #expect(run.exchanges.map(\.received.attempt) == [0, 0, 2])
  }

  @Test("what is asked in the background is booked on who had it asked", arguments: Seeds.some(5))
  func booked(seed: UInt64) {
    let run = run(seed: seed, [ask(at: 0), ask(at: 12)])
    #expect(run.holds.count == 2)
    #expect(run.holds.allSatisfy { $0.claim.attribution.user == "ann" })
    #expect(run.holds.allSatisfy { $0.settlements.count == 1 })
  }

  @Test("is stopped with the rest, and settles what it held", arguments: Seeds.some(20))
  func stopped(seed: UInt64) {
    let slow = Behaviour(headDelay: 20 * Self.second)
    let run = run(seed: seed, [ask(at: 0), ask(at: 12)], FaultPlan(listed: [Behaviour(), slow])) {
      gateway,
      ports in
      gateway.at(13 * Self.second) {
        ports.background.close()
        ports.background.cancelAll()
      }
    }
    #expect(run.attempts[1].ending == .failed(.draining))
    #expect(run.attempts[1].ended?.moment.monotonic == run.background[0].ended.moment.monotonic)
    #expect(run.holds[1].settlements.count == 1)
  }
}
