package import SluiceCore
internal import Synchronization

/// An exchange in flight, as far as a person who stops spending must know it.
///
/// Safe from any thread; the candidate is written on the exchange's loop.
package final class RunningExchange: Sendable {
  package let caller: Caller
  package let cancellation: Cancellation
  private let current = Mutex<String?>(nil)

  package init(caller: Caller, cancellation: Cancellation) {
    self.caller = caller
    self.cancellation = cancellation
  }

  /// The name of the model that is asked; `nil` before the first.
  package var model: String? {
    get { current.withLock { $0 } }
    set { current.withLock { $0 = newValue } }
  }
}
