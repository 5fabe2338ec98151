import Testing

@testable import SluiceUpstream

@Suite struct PoolBookTests {
  private func book() -> PoolBook<Int> {
    PoolBook(limits: .init(connections: 3, idle: 2, idleAge: 100))
  }

  private func reused(_ advice: PoolBook<Int>.Advice) -> Int? {
    if case .reuse(let connection) = advice { return connection }
    return nil
  }

  @Test("uses the connection first that rested last")
  func lastInFirstOut() {
    var book = book()
    for _ in 0..<2 { _ = book.take(at: 0) { _ in true } }
    #expect(book.giveBack(1, at: 0) == nil)
    #expect(book.giveBack(2, at: 1) == nil)
    #expect(reused(book.take(at: 2) { _ in true }.advice) == 2)
    #expect(reused(book.take(at: 2) { _ in true }.advice) == 1)
    #expect(book.busy == 2)
  }

  @Test("refuses when all that may be open are busy, and not before")
  func bound() {
    var book = book()
    for _ in 0..<3 {
      guard case .open = book.take(at: 0, isUsable: { _ in true }).advice else {
        Issue.record("there was room")
        return
      }
    }
    guard case .refuse = book.take(at: 0, isUsable: { _ in true }).advice else {
      Issue.record("there was no room")
      return
    }
    book.end()
    guard case .open = book.take(at: 0, isUsable: { _ in true }).advice else {
      Issue.record("there was room again")
      return
    }
  }

  @Test("closes the one that rested longest when too many rest")
  func surplus() {
    var book = book()
    for _ in 0..<3 { _ = book.take(at: 0) { _ in true } }
    #expect(book.giveBack(1, at: 0) == nil)
    #expect(book.giveBack(2, at: 1) == nil)
    #expect(book.giveBack(3, at: 2) == 1)
    #expect(book.idle == 2)
  }

  @Test("hands out neither the old nor the unusable, and has them closed")
  func unusable() {
    var book = book()
    for _ in 0..<2 { _ = book.take(at: 0) { _ in true } }
    _ = book.giveBack(1, at: 0)
    _ = book.giveBack(2, at: 50)
    let taken = book.take(at: 100) { $0 != 2 }
    #expect(taken.unusable == [2, 1])
    guard case .open = taken.advice else {
      Issue.record("none was usable")
      return
    }
  }

  @Test("expires by age, and tells when the next is due")
  func expiry() {
    var book = book()
    for _ in 0..<2 { _ = book.take(at: 0) { _ in true } }
    #expect(book.nextExpiry == nil)
    _ = book.giveBack(1, at: 0)
    _ = book.giveBack(2, at: 50)
    #expect(book.nextExpiry == 100)
    #expect(book.expire(at: 99).isEmpty)
    #expect(book.expire(at: 100) == [1])
    #expect(book.nextExpiry == 150)
    #expect(book.clear() == [2])
    #expect(book.open == 0)
  }

  @Test("forgets a resting connection once")
  func forgets() {
    var book = book()
    _ = book.take(at: 0) { _ in true }
    _ = book.giveBack(1, at: 0)
    #expect(book.forget { $0 == 1 })
    #expect(!book.forget { $0 == 1 })
  }
}
