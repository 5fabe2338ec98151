internal import SluiceCore
package import SluicePipeline

/// Promise 3: when a hold is granted, what its accounts have spent and hold, and its own amount, are
/// within the limit; and nothing is dispatched without one.
package struct BudgetsHold: Invariant {
  package let claim = "no attempt is dispatched beyond a budget"

  private let process: @Sendable (HoldID) -> UInt64

  /// - Parameter process: the number of the process that granted a hold, where some are killed: one
  ///   that died before the record was written sends nothing, and leaves the next one nothing to know.
  package init(process: @escaping @Sendable (HoldID) -> UInt64 = { _ in 0 }) {
    self.process = process
  }

  package func violations(in run: Run) -> [String] {
    overdrawn(run) + unheld(run)
  }

  private func overdrawn(_ run: Run) -> [String] {
    var found: [String] = []
    for (place, hold) in run.holds.enumerated() {
      guard let id = hold.id else { continue }
      for charge in hold.claim.charges {
        let before = run.holds[..<place]
          .filter { earlier in
            guard let other = earlier.id,
              earlier.recorded != nil || process(other) == process(id)
            else { return false }
            return earlier.claim.charges.contains {
              $0.account == charge.account && $0.period == charge.period
            }
          }
          .reduce(NanoDollars.zero) { $0 + $1.counts(at: hold.asked) }
        if before + hold.claim.amount > charge.limit {
          found.append(
            "$\(hold.claim.amount) beside $\(before) on \(charge.account.owner)"
              + " \(charge.account.key), whose limit is $\(charge.limit)"
          )
        }
      }
    }
    return found
  }

  /// Each attempt of a walk comes right behind a hold, and no upstream is asked more often than
  /// holds were recorded by then.
  private func unheld(_ run: Run) -> [String] {
    var found: [String] = []
    for exchange in run.exchanges {
      for (place, step) in exchange.trail.enumerated()
      where step.hasPrefix("attempt ") && !step.hasSuffix(":skipped") {
        let node = step.dropFirst("attempt ".count).prefix { $0 != ":" }
        let before = place > 0 ? exchange.trail[place - 1] : ""
        if before != "hold \(node):held", before != "hold \(node):clamped" {
          found.append("\(step) behind \(before) in \(exchange.line)")
        }
      }
    }
    let written = run.holds.compactMap { $0.claim.charges.isEmpty ? nil : $0.recorded }.sorted()
    for (place, attempt) in run.attempts.map(\.asked).sorted().enumerated()
    where written.prefix(while: { $0 < attempt }).count < place + 1 {
      found.append("dispatch \(place + 1) before as many holds were recorded")
    }
    return found
  }
}

/// Promise 4: every hold is settled exactly once, and nothing else is.
package struct HoldsSettleOnce: Invariant {
  package let claim = "every hold is settled exactly once"

  package init() {}

  package func violations(in run: Run) -> [String] {
    run.holds.compactMap { hold in
      let wanted = hold.id == nil || hold.takenBack != nil ? 0 : 1
      guard hold.settlements.count != wanted else { return nil }
      return "\(hold.settlements.count) settlements of $\(hold.claim.amount)"
        + " for \(hold.claim.attribution.user), \(hold.decision)"
    }
  }
}
