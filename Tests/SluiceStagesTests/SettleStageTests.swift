import SluiceCore
import SluiceDialects
import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceTelemetry
import Testing

@Suite("Settling")
struct SettleStageTests {
  private func settled(_ sources: [CountSource]) async -> Exchange {
    let exchange = Fixture().exchange(Fixture.graph(SettleStage()), isTraced: true)
    for source in sources {
      exchange.book(
        Booking(
          model: ModelIndex(0),
          usage: Usage(prompt: 3, completion: 2),
          source: source,
          cost: NanoDollars(1_000_000)
        )
      )
    }
    await GraphRunner.run(exchange, service: .chat)
    return exchange
  }

  @Test("says whether every attempt was counted by its upstream")
  func exits() async {
    #expect(Fixture.exit(await settled([.upstream])) == "settled")
    #expect(Fixture.exit(await settled([.counted])) == "estimated")
    #expect(Fixture.exit(await settled([.bounded, .upstream])) == "estimated")
  }

  @Test("adds up what the attempts cost, and says how each was counted")
  func sums() async {
    let exchange = await settled([.bounded, .counted, .upstream])
    #expect(exchange.cost == NanoDollars(3_000_000))
    #expect(
      exchange.trail.steps.last?.remark
        == "3 + 2 tokens at most, from bytes, $0.001; 3 + 2 tokens by our own count, $0.001; "
        + "3 + 2 tokens, $0.001"
    )
  }
}
