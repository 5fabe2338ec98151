package import SluiceCore
package import SluicePipeline
package import SluicePolicy
import Synchronization

/// Lets an attempt through, or turns it away while its model is known to fail.
package struct BreakerStage: Stage {
  package enum Exit: Int, StageExit {
    case closed
    /// One of the few attempts that find out whether the model answers again.
    case probe
    /// The model is given time to recover; the next candidate is asked.
    case open
    /// The health check of its upstream found it down; the next candidate is asked.
    case unhealthy
    /// A person said that it is not to be asked; the next candidate is.
    case forced
    /// This model cannot serve the request: for its tier, its path or its length.
    case skipped
  }

  package let exits = Exit.names
  private let model: ModelIndex
  private let name: String
  private let rules: UpstreamSettings.Breaker
  private let breakers: BreakerTable
  private let access: ModelAccess

  package init(
    model: ModelIndex,
    name: String,
    rules: UpstreamSettings.Breaker,
    breakers: BreakerTable,
    access: ModelAccess
  ) {
    self.model = model
    self.name = name
    self.rules = rules
    self.breakers = breakers
    self.access = access
  }

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    if access.skips(model, in: exchange) { return Exit.skipped.index }
    if exchange.isTraced {
      let state = breakers.state(of: name, at: moment.monotonic)
      let cause = breakers.cause(of: name, at: moment.monotonic)
      exchange.explain("\(name) is \(state.rawValue)" + (cause.map { ": \($0.rawValue)" } ?? ""))
      return (state == .open ? Self.exit(cause) : .closed).index
    }
    switch breakers.advise(name, under: rules, at: moment.monotonic) {
    case .forward:
      watch(exchange, ticket: nil)
      return Exit.closed.index
    case .probe(let ticket):
      watch(exchange, ticket: ticket)
      return Exit.probe.index
    case .refuse(let retryAt, let cause):
      exchange.mayTryAgain(at: retryAt)
      return Self.exit(cause).index
    }
  }

  /// The exit of an attempt that is turned away.
  private static func exit(_ cause: Breaker.Cause?) -> Exit {
    switch cause {
    case .unhealthy: .unhealthy
    case .forced: .forced
    case .failures, .probe, .coolDown, nil: .open
    }
  }

  private func watch(_ exchange: Exchange, ticket: Breaker.Ticket?) {
    let watch = BreakerWatch(model: name, ticket: ticket, rules: rules, breakers: breakers)
    exchange.watch = watch
    exchange.atEnd(watch)
  }
}

/// Tells a breaker how the attempt went that it let through.
final class BreakerWatch: AttemptWatch, Obligation {
  private let model: String
  private let ticket: Breaker.Ticket?
  private let rules: UpstreamSettings.Breaker
  private let breakers: BreakerTable
  private let hasReported = Mutex(false)

  init(
    model: String,
    ticket: Breaker.Ticket?,
    rules: UpstreamSettings.Breaker,
    breakers: BreakerTable
  ) {
    self.model = model
    self.ticket = ticket
    self.rules = rules
    self.breakers = breakers
  }

  func ended(_ report: AttemptReport, at moment: Moment) {
    let isFirst = hasReported.withLock { hasReported in
      defer { hasReported = true }
      return !hasReported
    }
    guard isFirst else { return }
    breakers.report(report, of: model, ticket: ticket, under: rules, at: moment.monotonic)
  }

  func coolDown(until time: Int64, at moment: Moment) {
    breakers.coolDown(model, until: time, at: moment.monotonic)
  }

  func finish(_ exchange: Exchange, at moment: Moment) { ended(.neither, at: moment) }
}
