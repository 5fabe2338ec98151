import SluiceCore
import SluiceTelemetry
import Synchronization
import Testing

@Suite("Events")
struct EventTests {
  private let moment = Moment(monotonic: 0, wall: 1_795_506_600_123_456_789)

  @Test("an exchange is one line of JSON")
  func exchangeLine() {
    var event = ExchangeFinished(
      requestID: "req_1",
      service: "chat",
      generation: 3,
      status: .refused
    )
    event.client = "192.0.2.7"
    event.tenant = "acme"
    event.user = "u\"1\n{\u{1b}[31m}\u{85}é"
    event.httpStatus = 429
    event.code = "rate_limit_exceeded"
    event.cache = "bypass"
    for source in [CountSource.upstream, .counted] {
      var use = AttemptUsed(model: "m", source: source)
      use.inputTokens = 12
      use.cachedTokens = 8
      use.outputTokens = 3
      use.cost = NanoDollars(750_000)
      event.uses.append(use)
    }
    event.duration = 1_234_567
    event.trail = "identity:known limit per-user:refused"
    #expect(
      String(decoding: event.line(at: moment).bytes, as: UTF8.self)
        == #"{"time":"2026-11-24T07:50:00.123Z","event":"exchange","request":"req_1","#
        + #""service":"chat","generation":3,"client":"192.0.2.7","tenant":"acme","#
        + #""user":"u\"1\n{\u001b[31m}\u0085é","status":"refused","http":429,"#
        + #""code":"rate_limit_exceeded","cache":"bypass","attempts":0,"input_tokens":24,"#
        + #""output_tokens":6,"cached_tokens":16,"usage":"counted","cost":"0.0015","duration_ms":1.234567,"upstream_ms":0,"#
        + #""trail":"identity:known limit per-user:refused"}"# + "\n"
    )
  }

  @Test("an exchange before routing counts for the model none")
  func beforeRouting() {
    let metrics = MetricsRegistry()
    ExchangeFinished(requestID: "r", service: "chat", generation: 1, status: .error)
      .count(in: metrics)
    #expect(metrics.requests["none", "error", "false"].value == 1)
  }

  @Test("a refused reload raises the flag and an accepted one lowers it")
  func reloads() {
    let metrics = MetricsRegistry()
    let refused = ReloadFinished(
      .refused,
      cause: "files",
      generation: 1,
      policyHash: "ab",
      codes: ["SL0101"],
      duration: 0
    )
    refused.count(in: metrics)
    #expect(metrics.configRefused.value == 1)
    #expect(
      String(decoding: refused.line(at: moment).bytes, as: UTF8.self)
        .contains(
          #""result":"refused","cause":"files","generation":1,"policy":"ab","codes":["SL0101"]"#
        )
    )
    ReloadFinished(.accepted, cause: "admin", generation: 2, policyHash: "cd", duration: 0)
      .count(in: metrics)
    #expect(metrics.configRefused.value == 0)
    #expect(metrics.generation.value == 2)
    #expect(metrics.reloads["refused"].value == 1)
  }

  @Test("telling an event counts it and writes its line")
  func tells() {
    let sink = Lines()
    let telemetry = Telemetry(metrics: MetricsRegistry(), sink: sink)
    telemetry.tell(
      Started(
        version: "0.1",
        listen: ["127.0.0.1:8080"],
        admin: "",
        generation: 1,
        policyHash: "ab"
      ),
      at: moment
    )
    #expect(telemetry.metrics.generation.value == 1)
    #expect(
      sink.all == [
        #"{"time":"2026-11-24T07:50:00.123Z","event":"started","version":"0.1","#
          + #""listen":["127.0.0.1:8080"],"generation":1,"policy":"ab"}"# + "\n"
      ]
    )
  }
}

private final class Lines: LogSink {
  private let lines = Mutex<[String]>([])
  var all: [String] { lines.withLock { $0 } }
  func write(line: [UInt8]) { lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }
}
