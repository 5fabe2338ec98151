import Testing

@testable import SluiceGateway

@Suite("The queue of orders")
struct ReloadQueueTests {
  private let files = PolicyOrder.reload(.files, isForced: false)
  private let forced = PolicyOrder.reload(.admin, isForced: true)

  @Test("carries one order out at a time, and begins again after the last")
  func oneAtATime() {
    var queue = ReloadQueue<Int>(bound: 4)
    #expect(queue.offer(files, for: 1) == .begin)
    #expect(queue.next() == files)
    #expect(queue.offer(files, for: 2) == .waits)
    #expect(queue.finish() == [1])
    // Between two orders somebody is still at it.
    #expect(queue.offer(.rollBack, for: 3) == .waits)
    #expect(queue.next() == files)
    #expect(queue.finish() == [2])
    #expect(queue.next() == .rollBack)
    #expect(queue.finish() == [3])
    #expect(queue.next() == nil)
    #expect(queue.offer(files, for: 4) == .begin)
  }

  @Test("reloads that wait are one, which is forced if one of them was; all are told")
  func merges() {
    var queue = ReloadQueue<Int>(bound: 4)
    _ = queue.offer(files, for: 1)
    _ = queue.next()
    _ = queue.offer(files, for: 2)
    _ = queue.offer(forced, for: 3)
    _ = queue.offer(files, for: 4)
    _ = queue.finish()
    #expect(queue.next() == .reload(.files, isForced: true))
    #expect(queue.finish() == [2, 3, 4])
    #expect(queue.next() == nil)
  }

  @Test("a change while a reload runs is read by another")
  func losesNothing() {
    var queue = ReloadQueue<Int>(bound: 4)
    _ = queue.offer(files, for: nil)
    #expect(queue.next() == files)
    // The running one may have read the old bytes already.
    _ = queue.offer(files, for: nil)
    _ = queue.finish()
    #expect(queue.next() == files)
  }

  @Test("roll-backs are steps: each is carried out, in turn with reloads")
  func rollBacks() {
    var queue = ReloadQueue<Int>(bound: 4)
    for order in [PolicyOrder.rollBack, .rollBack, files, .rollBack] {
      _ = queue.offer(order, for: nil)
    }
    var carriedOut: [PolicyOrder] = []
    while let order = queue.next() {
      carriedOut.append(order)
      _ = queue.finish()
    }
    #expect(carriedOut == [.rollBack, .rollBack, files, .rollBack])
  }

  @Test("refuses beyond its bound")
  func bound() {
    var queue = ReloadQueue<Int>(bound: 2)
    #expect(queue.offer(.rollBack, for: nil) == .begin)
    #expect(queue.offer(.rollBack, for: nil) == .waits)
    #expect(queue.offer(.rollBack, for: nil) == .refused)
    #expect(queue.offer(files, for: nil) == .refused)
  }

  @Test("closed, it drops what waits and tells of the end of what runs")
  func closes() {
    var queue = ReloadQueue<Int>(bound: 4)
    _ = queue.offer(files, for: 1)
    _ = queue.next()
    _ = queue.offer(.rollBack, for: 2)
    let (dropped, isRunning) = queue.close(for: 9)
    #expect(dropped == [2])
    #expect(isRunning)
    #expect(queue.offer(files, for: 3) == .refused)
    #expect(queue.finish() == [1, 9])
    #expect(queue.next() == nil)

    var idle = ReloadQueue<Int>(bound: 4)
    #expect(idle.close(for: 9).isRunning == false)
  }
}

@Suite("The history of policies")
struct PolicyHistoryTests {
  @Test("a roll-back goes one back, the next one further")
  func goesBack() {
    var history = PolicyHistory<String>(bound: 8)
    #expect(history.previous == nil)
    for version in ["a", "b", "c"] { history.add(version) }
    #expect(history.previous == "b")
    history.goBack(to: "b")
    #expect(history.current == "b")
    #expect(history.previous == "a")
    history.goBack(to: "a")
    #expect(history.previous == nil)
    history.add("d")
    #expect(history.previous == "a")
  }

  @Test("keeps as many as its bound says")
  func bound() {
    var history = PolicyHistory<Int>(bound: 3)
    for version in 1...9 { history.add(version) }
    #expect(history.count == 3)
    #expect(history.current == 9)
  }
}
