import SluiceCore
import SluiceDialects
import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceStores
import SluiceTelemetry
import Testing

@Suite("A stale answer")
struct StaleStageTests {
  private static let answer =
    #"{"id":"c","object":"asked.completion","choices":[{"index":0,"message":{"role":"assistant","content":"old"},"finish_reason":"stop"}]}"#

  private let fixture = Fixture()
  private let cache = EmbeddedReplyCache()
  private let key = Digest(of: Array("key".utf8))

  init() {
    let reply = CachedReply(
      body: Array(Self.answer.utf8),
      product: "support",
      tags: [],
      model: "m",
      storedAt: fixture.world.now,
      ttlNanoseconds: 60_000_000_000,
      staleNanoseconds: 30_000_000_000
    )
    #expect(
      cache.store(reply, for: key, epoch: cache.epoch(of: "support"), at: fixture.world.now)
    )
  }

  private func run(
    key: Digest?,
    failure: Failure? = Failure(.serverError),
    streams: Bool = false
  ) async throws -> Exchange {
    let exchange = fixture.exchange(Fixture.graph(StaleStage(cache: cache)))
    let stream = streams ? #","stream":true"# : ""
    exchange.facts.asked = try ModelRequest(
      Array(#"{"model":"auto","messages":[{"role":"user","content":"hi"}]\#(stream)}"#.utf8)
    )
    exchange.cacheKey = key
    exchange.failure = failure
    await GraphRunner.run(exchange, service: .chat)
    return exchange
  }

  @Test("is given when nothing else answers, marked, with its age, for nothing")
  func served() async throws {
    fixture.world.advance(by: .seconds(75))
    let exchange = try await run(key: key)
    #expect(Fixture.exit(exchange) == "served")
    #expect(exchange.cacheOutcome == .stale)
    #expect(exchange.ageSeconds == 75)
    #expect(exchange.cost == .zero)
    #expect(exchange.reply?.body == Array(Self.answer.utf8))
  }

  @Test("is a stream for whoever asked for one")
  func streamed() async throws {
    fixture.world.advance(by: .seconds(75))
    let reply = try await run(key: key, streams: true).reply
    #expect(reply?.contentType == "text/event-stream")
  }

  @Test("is also given when the exchange's time is up")
  func deadline() async throws {
    fixture.world.advance(by: .seconds(75))
    #expect(try await Fixture.exit(run(key: key, failure: Failure(.deadline))) == "served")
    #expect(try await Fixture.exit(run(key: key, failure: nil)) == "served")
  }

  @Test("is not given when its time is over")
  func over() async throws {
    fixture.world.advance(by: .seconds(89))
    #expect(try await Fixture.exit(run(key: key)) == "served")
    fixture.world.advance(by: .seconds(1))
    #expect(try await Fixture.exit(run(key: key)) == "none")
  }

  @Test("is gone when it was invalidated")
  func invalidated() async throws {
    fixture.world.advance(by: .seconds(75))
    _ = cache.invalidate(.product("support"))
    #expect(try await Fixture.exit(run(key: key)) == "none")
  }

  @Test("is not given to whoever has no key for it, or has left, or while the gateway stops")
  func notGiven() async throws {
    fixture.world.advance(by: .seconds(75))
    #expect(try await Fixture.exit(run(key: nil)) == "none")
    #expect(try await Fixture.exit(run(key: Digest(of: [1]))) == "none")
    #expect(try await Fixture.exit(run(key: key, failure: Failure(.clientLeft))) == "none")
    #expect(try await Fixture.exit(run(key: key, failure: Failure(.draining))) == "none")
  }
}
