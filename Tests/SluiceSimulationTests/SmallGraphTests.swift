import SluiceCore
import SluicePipeline
import SluiceSimulation
import Testing

@Suite("A simulated gateway of small stages")
struct SmallGraphTests {
  /// Mixed traffic over two loops with faults of all kinds, and a reload in the middle.
  private func scenario(
    seed: UInt64,
    counters: PlainCounters = PlainCounters(),
    mistake: Mistake? = nil,
    faults: FaultPlan? = nil
  ) -> History {
    let world = SimulatedWorld(seed: seed, loops: 2, keepsLines: Seeds.isReplay)
    let history = History(world: world)
    var random = SeededRandom(seed: seed)
    let plan = faults ?? FaultPlan.random(&random)
    let upstream = ScriptedUpstream(
      name: "one",
      plan: plan,
      random: random.fork(),
      history: history
    )
    let gateway = SimulatedGateway(
      history: history,
      first: SmallGraph.generation(counters: counters, upstream: upstream, mistake: mistake)
    )
    gateway.publish(
      SmallGraph.generation(2, counters: counters, upstream: upstream, mistake: mistake),
      after: 10_000_000
    )
    var traffic = Traffic()
    traffic.loops = 2
    traffic.leavingPercent = 20
    traffic.slowPercent = 20
    gateway.serve(traffic.burst(of: 24, &random))
    gateway.at(120_000_000_000) { upstream.follow(.quiet) }
    gateway.serve(traffic.calm(of: 3, after: 121_000_000_000, &random))
    world.run()
    return history
  }

  private var invariants: [any Invariant] {
    [
      EveryExchangeEndsOnce(), OneGenerationEach(named: SmallGraph.generation(ofName:)),
      ConcurrencyHolds(node: "gate", maximum: 2, key: { $0.key }),
      CutStreamsLookCut(), LeavingCancels(cache: .none),
      ServesAgain(from: 121_000_000_000),
    ]
  }

  @Test("keeps its promises whatever the seed", arguments: Seeds.some(150))
  func promises(seed: UInt64) {
    let counters = PlainCounters()
    let history = scenario(seed: seed, counters: counters)
    expect(history, keeps: invariants, test: "SmallGraphTests")
    #expect(counters.inFlight == 0)
  }

  @Test("is the same run for the same seed, and another for another")
  func determinism() {
    let hashes = (0..<30).map { scenario(seed: $0).world.trace.hash }
    let again = (0..<30).map { scenario(seed: $0).world.trace.hash }
    #expect(hashes == again)
    #expect(Set(hashes).count == 30)
  }

  @Test("breaks a promise that somebody notices when a stage is wrong", arguments: Mistake.allCases)
  func noticesMistakes(mistake: Mistake) {
    let plan = FaultPlan(percent: 30, faults: [.cutAfter(pieces: 2)])
    let found = (0..<20 as Range<UInt64>)
      .contains { seed in
        let history = scenario(seed: seed, mistake: mistake, faults: plan)
        return !history.run.violations(of: invariants).isEmpty
      }
    #expect(found)
  }

  @Test("breaks a promise that somebody notices when counters never refuse")
  func noticesCounters() {
    let found = (0..<20 as Range<UInt64>)
      .contains { seed in
        let history = scenario(seed: seed, counters: PlainCounters(neverRefuses: true))
        return history.run.violations(of: invariants).contains { $0.hasPrefix("gate holds") }
      }
    #expect(found)
  }
}
