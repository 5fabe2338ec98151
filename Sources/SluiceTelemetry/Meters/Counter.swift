internal import Synchronization

/// A number that only grows.
///
/// Safe from any thread; an increment is one relaxed atomic addition.
package final class Counter: Sendable {
  private let count = Atomic<Int64>(0)

  package init() {}

  package func increment(by amount: Int64 = 1) {
    count.wrappingAdd(amount, ordering: .relaxed)
  }

  /// Moves the counter up to `total`, for what is counted elsewhere and only copied here.
  ///
  /// A total below the counter's own changes nothing.
  package func advance(to total: Int64) {
    count.max(total, ordering: .relaxed)
  }

  package var value: Int64 { count.load(ordering: .relaxed) }
}
