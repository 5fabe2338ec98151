internal import Synchronization

/// A number that goes up and down.
///
/// Safe from any thread; every change is one relaxed atomic operation.
package final class Gauge: Sendable {
  private let current = Atomic<Int64>(0)

  package init() {}

  package func set(_ value: Int64) { current.store(value, ordering: .relaxed) }
  package func increment(by amount: Int64 = 1) { current.wrappingAdd(amount, ordering: .relaxed) }
  package func decrement(by amount: Int64 = 1) {
    current.wrappingSubtract(amount, ordering: .relaxed)
  }

  package var value: Int64 { current.load(ordering: .relaxed) }
}
