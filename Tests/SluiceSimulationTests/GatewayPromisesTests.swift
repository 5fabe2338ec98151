import SluiceCore
import SluicePipeline
import SluiceSimulation
import SluiceStages
import Testing

@Suite("The compiled gateway under virtual time")
struct GatewayPromisesTests {
  @Test("keeps its promises whatever the seed", arguments: Seeds.some(200))
  func promises(seed: UInt64) {
    let scenario = Scenario.mixed(seed: seed)
    expect(
      scenario.history,
      keeps: Scenario.invariants + Scenario.instantInvariants,
      test: "GatewayPromisesTests"
    )
    #expect(scenario.ports.flights.isEmpty)
  }

  @Test("keeps them while time goes on between steps", arguments: Seeds.some(60))
  func promisesUnderDrift(seed: UInt64) {
    let scenario = Scenario.mixed(seed: seed, drift: 0...40_000)
    expect(scenario.history, keeps: Scenario.invariants, test: "GatewayPromisesTests")
    #expect(scenario.ports.flights.isEmpty)
  }

  @Test("tells everybody when it must stop, and stops every upstream", arguments: Seeds.some(40))
  func stops(seed: UInt64) {
    let scenario = Scenario(seed: seed)
    scenario.gateway.stop(after: Int64(seed % 30) * 2_000_000)
    scenario.world.run()
    expect(
      scenario.history,
      keeps: [EveryExchangeEndsOnce(), CutStreamsLookCut(), StoppingStops()],
      test: "GatewayPromisesTests"
    )
    #expect(scenario.ports.flights.isEmpty)
  }

  @Test("admits whoever waits as long as it was told, and not sooner", arguments: Seeds.some(20))
  func retryAfter(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    func ask(_ after: Int64) -> Ask {
      Ask(after: after, tier: "free", product: "fresh", question: "\(after)")
    }
    let times = (0..<8).map { _ in Int64.random(in: 0..<40, using: &random) * Scenario.second }
    let scenario = Scenario(seed: seed, asks: times.sorted().map(ask), plan: .quiet)
    scenario.world.run()
    let refused = scenario.history.run.exchanges.last { $0.received.status == 429 }
    guard
      let refused, let wait = refused.received.field("retry-after").flatMap({ Int64($0) })
    else {
      Issue.record("nobody was refused")
      return
    }
    let told = refused.began.moment.monotonic - 1_000_000_000 + wait * Scenario.second
    scenario.gateway.serve(ask(told))
    scenario.world.run()
    #expect(scenario.history.run.exchanges.last?.received.status == 200)
    #expect(wait <= 61)
    expect(scenario.history, keeps: Scenario.invariants, test: "GatewayPromisesTests")
  }

  @Test("takes the same steps for the same seed, others for another")
  func determinism() {
    let hashes = (0..<12).map { Scenario.mixed(seed: $0).world.trace.hash }
    let again = (0..<12).map { Scenario.mixed(seed: $0).world.trace.hash }
    #expect(hashes == again)
    #expect(Set(hashes).count == 12)
  }
}
