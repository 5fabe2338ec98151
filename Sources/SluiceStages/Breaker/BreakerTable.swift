import SluiceCore
package import SluicePipeline
package import SluicePolicy
import Synchronization

/// The breakers of the process, one a model, across loops and generations.
///
/// The shell around `Breaker`: it owns the lock. Safe from any thread. A model that a reload takes
/// away takes its breaker along (`keep`); an exchange that still runs under the policy before may
/// make it anew, which lasts until the next reload.
package final class BreakerTable: Sendable {
  /// A breaker changed its state.
  package struct Transition: Sendable, Equatable {
    package var model: String
    package var from: Breaker.State
    package var to: Breaker.State
    /// Why it is not closed; `nil` if it is.
    package var cause: Breaker.Cause?

    package init(
      model: String,
      from: Breaker.State,
      to: Breaker.State,
      cause: Breaker.Cause? = nil
    ) {
      self.model = model
      self.from = from
      self.to = to
      self.cause = cause
    }
  }

  /// What a person decided, and why.
  package struct Forcing: Sendable, Equatable {
    package var to: Breaker.Force
    package var reason: String
    package var by: String

    package init(to: Breaker.Force, reason: String, by: String) {
      self.to = to
      self.reason = reason
      self.by = by
    }
  }

  /// All there is to say about a breaker at a time; times in monotonic nanoseconds.
  package struct Status: Sendable, Equatable {
    package var state = Breaker.State.closed
    package var cause: Breaker.Cause?
    /// `nil` for a breaker that has never changed.
    package var since: Int64?
    package var failures = 0
    /// `nil` where only failures in a row count.
    package var calls: Int?
    /// When it will try again by itself.
    package var retryAt: Int64?
    package var coolsUntil: Int64?
    package var forcing: Forcing?
    package var forcedAt: Int64?
  }

  private struct Entry {
    var breaker = Breaker()
    /// What was told last.
    ///
    /// Time changes a state without anybody's doing; it is told when the breaker is next asked.
    var told = Breaker.State.closed
    var since: Int64?
    var forcing: Forcing?
    var forcedAt: Int64?

    /// When the state that it is in at `now` began, if that is known.
    func since(at now: Int64, in state: Breaker.State, triedAt: Int64?) -> Int64? {
      guard state != told else { return since }
      return triedAt.map { min($0, now) } ?? now
    }
  }

  private let entries = Mutex<[String: Entry]>([:])
  private let onTransition: @Sendable (Transition) -> Void

  /// Makes a table; `onTransition` is told of each change.
  ///
  /// It is told inside the lock, so that nobody hears of two changes in the wrong order: it must
  /// neither wait nor ask the table.
  package init(onTransition: @escaping @Sendable (Transition) -> Void = { _ in }) {
    self.onTransition = onTransition
  }

  package func advise(
    _ model: String,
    under rules: UpstreamSettings.Breaker,
    at now: Int64
  ) -> Breaker.Advice {
    change(model, at: now) { $0.breaker.advise(under: rules, at: now) }
  }

  package func report(
    _ report: AttemptReport,
    of model: String,
    ticket: Breaker.Ticket?,
    under rules: UpstreamSettings.Breaker,
    at now: Int64
  ) {
    change(model, at: now) { $0.breaker.report(report, ticket: ticket, under: rules, at: now) }
  }

  package func coolDown(_ model: String, until time: Int64, at now: Int64) {
    change(model, at: now) { $0.breaker.coolDown(until: time) }
  }

  /// Has a person decide about a model, or gives the decision back.
  package func force(_ model: String, _ forcing: Forcing?, at now: Int64) {
    change(model, at: now) { entry in
      entry.breaker.force(forcing?.to)
      entry.forcing = forcing
      entry.forcedAt = forcing == nil ? nil : now
    }
  }

  /// Takes in what the health check of their upstream found; see `Breaker.setUnhealthy`.
  package func setUnhealthy(_ models: [String], until time: Int64?, at now: Int64) {
    for model in models { change(model, at: now) { $0.breaker.setUnhealthy(until: time) } }
  }

  /// Forgets the breakers of all other models.
  package func keep(_ models: Set<String>) {
    entries.withLock { entries in entries = entries.filter { models.contains($0.key) } }
  }

  package func state(of model: String, at now: Int64) -> Breaker.State {
    entries.withLock { $0[model]?.breaker.state(at: now) } ?? .closed
  }

  /// Why the breaker of a model is not closed; `nil` if it is.
  package func cause(of model: String, at now: Int64) -> Breaker.Cause? {
    entries.withLock { $0[model]?.breaker.cause(at: now) }
  }

  package func status(
    of model: String,
    under rules: UpstreamSettings.Breaker,
    at now: Int64
  ) -> Status {
    guard let entry = entries.withLock({ $0[model] }) else { return Status() }
    let breaker = entry.breaker
    let state = breaker.state(at: now)
    let counts = breaker.counts(under: rules, at: now)
    return Status(
      state: state,
      cause: breaker.cause(at: now),
      since: entry.since(at: now, in: state, triedAt: breaker.restedUntil),
      failures: counts.failures,
      calls: counts.calls,
      retryAt: breaker.retryAt(now),
      coolsUntil: breaker.coolDown(at: now),
      forcing: entry.forcing,
      forcedAt: entry.forcedAt
    )
  }

  private func change<Answer: Sendable>(
    _ model: String,
    at now: Int64,
    _ body: (inout Entry) -> Answer
  ) -> Answer {
    entries.withLock { change(&$0[model, default: Entry()], of: model, at: now, body) }
  }

  /// In place, since an entry has much in it to copy.
  private func change<Answer: Sendable>(
    _ entry: inout Entry,
    of model: String,
    at now: Int64,
    _ body: (inout Entry) -> Answer
  ) -> Answer {
    let from = entry.told
    let triedAt = entry.breaker.restedUntil
    let answer = body(&entry)
    let to = entry.breaker.state(at: now)
    if from != to {
      // What time changed began when the time had come, not when somebody looked.
      let byTime = from == .open && to == .halfOpen
      entry.since = byTime ? entry.since(at: now, in: to, triedAt: triedAt) : now
      entry.told = to
      onTransition(
        Transition(model: model, from: from, to: to, cause: entry.breaker.cause(at: now))
      )
    }
    return answer
  }
}
