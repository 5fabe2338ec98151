import SluiceCore
import SluiceTelemetry
import Synchronization
import Testing

@Suite("Events")
struct EventTests {
  private let moment = Moment(monotonic: 0, wall: 1_795_506_600_123_456_789)

  @Test("a line escapes what a terminal or a reader of JSON would act on")
  func escapes() {
    var line = LogLine("met", at: moment)
    line.append("plain", "per-user")
    line.append("hostile", "u\"1\\\n\r\t{\u{1b}[31m}\u{7f}\u{85}\u{2028}é")
    line.append("nothing", "")
    line.append("count", -12)
    line.append("cost", NanoDollars(1_500_000))
    line.append("taken", milliseconds: 1_234_567)
    let words = [LogWord("limit \"a\":admitted"), LogWord("route:fast")]
    line.append("trail", words: words.count) { words[$0] }
    line.append("nowhere", words: 0) { words[$0] }
    #expect(
      String(decoding: line.bytes, as: UTF8.self)
        == #"{"time":"2026-11-24T07:50:00.123Z","event":"met","plain":"per-user","#
        + #""hostile":"u\"1\\\n\r\t{\u001b[31m}\u007f\u0085\u2028é","count":-12,"#
        + #""cost":"0.0015","taken":1.234567,"#
        + #""trail":"limit \"a\":admitted route:fast"}"# + "\n"
    )
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
