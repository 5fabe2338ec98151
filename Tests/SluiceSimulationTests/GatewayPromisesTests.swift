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

  @Test("takes the same steps for the same seed, others for another")
  func determinism() {
    let hashes = (0..<12).map { Scenario.mixed(seed: $0).world.trace.hash }
    let again = (0..<12).map { Scenario.mixed(seed: $0).world.trace.hash }
    #expect(hashes == again)
    #expect(Set(hashes).count == 12)
  }
}
