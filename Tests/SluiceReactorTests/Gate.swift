import Foundation
import Synchronization

/// Holds a blocking thread up until a test opens it.
final class Gate: Sendable {
  private let isOpen: Mutex<Bool>
  private let changed = NSCondition()

  init(isOpen: Bool = false) { self.isOpen = Mutex(isOpen) }

  func open() {
    changed.lock()
    isOpen.withLock { $0 = true }
    changed.broadcast()
    changed.unlock()
  }

  func close() { isOpen.withLock { $0 = false } }

  /// Blocks while the gate is closed.
  func pass() {
    changed.lock()
    while !isOpen.withLock({ $0 }) { changed.wait() }
    changed.unlock()
  }
}
