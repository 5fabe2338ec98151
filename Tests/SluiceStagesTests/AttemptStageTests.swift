import SluiceCore
import SluiceDialects
import SluiceHTTP
import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceStores
import SluiceTelemetry
import Synchronization
import Testing

/// An upstream that answers what a test wrote down.
private final class ScriptedUpstream: Upstream {
  enum Answer: Sendable {
    case failure(Failure)
    case reply(status: Int, type: String, pieces: [String], fields: [String: String], end: Failure?)
  }
  private let answer: Answer
  private let seen = Mutex<[UpstreamRequest]>([])
  var requests: [UpstreamRequest] { seen.withLock { $0 } }

  init(_ answer: Answer) { self.answer = answer }

  func send(
    _ request: UpstreamRequest,
    in world: any World,
    cancellation: Cancellation
  ) async throws(Failure) -> any UpstreamReply {
    seen.withLock { $0.append(request) }
    switch answer {
    case .failure(let failure): throw failure
    case .reply(let status, let type, let pieces, var fields, let end):
      fields["content-type"] = type
      return ScriptedReply(status: status, fields: fields, pieces: pieces, end: end)
    }
  }
}

private final class ScriptedReply: UpstreamReply {
  let status: Int
  private let fields: [String: String]
  private var pieces: ArraySlice<String>
  private let end: Failure?

  init(status: Int, fields: [String: String], pieces: [String], end: Failure?) {
    self.status = status
    self.fields = fields
    self.pieces = pieces[...]
    self.end = end
  }

  func field(_ name: String) -> String? { fields[name] }
  func read() async throws(Failure) -> [UInt8]? {
    if let piece = pieces.popFirst() { return Array(piece.utf8) }
    if let end { throw end }
    return nil
  }
  func abandon() { pieces = [] }
  func release() { pieces = [] }
}

/// A client that keeps what it gets.
private final class RecordingSink: ReplySink {
  private(set) var head: (status: Int, fields: HeaderLines)?
  private(set) var writes: [String] = []
  private(set) var isFinished = false
  var text: String { writes.joined() }

  func begin(status: Int, fields: HeaderLines) async throws(Failure) {
    head = (status, fields)
  }
  func write(_ bytes: [UInt8]) async throws(Failure) {
    writes.append(String(decoding: bytes, as: UTF8.self))
  }
  func finish() async throws(Failure) { isFinished = true }
}

