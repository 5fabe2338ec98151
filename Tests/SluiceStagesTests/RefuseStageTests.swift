import SluiceCore
import SluiceDialects
import SluicePipeline
import SluiceStages
import Testing

@Suite("When no candidate answered")
struct RefuseStageTests {
  private let fixture = Fixture()

  private func refusal(
    service: Service = .chat,
    _ prepare: (Exchange) -> Void
  ) -> APIError? {
    let stage = RefuseStage()
    let exchange = fixture.exchange(Fixture.graph(stage), service: service)
    prepare(exchange)
    _ = stage.decide(exchange, at: fixture.world.now)
    return exchange.refusal
  }

  @Test("what no context holds is the client's to shorten, at the field that holds it")
  func tooLong() {
    for (service, field) in [
      (Service.chat, "messages"), (.completions, "prompt"), (.embeddings, "input"),
    ] {
      #expect(
        refusal(service: service) { $0.exceededContext = 8_192 }
          == .contextLengthExceeded(tokens: 8_192, param: field)
      )
    }
  }

  @Test("a candidate that might have answered says more than one that was skipped")
  func failure() {
    let failed = refusal { exchange in
      exchange.exceededContext = 8_192
      exchange.failure = Failure(.connectRefused)
    }
    #expect(failed == .upstreamUnreachable)
    let now = fixture.world.now.monotonic
    let open = refusal { exchange in
      exchange.exceededContext = 8_192
      exchange.retryAt = now + 7_000_000_000
    }
    #expect(open == .upstreamUnavailable(retryAfterSeconds: 7))
  }
}
