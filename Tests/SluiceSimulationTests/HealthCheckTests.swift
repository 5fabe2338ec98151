import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceSimulation
import SluiceStages
import SluiceTelemetry
import Synchronization
import Testing

@Suite("Health checks, under virtual time")
struct HealthCheckTests {
  private static let second: Int64 = 1_000_000_000
  private static let rules = UpstreamSettings.Breaker.standard

  private let world = SimulatedWorld(seed: 7)
  private let metrics = MetricsRegistry()
  private let log = Lines()
  private let breakers = BreakerTable()

  private var settings: UpstreamSettings.HealthCheck {
    var settings = UpstreamSettings.HealthCheck()
    settings.interval = .seconds(10)
    settings.timeout = .seconds(2)
    settings.unhealthyThreshold = 3
    settings.healthyThreshold = 2
    return settings
  }

  private func check(_ upstream: Probed, after record: HealthRecord = .init()) -> HealthCheck {
    HealthCheck(
      of: "one",
      models: ["small", "large"],
      settings: settings,
      port: upstream,
      breakers: breakers,
      telemetry: Telemetry(metrics: metrics, sink: log),
      after: record
    )
  }

  /// Runs a check for `seconds`, and does what is planned at their times.
  private func run(
    _ check: HealthCheck,
    for seconds: Int64,
    _ plan: [(at: Int64, do: @Sendable () -> Void)] = []
  ) {
    let loop = world.loops[0]
    loop.start {
      let start = loop.now.monotonic
      for step in plan { _ = loop.schedule(atMonotonic: start + step.at * Self.second, step.do) }
      _ = loop.schedule(atMonotonic: start + seconds * Self.second) { check.stop() }
      check.begin(at: start)
      await check.run(in: loop)
    }
    world.run()
  }

  private func state(_ model: String = "small") -> Breaker.State {
    breakers.state(of: model, at: world.now.monotonic)
  }

  @Test("asks with GET below the base, once an interval, give or take a tenth, and not all at once")
  func asks() {
    let upstream = Probed()
    run(check(upstream), for: 1_000)
    let requests = upstream.requests
    #expect((95...112).contains(requests.count))
    #expect(requests.allSatisfy { $0.method == .get && $0.path == "/models" && $0.body.isEmpty })
    let times = upstream.times
    let gaps = zip(times, times.dropFirst()).map { $1 - $0 }
    #expect(gaps.allSatisfy { (9 * Self.second...11 * Self.second).contains($0) })
    #expect(Set(gaps).count > 50)
    #expect(state() == .closed)
    #expect(metrics.healthChecks["one", "success"].value == Int64(requests.count))
  }