@Suite("An attempt")
struct AttemptStageTests {
  private static let plain = #"""
    {"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}
    """#
  private static let chunks = [
    #"data: {"id":"c1","object":"asked.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Hel"},"finish_reason":null}]}"#
      + "\n\n",
    #"data: {"id":"c1","object":"asked.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}"#
      + "\n\n",
    #"data: {"id":"c1","object":"asked.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"#
      + "\n\n",
    "data: [DONE]\n\n",
  ]
  private static let body = #"{"model":"auto","messages":[{"role":"user","content":"Hi"}]}"#
  private static let streamBody =
    #"{"model":"auto","stream":true,"messages":[{"role":"user","content":"Hi"}]}"#

  private struct Run {
    let exit: String?
    let exchange: Exchange
    let sink: RecordingSink
    let upstream: ScriptedUpstream
  }

  private func run(
    _ answer: ScriptedUpstream.Answer,
    body: String,
    tier: String = "",
    service: Service = .chat,
    meter: UsageMeter = UsageMeter(),
    prices: (FakeWorld) -> [ModelSettings.DatedPrice] = { _ in [] },
    waiting wait: Duration = .zero
  ) async throws -> Run {
    let world = FakeWorld()
    let settings = ModelSettings(
      name: "small",
      upstream: "u",
      upstreamName: "small-v2",
      context: 1_000,
      maxOutput: 100,
      prices: prices(world),
      serves: [.chat, .completions, .embeddings]
    )
    let policy = Policy(
      models: [settings],
      tiers: [TierSettings(name: "locked", models: [])],
      targets: [TargetSettings(name: "fast", kind: .candidates([ModelIndex(0)]))]
    )
    let upstream = ScriptedUpstream(answer)
    let stage = AttemptStage(
      model: ModelIndex(0),
      settings: settings,
      upstream: upstream,
      access: ModelAccess(policy),
      meter: meter
    )
    var builder = GraphBuilder()
    builder.add(
      .attempt,
      "attempt",
      place: .builtIn,
      waiting: stage,
      exits: Dictionary(uniqueKeysWithValues: stage.exits.map { ($0, String?.none) })
    )
    builder.enter(service, at: "attempt")
    let graph = builder.build { _, _ in Counter() }
    let sink = RecordingSink()
    let exchange = Exchange(
      id: "req_test",
      request: ClientRequest(
        service: service,
        method: "POST",
        path: "/v1/chat/completions",
        fields: Fixture.headerFields([]),
        body: Array(body.utf8),
        peer: HostAddress(ipv4: 0x7f00_0001)
      ),
      generation: Generation(
        number: 1,
        hash: "",
        policy: policy,
        graph: graph,
        features: [],
        states: GatewayStates(
          Policy(),
          breakers: BreakerTable(),
          ledger: JournaledLedger.unused()
        )
      ),
      world: world,
      sink: sink,
      cancellation: Cancellation(),
      startedAt: world.now,
      deadline: world.now.monotonic + 1_000_000_000
    )
    exchange.caller = Caller(tier: tier, address: exchange.request.peer)
    world.advance(by: wait)
    exchange.facts.asked = try ModelRequest(Array(body.utf8), for: service.asked ?? .chat)
    await GraphRunner.run(exchange, service: service)
    return Run(exit: Fixture.exit(exchange), exchange: exchange, sink: sink, upstream: upstream)
  }

  private func stream(_ pieces: [String], end: Failure? = nil) -> ScriptedUpstream.Answer {
    .reply(
      status: 200,
      type: "text/event-stream; charset=utf-8",
      pieces: pieces,
      fields: [:],
      end: end
    )
  }

  @Test("a plain answer reaches the client as it came, and is counted")
  func plainAnswer() async throws {
    let run = try await run(
      .reply(status: 200, type: "application/json", pieces: [Self.plain], fields: [:], end: nil),
      body: Self.body
    )
    #expect(run.exit == "answered")
    #expect(run.exchange.reply?.body == Array(Self.plain.utf8))
    #expect(run.exchange.usage?.completion == 1)
    #expect(run.exchange.answeredBy == ModelIndex(0))
    let sent = String(decoding: try #require(run.upstream.requests.first).body, as: UTF8.self)
    #expect(sent == Self.body.replacing(#""auto""#, with: #""small-v2""#))
  }

  @Test("a stream is passed on chunk by chunk, without the usage that nobody asked for")
  func streamedAnswer() async throws {
    let run = try await run(stream(Self.chunks), body: Self.streamBody)
    #expect(run.exit == "answered")
    #expect(run.sink.writes == [Self.chunks[0], Self.chunks[1], Self.chunks[3]])
    #expect(run.sink.isFinished)
    #expect(run.exchange.usage?.prompt == 3)
    #expect(run.sink.head?.fields.pairs.first?.value == "text/event-stream")
  }

  @Test("a completion and an embedding are asked for at their own paths, and are counted")
  func otherPaths() async throws {
    for (service, input, answer) in [
      (
        Service.completions, #""prompt":"Hi""#,
        #"{"choices":[{"text":"x","finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#
      ),
      (
        .embeddings, #""input":["Hi"]"#,
        #"{"data":[{"embedding":[1]}],"usage":{"prompt_tokens":3,"total_tokens":3}}"#
      ),
    ] {
      let run = try await run(
        .reply(status: 200, type: "application/json", pieces: [answer], fields: [:], end: nil),
        body: #"{"model":"auto",\#(input)}"#,
        service: service
      )
      #expect(run.exit == "answered")
      #expect(run.upstream.requests.map(\.path) == [service.asked?.path])
      #expect(run.exchange.reply?.body == Array(answer.utf8))
      #expect(run.exchange.usage?.prompt == 3)
    }
  }

  @Test("what is an answer at one path is none at another")
  func wrongAnswer() async throws {
    let run = try await run(
      .reply(status: 200, type: "application/json", pieces: [Self.plain], fields: [:], end: nil),
      body: #"{"model":"auto","input":"Hi"}"#,
      service: .embeddings
    )
    #expect(run.exit == "failed")
    #expect(run.exchange.failure?.reason == .invalidReply)
  }

  @Test("a stream whose upstream forgets [DONE] gets one once every choice has ended")
  func missingDone() async throws {
    let run = try await run(stream(Array(Self.chunks.prefix(2))), body: Self.streamBody)
    #expect(run.exit == "answered")
    #expect(run.sink.text.hasSuffix("data: [DONE]\n\n"))
  }

  @Test("a stream that breaks off ends in an error, never in [DONE]")
  func brokenStream() async throws {
    let broken = Failure(.connectionBroken)
    for end in [broken, nil] {
      let run = try await run(stream([Self.chunks[0]], end: end), body: Self.streamBody)
      #expect(run.exit == "cut")
      #expect(run.sink.text.contains("upstream_cut"))
      #expect(!run.sink.text.contains("[DONE]"))
      guard case .cut = run.exchange.outcome else {
        Issue.record("\(run.exchange.outcome)")
        continue
      }
    }
  }

  @Test("a stream that fails before its first event lets the next candidate try")
  func failsBeforeFirstEvent() async throws {
    let refused = Failure(.connectionBroken)
    let run = try await run(stream([], end: refused), body: Self.streamBody)
    #expect(run.exit == "failed")
    #expect(run.sink.head == nil)
  }

  @Test("a client that asked for a stream gets one from a plain answer")
  func plainForStream() async throws {
    let run = try await run(
      .reply(status: 200, type: "application/json", pieces: [Self.plain], fields: [:], end: nil),
      body: Self.streamBody
    )
    let reply = try #require(run.exchange.reply)
    #expect(reply.contentType == "text/event-stream")
    #expect(String(decoding: reply.body, as: UTF8.self).hasSuffix("data: [DONE]\n\n"))
  }

  @Test(
    "a failure decides by its reason whether to try again, elsewhere, or not at all",
    arguments: Failure.Reason.allCases
  )
  func failures(reason: Failure.Reason) async throws {
    let exit = try await run(.failure(Failure(reason)), body: Self.body).exit
    switch reason {
    case .clientLeft, .deadline, .draining, .killed, .beyondHold: #expect(exit == "gave_up")
    case .replyTooLarge, .outOfQuota, .refusedKey, .redirected: #expect(exit == "passed_over")
    case .unresolved, .connectRefused, .connectTimeout, .tlsFailed, .firstByteTimeout,
      .idleTimeout, .totalTimeout, .connectionBroken, .invalidReply, .serverError, .rateLimited,
      .poolExhausted:
      #expect(exit == "failed")
    }
  }

  @Test("the upstream's refusal of the request is told in its own words")
  func declined() async throws {
    let words =
      #"{"error":{"message":"too long","type":"invalid_request_error","param":null,"code":"context_length_exceeded"}}"#
    let run = try await run(
      .reply(status: 400, type: "application/json", pieces: [words], fields: [:], end: nil),
      body: Self.body
    )
    #expect(run.exit == "declined")
    let reply = try #require(run.exchange.reply)
    #expect(reply.status == 400)
    #expect(reply.body == Array(words.utf8))
  }

  @Test(
    "what is the upstream's fault lets others try, and is kept to be told if none answers",
    arguments: [
      (429, #"{"error":{"message":"slow down","code":"rate_limit_exceeded"}}"#, "failed", true),
      (429, #"{"error":{"message":"pay","code":"insufficient_quota"}}"#, "passed_over", true),
      (500, #"{"error":{"message":"oops"}}"#, "failed", true),
      (502, "<html>Bad gateway</html>", "failed", false),
      (401, #"{"error":{"message":"bad key sk-secret"}}"#, "passed_over", false),
      (302, "", "passed_over", false),
      (307, #"{"error":{"message":"there"}}"#, "passed_over", false),
    ]
  )
  func upstreamsFault(status: Int, body: String, exit: String, isKept: Bool) async throws {
    let run = try await run(
      .reply(
        status: status,
        type: "application/json",
        pieces: [body],
        fields: ["retry-after": "7"],
        end: nil
      ),
      body: Self.body
    )
    #expect(run.exit == exit)
    #expect((run.exchange.told?.words != nil) == isKept)
    if status == 429, exit == "failed" {
      #expect(run.exchange.failure?.retryAfter == 7_000_000_000)
    }
  }

  @Test("an answer that is not one is not passed on", arguments: ["", "{", "[]", #"{"ok":true}"#])
  func malformed(body: String) async throws {
    let run = try await run(
      .reply(status: 200, type: "application/json", pieces: [body], fields: [:], end: nil),
      body: Self.body
    )
    #expect(run.exit == "failed")
    #expect(run.exchange.failure?.reason == .invalidReply)
  }

  @Test("a model outside the tier's reach is not asked")
  func skipped() async throws {
    let run = try await run(stream(Self.chunks), body: Self.streamBody, tier: "locked")
    #expect(run.exit == "skipped")
    #expect(run.upstream.requests.isEmpty)
  }

  // MARK: What it used

  private static let uncounted = #"""
    {"id":"c1","choices":[{"index":0,"message":{"role":"assistant","content":"one two three"},"finish_reason":"stop"}]}
    """#

  /// The chunks of a stream that says so many words, without usage.
  private static func said(_ words: Int, ends: Bool) -> [String] {
    var chunks = (0..<words)
      .map { _ in #"data: {"choices":[{"index":0,"delta":{"content":"word "}}]}"# + "\n\n" }
    if ends {
      chunks.append(
        #"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"# + "\n\n"
      )
      chunks.append("data: [DONE]\n\n")
    }
    return chunks
  }

  private func plain(_ pieces: [String], end: Failure? = nil) -> ScriptedUpstream.Answer {
    .reply(status: 200, type: "application/json", pieces: pieces, fields: [:], end: end)
  }

  @Test("what the upstream counted is booked as it said")
  func booksReported() async throws {
    for (answer, body) in [
      (plain([Self.plain]), Self.body), (stream(Self.chunks), Self.streamBody),
    ] {
      let run = try await run(answer, body: body)
      #expect(run.exchange.bookings.map(\.source) == [.upstream])
      #expect(run.exchange.usage == Usage(prompt: 3, completion: 1))
    }
  }

  @Test("what the upstream did not count is counted", arguments: [true, false])
  func counts(isReady: Bool) async throws {
    for isStream in [false, true] {
      let workers = CountedWorkers()
      let run = try await run(
        isStream ? stream(Self.said(3, ends: true)) : plain([Self.uncounted]),
        body: isStream ? Self.streamBody : Self.body,
        meter: UsageMeter(tokenizers: LazyTokenizers(isReady: isReady), workers: workers)
      )
      #expect(run.exit == "answered")
      #expect(run.exchange.bookings.map(\.source) == [.counted])
      // One word, three around a message, and three before the reply.
      #expect(run.exchange.usage == Usage(prompt: 7, completion: 3))
      // What is short is counted on the loop, but no table is read there.
      #expect(workers.count == (isReady ? 0 : 1))
    }
  }

  @Test("without a counter each byte is taken for a token")
  func bounds() async throws {
    let run = try await run(plain([Self.uncounted]), body: Self.body)
    #expect(run.exchange.bookings.map(\.source) == [.bounded])
    #expect(run.exchange.usage == Usage(prompt: 8, completion: 13))
  }

  @Test("what is long is not counted on the loop, and bounded where nobody has time")
  func long() async throws {
    let text = String(repeating: "word ", count: 100_000)
    let body = #"{"model":"auto","messages":[{"role":"user","content":"\#(text)"}]}"#
    for hasRoom in [true, false] {
      let workers = CountedWorkers(hasRoom: hasRoom)
      let run = try await run(
        plain([Self.uncounted]),
        body: body,
        meter: UsageMeter(tokenizers: LazyTokenizers(isReady: true), workers: workers)
      )
      #expect(workers.count == 1)
      #expect(run.exchange.bookings.map(\.source) == [hasRoom ? .counted : .bounded])
      #expect(run.exchange.usage?.prompt == (hasRoom ? 100_006 : body.utf8.count))
    }
  }

  @Test("a stream that broke off is booked as far as it came")
  func brokenOff() async throws {
    let broken = Failure(.connectionBroken)
    let meter = UsageMeter(tokenizers: LazyTokenizers(isReady: true))
    let run = try await run(
      stream(Self.said(5, ends: false), end: broken),
      body: Self.streamBody,
      meter: meter
    )
    #expect(run.exit == "cut")
    #expect(run.exchange.usage == Usage(prompt: 7, completion: 5))
    // Its upstream had counted the prompt, and not yet what it said since.
    let early =
      #"data: {"choices":[],"usage":{"prompt_tokens":40,"completion_tokens":1}}"# + "\n\n"
    let late = try await self.run(
      stream([early] + Self.said(5, ends: false), end: broken),
      body: Self.streamBody,
      meter: meter
    )
    #expect(late.exchange.usage == Usage(prompt: 40, completion: 5))
    #expect(late.exchange.bookings.map(\.source) == [.counted])
  }

  @Test("an attempt whose answer broke before the client had any of it is booked too")
  func failedAttempt() async throws {
    let run = try await run(
      plain(["{\"choices\":["], end: Failure(.connectionBroken)),
      body: Self.body,
      meter: UsageMeter(tokenizers: LazyTokenizers(isReady: true))
    )
    #expect(run.exit == "failed")
    #expect(run.exchange.bookings.map(\.source) == [.bounded])
    #expect(run.exchange.usage == Usage(prompt: 7, completion: 12))
  }

  @Test("an attempt that never began to answer is not booked")
  func unanswered() async throws {
    let refused = try await run(.failure(Failure(.connectRefused)), body: Self.body)
    #expect(refused.exchange.bookings.isEmpty)
    let failed = try await run(
      .reply(status: 500, type: "application/json", pieces: ["{}"], fields: [:], end: nil),
      body: Self.body
    )
    #expect(failed.exchange.bookings.isEmpty)
  }

  @Test("an answer costs what held when its exchange began, whenever it is booked")
  func startOfTheExchange() async throws {
    func price(_ dollars: Int64) -> ModelSettings.Price {
      let rate = TokenPrice(nanoDollarsPerMillion: dollars * NanoDollars.perDollar)
      return ModelSettings.Price(.init(input: rate, output: rate))
    }
    let run = try await run(
      plain([Self.plain]),
      body: Self.body,
      prices: { world in
        let day = world.now.wall / 86_400_000_000_000
        return [
          .init(price(1)), .init(from: CivilDate(day: day), price(2)),
          .init(from: CivilDate(day: day + 1), price(3)),
        ]
      },
      waiting: .seconds(2 * 86_400)
    )
    #expect(run.exchange.usage == Usage(prompt: 3, completion: 1))
    #expect(run.exchange.cost == NanoDollars(4 * 2 * NanoDollars.perDollar / 1_000_000))
  }

  @Test("some answers are counted by both, and both numbers told")
  func reconciles() async throws {
    let metrics = MetricsRegistry()
    let workers = CountedWorkers()
    let meter = UsageMeter(
      tokenizers: LazyTokenizers(isReady: true),
      workers: workers,
      metrics: metrics
    )
    for _ in 0..<UsageMeter.reconciledShare {
      _ = try await run(plain([Self.plain]), body: Self.body, meter: meter)
    }
    #expect(workers.count == 1)
    #expect(metrics.reconciled["small", "input", "upstream"].value == 3)
    #expect(metrics.reconciled["small", "input", "sluice"].value == 7)
    #expect(metrics.reconciled["small", "output", "upstream"].value == 1)
    #expect(metrics.reconciled["small", "output", "sluice"].value == 1)
  }
}
