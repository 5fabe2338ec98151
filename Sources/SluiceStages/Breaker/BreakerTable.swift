package import SluiceCore
package import SluicePipeline
package import SluicePolicy
import Synchronization

/// The breakers of the process, one a model, across loops and generations.
///
/// The shell around `Breaker`: it owns the lock. Safe from any thread. A model that a reload takes
/// away keeps its entry, which is small and bounded by the models that were ever declared.
package final class BreakerTable: Sendable {
  /// A breaker changed its state.
  package struct Transition: Sendable, Equatable {
    package var model: String
    package var from: Breaker.State
    package var to: Breaker.State

    package init(model: String, from: Breaker.State, to: Breaker.State) {
      self.model = model
      self.from = from
      self.to = to
    }
  }

  private struct Entry {
    var breaker = Breaker()
    /// What was told last.
    ///
    /// Time changes a state without anybody's doing; it is told when the breaker is next asked.
    var told = Breaker.State.closed
  }

  private let entries = Mutex<[String: Entry]>([:])
  private let onTransition: @Sendable (Transition) -> Void

  /// Makes a table; `onTransition` is told of each change, outside the lock.
  package init(onTransition: @escaping @Sendable (Transition) -> Void = { _ in }) {
    self.onTransition = onTransition
  }

  package func advise(
    _ model: String,
    under rules: UpstreamSettings.Breaker,
    at now: Int64
  ) -> Breaker.Advice {
    change(model, at: now) { $0.advise(under: rules, at: now) }
  }

  package func report(
    _ report: AttemptReport,
    of model: String,
    ticket: Breaker.Ticket?,
    under rules: UpstreamSettings.Breaker,
    at now: Int64
  ) {
    change(model, at: now) { $0.report(report, ticket: ticket, under: rules, at: now) }
  }

  package func coolDown(_ model: String, until time: Int64, at now: Int64) {
    change(model, at: now) { $0.coolDown(until: time) }
  }

  package func force(_ model: String, _ force: Breaker.Force?, at now: Int64) {
    change(model, at: now) { $0.force(force) }
  }

  package func state(of model: String, at now: Int64) -> Breaker.State {
    entries.withLock { $0[model]?.breaker.state(at: now) } ?? .closed
  }

  package func force(of model: String) -> Breaker.Force? {
    entries.withLock { $0[model]?.breaker.force }
  }

  private func change<Answer: Sendable>(
    _ model: String,
    at now: Int64,
    _ body: (inout Breaker) -> Answer
  ) -> Answer {
    let (answer, from, to) = entries.withLock { entries in
      var entry = entries[model] ?? Entry()
      let from = entry.told
      let answer = body(&entry.breaker)
      entry.told = entry.breaker.state(at: now)
      entries[model] = entry
      return (answer, from, entry.told)
    }
    if from != to { onTransition(Transition(model: model, from: from, to: to)) }
    return answer
  }
}

extension BreakerTable: StateReads {
  package func breakerState(of model: String, at moment: Moment) -> String {
    state(of: model, at: moment.monotonic).rawValue
  }
}