  @Test("opens every breaker of its upstream after its threshold, and closes them after the other")
  func goesDownAndComesBack() {
    let upstream = Probed()
    let check = check(upstream)
    let states = Mutex<[String]>([])
    let note: @Sendable () -> Void = { [breakers, world] in
      let now = world.now.monotonic
      let cause = breakers.cause(of: "large", at: now)?.rawValue ?? "none"
      states.withLock { $0.append("\(breakers.state(of: "small", at: now)) \(cause)") }
    }
    run(
      check,
      for: 200,
      [
        (20, { upstream.say(503) }), (35, note), (55, note),
        (100, { upstream.say(200) }), (108, note), (125, note),
      ]
    )
    #expect(
      states.withLock { $0 } == ["closed none", "open unhealthy", "open unhealthy", "closed none"]
    )
    #expect(log.all.count == 2)
    #expect(log.all.first?.contains(#""state":"unhealthy","failure":"status 503""#) == true)
    #expect(log.all.last?.contains(#""state":"healthy""#) == true)
    #expect(check.report.lastFailure == "status 503")
  }

  @Test("one failure between successes changes nothing")
  func tolerates() {
    let upstream = Probed()
    let check = check(upstream)
    run(check, for: 100, [(20, { upstream.say(500) }), (36, { upstream.say(200) })])
    #expect(metrics.healthChecks["one", "failure"].value >= 1)
    #expect(log.all.isEmpty && state() == .closed)
  }

  @Test("a check that hangs ends at its timeout, and never two at once", arguments: [true, false])
  func hangs(inTheBody: Bool) {
    let upstream = Probed()
    if inTheBody { upstream.hangInBody() } else { upstream.hang() }
    let check = check(upstream)
    run(check, for: 100)
    #expect(upstream.most == 1)
    #expect((9...11).contains(upstream.requests.count))
    #expect(check.report.isHealthy == false)
    #expect(check.report.lastFailure == "no whole reply within its timeout")
  }

  @Test("a rate limit says nothing about the upstream")
  func limited() {
    let upstream = Probed()
    upstream.say(429)
    let check = check(upstream)
    run(check, for: 100)
    #expect(check.report.isHealthy && log.all.isEmpty)
    #expect(metrics.healthChecks["one", "neither"].value == Int64(upstream.requests.count))
  }

  @Test("one that takes over holds the breakers at once, and says when they may close")
  func takesOver() {
    var record = HealthRecord()
    for _ in 0..<3 { _ = record.note(success: false, under: settings) }
    #expect(!record.isHealthy && record.missing(under: settings) == 2)
    let check = check(Probed(), after: record)
    check.begin(at: 0)
    #expect(breakers.state(of: "small", at: 0) == .open)
    guard case .refuse(let retryAt, .unhealthy) = breakers.advise("large", under: Self.rules, at: 0)
    else {
      Issue.record("held open")
      return
    }
    #expect(retryAt == 10 * Self.second)
  }

  @Test("stopped, it tells nobody anything, though a check was under way")
  func stops() {
    let upstream = Probed()
    upstream.hang()
    let check = check(upstream)
    run(check, for: 2)
    #expect(upstream.requests.count == 1)
    #expect(check.report.checkedAt == nil)
    #expect(metrics.healthChecks["one", "failure"].value == 0)
  }
}

/// An upstream that says what it was told to, at once or never.
private final class Probed: Upstream {
  private enum Mood { case says(Int), hangs, hangsInBody }
  private struct State {
    var mood = Mood.says(200)
    var requests: [UpstreamRequest] = []
    var times: [Int64] = []
    var busy = 0
    var most = 0
  }
  private let state = Mutex(State())

  var requests: [UpstreamRequest] { state.withLock { $0.requests } }
  var times: [Int64] { state.withLock { $0.times } }
  /// At a time.
  var most: Int { state.withLock { $0.most } }

  func say(_ status: Int) { state.withLock { $0.mood = .says(status) } }
  func hang() { state.withLock { $0.mood = .hangs } }
  func hangInBody() { state.withLock { $0.mood = .hangsInBody } }

  func send(
    _ request: UpstreamRequest,
    in world: any World,
    cancellation: Cancellation
  ) async throws(Failure) -> any UpstreamReply {
    let mood = state.withLock { state in
      state.requests.append(request)
      state.times.append(world.now.monotonic)
      state.busy += 1
      state.most = max(state.most, state.busy)
      return state.mood
    }
    defer { state.withLock { $0.busy -= 1 } }
    switch mood {
    case .says(let status): return Said(status: status, hangs: nil)
    case .hangs: throw await Self.cancelled(in: world, cancellation)
    case .hangsInBody:
      return Said(status: 200) { () async -> Failure in
        await Self.cancelled(in: world, cancellation)
      }
    }
  }

  private static func cancelled(
    in world: any World,
    _ cancellation: Cancellation
  ) async -> Failure {
    let forever = world.now.monotonic + 1_000_000_000_000_000
    let reason = await Pause.until(forever, in: world, unless: cancellation)
    return Failure(Failure.Reason(reason ?? .deadline))
  }
}

private final class Said: UpstreamReply {
  let status: Int
  private let hangs: (() async -> Failure)?

  init(status: Int, hangs: (() async -> Failure)?) {
    self.status = status
    self.hangs = hangs
  }

  func field(_ name: String) -> String? { nil }
  func read() async throws(Failure) -> [UInt8]? {
    if let hangs { throw await hangs() }
    return nil
  }
  func abandon() {}
  func release() {}
}

private final class Lines: LogSink {
  private let lines = Mutex<[String]>([])
  var all: [String] { lines.withLock { $0 } }
  func write(line: [UInt8]) { lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }
}
