import SluiceCore
import Synchronization
import Testing

@Suite("Cancellation")
struct CancellationTests {
  @Test("the first reason stays, and every action runs once")
  func once() {
    let cancellation = Cancellation()
    let seen = Mutex<[Cancellation.Reason]>([])
    cancellation.onCancel { reason in seen.withLock { $0.append(reason) } }
    cancellation.cancel(.clientLeft)
    cancellation.cancel(.deadline)
    #expect(cancellation.reason == .clientLeft)
    #expect(seen.withLock { $0 } == [.clientLeft])
  }

  @Test("an action that comes late runs at once, one that was withdrawn never")
  func lateAndWithdrawn() {
    let cancellation = Cancellation()
    let count = Mutex(0)
    let withdrawn = cancellation.onCancel { _ in count.withLock { $0 += 100 } }
    cancellation.remove(withdrawn)
    cancellation.cancel(.draining)
    cancellation.onCancel { _ in count.withLock { $0 += 1 } }
    #expect(count.withLock { $0 } == 1)
  }
}
