import SluiceCore
package import SluicePipeline
package import SluicePolicy

/// Stops asking a model that fails, and finds out by few probes when it answers again.
///
/// A pure machine: time comes in as monotonic nanoseconds, advice goes out. Closed, it counts
/// failures as the policy says; open, it refuses until its recovery time has passed; half-open, it
/// lets through as many probes as the policy allows, closes when all of them succeeded, and opens
/// again at the first that fails. A cool-down that an upstream asked for (429 with `Retry-After`)
/// refuses without being a failure, and so does an upstream that its health check found down. A
/// person stands above all of it.
package struct Breaker: Sendable, Equatable {
  package enum Advice: Sendable, Equatable {
    case forward
    /// Forward, and report how it went under this ticket.
    case probe(Ticket)
    /// Do not forward; asking again makes sense at this time, in monotonic nanoseconds.
    case refuse(retryAt: Int64, because: Cause)
  }

  /// Names the round of probes that an attempt belongs to, so that a late report of an earlier
  /// round decides nothing.
  package struct Ticket: Sendable, Equatable {
    fileprivate let round: UInt64
  }

  package enum State: String, Sendable, CaseIterable {
    case closed, open
    case halfOpen = "half_open"
  }

  /// What a person set; it stays until a person takes it back.
  package enum Force: String, Sendable, CaseIterable { case open, closed }

  /// Why attempts are not simply forwarded.
  package enum Cause: String, Sendable, CaseIterable {
    /// As many attempts failed as the policy tolerates.
    case failures
    /// A probe failed.
    case probe
    /// The upstream asked for a pause.
    case coolDown = "cool_down"
    /// The health check found the upstream down.
    case unhealthy
    /// A person said so.
    case forced
  }

  private enum Phase: Sendable, Equatable {
    case closed
    case open(until: Int64)
    case halfOpen(round: UInt64, sent: Int, succeeded: Int)
  }

  private var phase = Phase.closed
  private var round: UInt64 = 0
  private var consecutive = 0
  private var window = FailureWindow()
  private var coolsUntil = Int64.min
  /// What opened it last.
  private var opener = Cause.failures
  /// When the health check may find it up again; `nil` while it is not known to be down.
  private var unhealthyUntil: Int64?
  package private(set) var force: Force?

  package init() {}

  /// Whether to forward an attempt now.
  package mutating func advise(
    under rules: UpstreamSettings.Breaker,
    at now: Int64
  ) -> Advice {
    switch force {
    case .open: return .refuse(retryAt: now + rules.recovery.nanoseconds, because: .forced)
    case .closed: return .forward
    case nil: break
    }
    if let unhealthyUntil {
      return .refuse(
        retryAt: max(unhealthyUntil, now + Bounds.probeWaitNanoseconds),
        because: .unhealthy
      )
    }
    if now < coolsUntil { return .refuse(retryAt: coolsUntil, because: .coolDown) }
    switch phase {
    case .closed: return .forward
    case .open(let until):
      guard now >= until else { return .refuse(retryAt: until, because: opener) }
      round += 1
      phase = .halfOpen(round: round, sent: 1, succeeded: 0)
      return .probe(Ticket(round: round))
    case .halfOpen(let round, let sent, let succeeded):
      // A probe under way may take long; whoever is refused meanwhile asks again soon.
      guard sent < rules.probes else {
        return .refuse(retryAt: now + Bounds.probeWaitNanoseconds, because: opener)
      }
      phase = .halfOpen(round: round, sent: sent + 1, succeeded: succeeded)
      return .probe(Ticket(round: round))
    }
  }

  /// Takes in how an attempt went.
  ///
  /// - Parameters:
  ///   - report: how it went.
  ///   - ticket: of a probe; `nil` for an attempt that was forwarded while closed.
  ///   - rules: the policy's.
  ///   - now: in monotonic nanoseconds.
  package mutating func report(
    _ report: AttemptReport,
    ticket: Ticket?,
    under rules: UpstreamSettings.Breaker,
    at now: Int64
  ) {
    if let ticket {
      settleProbe(report, ticket, rules, now)
    } else if case .closed = phase {
      count(report, rules, now)
    }
  }

  /// Refuses attempts until `time`, as the upstream asked.
  package mutating func coolDown(until time: Int64) { coolsUntil = max(coolsUntil, time) }

  /// Takes in what the health check found: `time` is when it may find the upstream up again, `nil`
  /// that it is up.
  package mutating func setUnhealthy(until time: Int64?) { unhealthyUntil = time }

  /// Has a person decide; `nil` gives the decision back, and starts from closed.
  package mutating func force(_ force: Force?) {
    self.force = force
    if force == nil {
      phase = .closed
      coolsUntil = .min
      resetCounts()
    }
  }

  /// What it is at `now`, for metrics and people.
  package func state(at now: Int64) -> State {
    switch force {
    case .open: return .open
    case .closed: return .closed
    case nil: break
    }
    if unhealthyUntil != nil || now < coolsUntil { return .open }
    switch phase {
    case .closed: return .closed
    // Past its recovery time it waits for a request to try.
    case .open(let until): return now < until ? .open : .halfOpen
    case .halfOpen: return .halfOpen
    }
  }

  /// Why it is not closed at `now`; `nil` if it is.
  package func cause(at now: Int64) -> Cause? {
    guard state(at: now) != .closed else { return nil }
    if force == .open { return .forced }
    if unhealthyUntil != nil { return .unhealthy }
    return now < coolsUntil ? .coolDown : opener
  }

  /// When it will try again by itself; `nil` if it is closed, half-open already, or forced.
  package func retryAt(_ now: Int64) -> Int64? {
    guard force == nil, state(at: now) == .open else { return nil }
    if let unhealthyUntil { return unhealthyUntil }
    if case .open(let until) = phase { return max(until, coolsUntil) }
    return coolsUntil
  }

  /// The end of its last rest, whether of its own or for the upstream's asking; `nil` without one.
  package var restedUntil: Int64? {
    if case .open(let until) = phase { return max(until, coolsUntil) }
    return coolsUntil == .min ? nil : coolsUntil
  }

  /// Until when the upstream asked for a pause; `nil` when it did not, or the pause is over.
  package func coolDown(at now: Int64) -> Int64? { now < coolsUntil ? coolsUntil : nil }

  /// What is counted towards opening it, under `rules`: failures in a row, or of the window.
  ///
  /// `calls` is `nil` where only failures in a row count.
  package func counts(
    under rules: UpstreamSettings.Breaker,
    at now: Int64
  ) -> (failures: Int, calls: Int?) {
    switch rules {
    case .consecutive: return (consecutive, nil)
    case .ratio(_, _, let length, _, _):
      var window = window
      window.move(to: now, length: length.nanoseconds)
      let (calls, failures) = window.totals
      return (failures, calls)
    }
  }

  private mutating func settleProbe(
    _ report: AttemptReport,
    _ ticket: Ticket,
    _ rules: UpstreamSettings.Breaker,
    _ now: Int64
  ) {
    guard case .halfOpen(let round, let sent, let succeeded) = phase, round == ticket.round else {
      return
    }
    switch report {
    case .failure:
      phase = .open(until: now + rules.recovery.nanoseconds)
      opener = .probe
    case .neither:
      // The place of the probe is free again.
      phase = .halfOpen(round: round, sent: sent - 1, succeeded: succeeded)
    case .success:
      if succeeded + 1 >= rules.probes {
        phase = .closed
        resetCounts()
      } else {
        phase = .halfOpen(round: round, sent: sent, succeeded: succeeded + 1)
      }
    }
  }

  private mutating func count(
    _ report: AttemptReport,
    _ rules: UpstreamSettings.Breaker,
    _ now: Int64
  ) {
    guard report != .neither else { return }
    let failed = report == .failure
    switch rules {
    case .consecutive(let tolerance, let recovery, _):
      consecutive = failed ? consecutive + 1 : 0
      if consecutive >= tolerance { open(until: now + recovery.nanoseconds) }
    case .ratio(let ratio, let minimum, let length, let recovery, _):
      window.count(failed: failed, at: now, length: length.nanoseconds)
      let (calls, failures) = window.totals
      if failed, calls >= minimum, Double(failures) >= ratio * Double(calls) {
        open(until: now + recovery.nanoseconds)
      }
    }
  }

  private mutating func open(until time: Int64) {
    phase = .open(until: time)
    opener = .failures
    resetCounts()
  }

  private mutating func resetCounts() {
    consecutive = 0
    window = FailureWindow()
  }
}

