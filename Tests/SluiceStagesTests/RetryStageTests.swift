import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceTelemetry
import Synchronization
import Testing

@Suite("The wait between two tries", .timeLimit(.minutes(1)))
struct RetryStageTests {
  private static let settings = UpstreamSettings.Retry(
    attempts: 3,
    base: .seconds(1),
    factor: 2,
    jitter: .bounded(.zero),
    budget: 0.2
  )

  private let fixture = Fixture()
  private let budgets = RetryBudgetTable()

  private func exchange(
    after failure: Failure = Failure(.serverError),
    deadline: Duration = .seconds(60),
    cancellation: Cancellation = Cancellation()
  ) -> Exchange {
    var builder = GraphBuilder()
    builder.add(
      .retry,
      "retry",
      place: .builtIn,
      waiting: RetryStage(
        failures: 1,
        upstream: "one",
        settings: Self.settings,
        budgets: budgets
      ),
      exits: ["again": nil, "exhausted": nil, "gave_up": nil]
    )
    builder.enter(.chat, at: "retry")
    let exchange = fixture.exchange(
      builder.build { _, _ in Counter() },
      cancellation: cancellation,
      deadline: deadline
    )
    exchange.failure = failure
    return exchange
  }

  /// Runs the node while the clock is turned; the exit, and how long it waited.
  private func run(
    _ exchange: sending Exchange,
    step: Duration = .seconds(1),
    meanwhile: () -> Void = {}
  ) async -> (exit: String?, waited: Duration, failure: Failure?) {
    let start = fixture.world.now.monotonic
    let walk = Task {
      await GraphRunner.run(exchange, service: .chat)
      return (Fixture.exit(exchange), exchange.failure)
    }
    let isOver = Mutex(false)
    let watch = Task {
      let result = await walk.value
      isOver.withLock { $0 = true }
      return result
    }
    while !isOver.withLock({ $0 }) {
      if fixture.world.pendingCount > 0 {
        meanwhile()
        if fixture.world.pendingCount > 0 { fixture.world.advance(by: step) }
      }
      await Task.yield()
    }
    let (exit, failure) = await watch.value
    return (exit, .nanoseconds(fixture.world.now.monotonic - start), failure)
  }

  @Test("is the backoff, and then the candidate is asked again")
  func again() async {
    let (exit, waited, _) = await run(exchange())
    #expect(exit == "again")
    #expect(waited == .seconds(1))
    #expect(fixture.world.pendingCount == 0)
  }

  @Test("is as long as the upstream asked for")
  func retryAfter() async {
    let (exit, waited, _) = await run(
      exchange(after: Failure(.rateLimited, retryAfter: 7_000_000_000))
    )
    #expect(exit == "again")
    #expect(waited == .seconds(7))
  }

  @Test("is not begun if it would not end within the exchange's time, and costs no budget")
  func noTime() async {
    for _ in 0..<40 {
      let failure = Failure(.rateLimited, retryAfter: 60_000_000_000)
      let (exit, waited, _) = await run(exchange(after: failure))
      #expect(exit == "exhausted")
      #expect(waited == .zero)
    }
    #expect(await run(exchange()).exit == "again")
  }

  @Test("is not begun without budget")
  func noBudget() async {
    for _ in 0..<Bounds.savedRetries { #expect(budgets.spend("one")) }
    #expect(await run(exchange()).exit == "exhausted")
    // Five first attempts earn one.
    for _ in 0..<5 { budgets.earn("one", share: 0.2) }
    #expect(await run(exchange()).exit == "again")
    #expect(await run(exchange()).exit == "exhausted")
  }

  @Test(
    "ends when the client leaves, or the gateway stops",
    arguments: [
      (Cancellation.Reason.clientLeft, Failure.Reason.clientLeft), (.draining, .draining),
      (.killed, .killed), (.deadline, .deadline),
    ]
  )
  func cancelled(reason: Cancellation.Reason, failure: Failure.Reason) async {
    let cancellation = Cancellation()
    let (exit, waited, why) = await run(
      exchange(cancellation: cancellation),
      step: .zero
    ) { cancellation.cancel(reason) }
    #expect(exit == "gave_up")
    #expect(waited == .zero)
    #expect(why?.reason == failure)
    #expect(fixture.world.pendingCount == 0)
  }
}
