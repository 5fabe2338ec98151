/// What an operator, a signal or the disk asks of the policy.
enum PolicyOrder: Sendable, Equatable {
  /// Read the files and publish what they say.
  case reload(Cause, isForced: Bool)
  /// Go back to the policy before this one.
  case rollBack

  /// Who asked for a reload.
  enum Cause: String, Sendable {
    case start, files, signal, admin
  }
}

/// Which order is carried out when: one at a time, in turn, and none is lost.
///
/// Pure. A reload that waits stands for all that are asked for meanwhile: it will read the files
/// as they are then, so the latest wins. Roll-backs are steps, hence never merged.
struct ReloadQueue<Waiter> {
  fileprivate struct Entry {
    var order: PolicyOrder
    var waiters: [Waiter]
  }

  enum Offer: Equatable {
    /// Nobody carries orders out: begin, and go on until `next()` has no more.
    case begin
    case waits
    /// Too many orders wait, or no more are taken.
    case refused
  }

  private let bound: Int
  private var pending: [Entry] = []
  private var running: Entry?
  /// Whether somebody carries orders out, from `begin` until `next()` had no more.
  private var isBusy = false
  private var isClosed = false

  init(bound: Int) { self.bound = bound }

  /// Takes an order, and who waits for its end.
  mutating func offer(_ order: PolicyOrder, for waiter: Waiter?) -> Offer {
    guard !isClosed else { return .refused }
    let waiters = waiter.map { [$0] } ?? []
    if let last = pending.last, let merged = last.order.merged(with: order) {
      pending[pending.count - 1] = Entry(order: merged, waiters: last.waiters + waiters)
      return .waits
    }
    guard pending.count < bound else { return .refused }
    pending.append(Entry(order: order, waiters: waiters))
    defer { isBusy = true }
    return isBusy ? .waits : .begin
  }

  /// The order to carry out now; `nil` when there is none, and the next offer begins again.
  mutating func next() -> PolicyOrder? {
    precondition(isBusy && running == nil, "one order is carried out at a time")
    guard !pending.isEmpty else {
      isBusy = false
      return nil
    }
    running = pending.removeFirst()
    return running?.order
  }

  /// Ends the order that was carried out, and says who waited for it.
  mutating func finish() -> [Waiter] {
    defer { running = nil }
    return running?.waiters ?? []
  }

  /// Takes no more orders.
  ///
  /// - Returns: who waits for orders that will not be carried out, and whether one still is, whose
  ///   end `waiter` will be told.
  mutating func close(for waiter: Waiter) -> (dropped: [Waiter], isRunning: Bool) {
    isClosed = true
    defer { pending = [] }
    running?.waiters.append(waiter)
    return (pending.flatMap(\.waiters), running != nil)
  }
}

extension ReloadQueue: Sendable where Waiter: Sendable {}
extension ReloadQueue.Entry: Sendable where Waiter: Sendable {}

extension PolicyOrder {
  /// One order for this one and a later one; `nil` if both must be carried out.
  fileprivate func merged(with later: PolicyOrder) -> PolicyOrder? {
    guard case .reload(_, let isForced) = self, case .reload(let cause, let isAlsoForced) = later
    else { return nil }
    return .reload(cause, isForced: isForced || isAlsoForced)
  }
}