/// Calls and failures of the last while, in ten slots: what is counted lies between nine and ten
/// tenths of the window.
private struct FailureWindow: Sendable, Equatable {
  private static let slots = 10
  private var calls = [Int](repeating: 0, count: slots)
  private var failures = [Int](repeating: 0, count: slots)
  /// The number of the latest slot, counted from the start of the clock.
  private var latest = Int64.min

  mutating func count(failed: Bool, at now: Int64, length: Int64) {
    move(to: now, length: length)
    calls[Self.place(latest)] += 1
    if failed { failures[Self.place(latest)] += 1 }
  }

  /// Forgets what `now` has left behind.
  mutating func move(to now: Int64, length: Int64) {
    let number = now / max(1, length / Int64(Self.slots))
    if latest == .min || number - latest >= Int64(Self.slots) {
      calls = [Int](repeating: 0, count: Self.slots)
      failures = calls
    } else if number > latest {
      for passed in (latest + 1)...number {
        calls[Self.place(passed)] = 0
        failures[Self.place(passed)] = 0
      }
    }
    latest = max(latest, number)
  }

  var totals: (calls: Int, failures: Int) { (calls.reduce(0, +), failures.reduce(0, +)) }

  private static func place(_ number: Int64) -> Int { Int(number % Int64(slots)) }
}

extension UpstreamSettings.Breaker {
  package var recovery: Duration {
    switch self {
    case .consecutive(_, let recovery, _), .ratio(_, _, _, let recovery, _): recovery
    }
  }

  package var probes: Int {
    switch self {
    case .consecutive(_, _, let probes), .ratio(_, _, _, _, let probes): probes
    }
  }
}
