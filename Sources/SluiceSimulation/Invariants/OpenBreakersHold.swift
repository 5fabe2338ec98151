internal import SluiceCore
internal import SluicePipeline
internal import SluiceStages

/// What a scenario's policy says about the breaker of a model.
package struct BreakerPromise: Sendable {
  /// Failures in a row that open it; `nil`: it goes by a share.
  package var tolerance: Int?
  /// Nanoseconds for which it stays open.
  package var recovery: Int64
  package var probes: Int

  package init(tolerance: Int?, recovery: Int64, probes: Int) {
    self.tolerance = tolerance
    self.recovery = recovery
    self.probes = probes
  }
}

/// An open breaker forwards nothing, a half-open one its probes, and enough failures open it.
///
/// Judged by the attempts that upstreams saw; the breaker's own word is taken only for when it
/// turned, and that it turned at all is asked of the attempts. Holds where an instant is one, and
/// clients take what they are sent at once, so that a failure is known when it happens.
package struct OpenBreakersHold: Invariant {
  package let claim = "an open breaker forwards nothing but its probes"
  private let promise: @Sendable (_ model: String) -> BreakerPromise?

  package init(promise: @escaping @Sendable (_ model: String) -> BreakerPromise?) {
    self.promise = promise
  }

  package func violations(in run: Run) -> [String] {
    run.attempts.grouped { $0.model }
      .flatMap { model, attempts -> [String] in
        guard let promise = promise(model) else { return [] }
        let turns = run.turns.filter { $0.model == model }
        return dispatches(attempts, turns, promise) + tolerated(attempts, turns, promise)
      }
  }

  /// Attempts while it was open, and probes beyond those that it may send.
  private func dispatches(
    _ attempts: [AttemptRecord],
    _ turns: [BreakerTurn],
    _ promise: BreakerPromise
  ) -> [String] {
    var findings: [String] = []
    for (place, turn) in turns.enumerated() where turn.to != .closed {
      let end = place + 1 < turns.count ? turns[place + 1].stamp : nil
      let within = attempts.filter { attempt in
        turn.stamp < attempt.asked && end.map { attempt.asked < $0 } ?? true
      }
      switch turn.to {
      case .closed: break
      case .open:
        findings += within.map { "attempt \($0.number) while \(turn.model) is open" }
        guard let end, !isCoolDown(turn, among: attempts) else { continue }
        let lasted = end.moment.monotonic - turn.stamp.moment.monotonic
        if lasted < promise.recovery {
          findings.append("\(turn.model) was open for \(lasted / 1_000_000) ms")
        }
      case .halfOpen:
        // A probe that says nothing gives its place to another.
        let probes = within.filter { $0.report != .neither }.count
        if probes > promise.probes {
          findings.append("\(probes) probes of \(turn.model)")
        }
      }
    }
    return findings
  }

  /// Whether it turned because its upstream asked for a pause.
  private func isCoolDown(_ turn: BreakerTurn, among attempts: [AttemptRecord]) -> Bool {
    let last = attempts.filter { $0.ended.map { $0 < turn.stamp } ?? false }
      .max { ($0.ended?.order ?? 0) < ($1.ended?.order ?? 0) }
    return last?.pause != nil
  }

  /// Attempts in the closed state behind as many failures in a row as open it.
  private func tolerated(
    _ attempts: [AttemptRecord],
    _ turns: [BreakerTurn],
    _ promise: BreakerPromise
  ) -> [String] {
    guard let tolerance = promise.tolerance else { return [] }
    return attempts.compactMap { attempt in
      let turn = turns.last { $0.stamp < attempt.asked }
      guard turn?.to ?? .closed == .closed else { return nil }
      let reports =
        attempts.filter { other in
          guard let ended = other.ended else { return false }
          return ended.moment.monotonic < attempt.asked.moment.monotonic
            && turn.map { $0.stamp < other.asked } ?? true
        }
        .sorted { ($0.ended?.order ?? 0) < ($1.ended?.order ?? 0) }
        .compactMap(\.report).filter { $0 != .neither }
      let row = reports.reversed().prefix { $0 == .failure }.count
      return row >= tolerance
        ? "attempt \(attempt.number) of \(attempt.model) behind \(row) failures in a row" : nil
    }
  }
}
