package import SluiceCore
import SluiceHTTP
package import SluicePipeline
package import SluicePolicy
package import SluiceTelemetry
import Synchronization

/// Asks one upstream again and again whether it is there, and has its breakers act on it.
///
/// The way of a check is that of an attempt: the same connections, the same secret. One is under way
/// at a time, the next begins an interval after the last began, give or take a tenth, and none
/// before that one has ended.
///
/// Isolation: `run` on the loop whose world it is given; the rest from any thread.
package final class HealthCheck: Sendable {
  /// What is known, for people.
  package struct Report: Sendable, Equatable {
    package var isHealthy = true
    /// When the last check ended.
    package var checkedAt: Moment?
    /// Why the last check that failed did; nothing of a reply or a secret.
    package var lastFailure: String?
  }

  private struct State {
    var record: HealthRecord
    var report: Report
  }

  package enum Outcome: Sendable, Equatable {
    case success
    case failure(String)
    /// Says nothing about the upstream: it limits our rate, or we have no connection to spare.
    case neither
  }

  package let upstream: String
  package let models: [String]
  package let settings: UpstreamSettings.HealthCheck
  private let port: any Upstream
  private let breakers: BreakerTable
  private let telemetry: Telemetry
  private let state: Mutex<State>
  private let stopping = Cancellation()

  /// Makes a check that does nothing yet.
  ///
  /// - Parameters:
  ///   - upstream: as the policy calls it.
  ///   - models: whose breakers it holds open while the upstream is down.
  ///   - settings: the policy's.
  ///   - port: where it asks.
  ///   - breakers: of the process.
  ///   - telemetry: what is told of results and changes.
  ///   - record: what an earlier check of the same upstream found.
  package init(
    of upstream: String,
    models: [String],
    settings: UpstreamSettings.HealthCheck,
    port: any Upstream,
    breakers: BreakerTable,
    telemetry: Telemetry,
    after record: HealthRecord = HealthRecord()
  ) {
    self.upstream = upstream
    self.models = models
    self.settings = settings
    self.port = port
    self.breakers = breakers
    self.telemetry = telemetry
    state = Mutex(State(record: record, report: Report(isHealthy: record.isHealthy)))
  }

  package var report: Report { state.withLock { $0.report } }
  package var record: HealthRecord { state.withLock { $0.record } }

  /// Has the breakers of its models know what is known already.
  package func begin(at now: Int64) {
    state.withLock { state in
      let until = state.record.isHealthy ? nil : Optional(now + settings.interval.nanoseconds)
      breakers.setUnhealthy(models, until: until, at: now)
    }
  }

  /// Checks until it is stopped.
  package func run(in world: any World) async {
    // Spread, so that a start does not ask all upstreams, and all gateways not one, at once.
    let spread = min(settings.interval.nanoseconds, Self.spread)
    var next = world.now.monotonic + Int64(world.random() % UInt64(max(1, spread)))
    while await Pause.until(next, in: world, unless: stopping) == nil {
      let start = world.now.monotonic
      let outcome = await check(in: world)
      next = max(start + jittered(world.random()), world.now.monotonic)
      take(outcome, nextAt: next, at: world.now)
    }
  }

  /// Ends `run`; when it returns, no breaker hears of a result any more.
  package func stop() {
    stopping.cancel(.draining)
    // Whoever was telling is done when the lock is free.
    state.withLock { _ in }
  }

  private static let spread = Duration.seconds(1).nanoseconds

  private func jittered(_ random: UInt64) -> Int64 {
    let interval = settings.interval.nanoseconds
    return interval - interval / 10 + Int64(random % UInt64(interval / 5 + 1))
  }

  private func take(_ outcome: Outcome, nextAt next: Int64, at moment: Moment) {
    state.withLock { state in
      guard stopping.reason == nil else { return }
      state.report.checkedAt = moment
      telemetry.metrics.healthChecks[upstream, outcome.label].increment()
      if case .failure(let why) = outcome { state.report.lastFailure = why }
      if outcome != .neither {
        let hasChanged = state.record.note(success: outcome == .success, under: settings)
        state.report.isHealthy = state.record.isHealthy
        if hasChanged {
          telemetry.tell(
            HealthChanged(
              upstream: upstream,
              isHealthy: state.record.isHealthy,
              failure: state.record.isHealthy ? "" : state.report.lastFailure ?? ""
            ),
            at: moment
          )
        }
      }
      let missing = state.record.missing(under: settings)
      let until =
        missing == 0 ? nil : Optional(next + Int64(missing - 1) * settings.interval.nanoseconds)
      breakers.setUnhealthy(models, until: until, at: moment.monotonic)
    }
  }

  private func check(in world: any World) async -> Outcome {
    let cancellation = Cancellation()
    let link = stopping.onCancel { cancellation.cancel($0) }
    defer { stopping.remove(link) }
    let deadline = world.now.monotonic + settings.timeout.nanoseconds
    let due = world.schedule(atMonotonic: deadline) { cancellation.cancel(.deadline) }
    defer { due.withdraw() }
    let request = UpstreamRequest(
      .get,
      path: settings.path,
      fields: HeaderFields(),
      body: [],
      headDeadline: deadline
    )
    do throws(Failure) {
      let reply = try await port.send(request, in: world, cancellation: cancellation)
      try await Self.drain(reply)
      return Outcome(status: reply.status)
    } catch {
      return Outcome(error)
    }
  }

  /// Reads the reply to its end, so that its connection can be used again.
  private static func drain(_ reply: any UpstreamReply) async throws(Failure) {
    var count = 0
    while let bytes = try await reply.read() {
      count += bytes.count
      if count > Bounds.healthReplyBytes { return reply.abandon() }
    }
  }
}

extension HealthCheck.Outcome {
  init(status: Int) {
    self =
      switch status {
      case 200..<300: .success
      case 429: .neither
      default: .failure("status \(status)")
      }
  }

  init(_ failure: Failure) {
    switch failure.reason {
    case .unresolved, .connectRefused, .connectTimeout, .tlsFailed, .firstByteTimeout,
      .idleTimeout, .totalTimeout, .connectionBroken, .invalidReply, .replyTooLarge, .serverError,
      .outOfQuota, .refusedKey, .redirected:
      self = .failure("\(failure)")
    case .deadline: self = .failure("no whole reply within its timeout")
    case .rateLimited, .poolExhausted, .clientLeft, .draining, .killed, .beyondHold:
      self = .neither
    }
  }

  fileprivate var label: String {
    switch self {
    case .success: "success"
    case .failure: "failure"
    case .neither: "neither"
    }
  }
}
