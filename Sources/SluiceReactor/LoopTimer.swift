/// Something that a loop will do at a time; see `EventLoop.schedule(at:_:)`.
///
/// Safe although it is mutable: only its loop's thread touches it.
package final class LoopTimer: @unchecked Sendable {
  let deadline: Int64
  fileprivate let order: UInt64
  /// `nil` once it ran or was cancelled.
  fileprivate var action: (() -> Void)?

  fileprivate init(deadline: Int64, order: UInt64, action: @escaping () -> Void) {
    self.deadline = deadline
    self.order = order
    self.action = action
  }

  /// Whether it may still run.
  package var isPending: Bool { action != nil }
}

/// The timers of one loop: a binary heap, earliest first; equal deadlines in order of arrival.
///
/// Cancelling only empties a timer, which leaves the heap when it comes up, or when the empty ones
/// outnumber the others: most deadlines never pass, so cancelling must be the cheap operation.
/// Adding costs O(log n), cancelling O(1) amortised.
struct TimerHeap {
  private var heap: [LoopTimer] = []
  private var nextOrder: UInt64 = 0
  private var cancelled = 0

  /// Timers that may still run.
  var count: Int { heap.count - cancelled }

  /// When the earliest timer is due.
  var earliest: Int64? {
    mutating get {
      dropCancelled()
      return heap.first?.deadline
    }
  }

  mutating func add(at deadline: Int64, _ action: @escaping () -> Void) -> LoopTimer {
    let timer = LoopTimer(deadline: deadline, order: nextOrder, action: action)
    nextOrder += 1
    heap.append(timer)
    rise(heap.count - 1)
    return timer
  }

  mutating func cancel(_ timer: LoopTimer) {
    guard timer.action != nil else { return }
    timer.action = nil
    cancelled += 1
    if cancelled > 64, cancelled > heap.count / 2 { compact() }
  }

  /// Takes the earliest timer that is due at `now`.
  ///
  /// - Returns: what it does.
  mutating func takeDue(at now: Int64) -> (() -> Void)? {
    dropCancelled()
    guard let first = heap.first, first.deadline <= now else { return nil }
    removeFirst()
    defer { first.action = nil }
    return first.action
  }

  private mutating func dropCancelled() {
    while let first = heap.first, first.action == nil {
      removeFirst()
      cancelled -= 1
    }
  }

  private mutating func compact() {
    heap.removeAll { $0.action == nil }
    cancelled = 0
    heap.sort(by: Self.precedes)
  }

  private mutating func removeFirst() {
    let last = heap.removeLast()
    guard !heap.isEmpty else { return }
    heap[0] = last
    sink()
  }

  private mutating func rise(_ start: Int) {
    var index = start
    while index > 0 {
      let parent = (index - 1) / 2
      guard Self.precedes(heap[index], heap[parent]) else { return }
      heap.swapAt(index, parent)
      index = parent
    }
  }

  private mutating func sink() {
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2]
      where child < heap.count && Self.precedes(heap[child], heap[least]) {
        least = child
      }
      guard least != index else { return }
      heap.swapAt(index, least)
      index = least
    }
  }

  private static func precedes(_ one: LoopTimer, _ other: LoopTimer) -> Bool {
    (one.deadline, one.order) < (other.deadline, other.order)
  }
}
