/// A token limit holds what it says, at what each reservation is known to have used.
///
/// At every admission, what was admitted within the window and what exceeded its reservation within
/// it are together within the quota: a reservation counts in full until it is settled, then at what
/// it used, at its own time; an excess counts from its settlement. Only what does not fit is
/// refused, and every reservation is settled once.
package struct TokensHold: Invariant {
  package let claim: String
  private let limit: String
  private let quota: @Sendable (String) -> Int
  private let window: Int64
  private let hasBurst: Bool

  /// Checks the limit called `limit`.
  ///
  /// `quota`, by the value of its key, fits in a `window` of nanoseconds, burst included.
  package init(
    limit: String,
    window: Int64,
    hasBurst: Bool,
    quota: @escaping @Sendable (String) -> Int
  ) {
    claim = "limit \(limit) holds what it says"
    self.limit = limit
    self.quota = quota
    self.window = window
    self.hasBurst = hasBurst
  }

  package func violations(in run: Run) -> [String] {
    run.reservations.filter { $0.limit == limit }.grouped { $0.key }
      .flatMap { key, reservations in
        let quota = quota(key)
        return reservations.enumerated()
          .flatMap { place, asked in
            violations(asked, after: reservations[..<place], quota).map { "\($0) for \(key)" }
          }
      }
  }

  private func violations(
    _ asked: ReservationRecord,
    after earlier: ArraySlice<ReservationRecord>,
    _ quota: Int
  ) -> [String] {
    var found: [String] = []
    if asked.isAdmitted {
      let counted = counted(earlier, at: asked, within: window)
      if counted + asked.amount > quota {
        found.append("\(asked.amount) admitted at \(asked.time) beside \(counted)")
      }
      if asked.settlements.count != 1 {
        found.append("\(asked.amount) of \(asked.time) settled \(asked.settlements.count) times")
      }
    } else if !hasBurst {
      // A sliding window of 60 slots may err by one of them.
      let counted = counted(earlier, at: asked, within: window + window / 60)
      if counted + asked.amount <= quota {
        found.append("\(asked.amount) refused at \(asked.time) beside only \(counted)")
      }
    }
    return found
  }

  private func counted(
    _ earlier: ArraySlice<ReservationRecord>,
    at asked: ReservationRecord,
    within span: Int64
  ) -> Int {
    earlier.filter(\.isAdmitted)
      .reduce(0) { sum, one in
        let settlement = one.settlements.first.flatMap { $0.stamp < asked.stamp ? $0 : nil }
        let used = settlement?.used ?? one.amount
        let own = one.time > asked.time - span ? min(used, one.amount) : 0
        let isDebtRemembered = settlement.map { $0.time > asked.time - span } ?? false
        return sum + own + (isDebtRemembered ? max(0, used - one.amount) : 0)
      }
  }
}
