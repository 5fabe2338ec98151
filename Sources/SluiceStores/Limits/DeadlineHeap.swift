/// Names by time, the earliest first: a binary heap.
struct DeadlineHeap: Sendable {
  struct Entry: Sendable {
    var time: Int64
    var name: CountName
  }

  private var entries: [Entry] = []

  var first: Entry? { entries.first }

  /// Complexity: O(log n).
  mutating func insert(_ name: CountName, at time: Int64) {
    entries.append(Entry(time: time, name: name))
    var child = entries.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard entries[child].time < entries[parent].time else { return }
      entries.swapAt(child, parent)
      child = parent
    }
  }

  /// Complexity: O(log n).
  mutating func removeFirst() {
    entries.swapAt(0, entries.count - 1)
    entries.removeLast()
    sink()
  }

  /// Gives the first name a later time.
  ///
  /// Complexity: O(log n).
  mutating func replaceFirst(at time: Int64) {
    entries[0].time = time
    sink()
  }

  private mutating func sink() {
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < entries.count && entries[child].time < entries[least].time {
        least = child
      }
      guard least != parent else { return }
      entries.swapAt(parent, least)
      parent = least
    }
  }
}
