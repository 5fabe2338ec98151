package import SluiceCore

/// Waiting that ends early when the work is cancelled.
package enum Pause {
  /// Waits until the monotonic clock has reached `time`.
  ///
  /// Runs on the exchange's loop and returns there.
  /// - Returns: why it ended early; `nil` if it did not.
  package static func until(
    _ time: Int64,
    in world: any World,
    unless cancellation: Cancellation
  ) async -> Cancellation.Reason? {
    let end = OneShot<Cancellation.Reason?>()
    let timer = world.schedule(atMonotonic: time) { end.send(nil) }
    let link = cancellation.onCancel { end.send($0) }
    let reason = await end.value()
    timer.withdraw()
    cancellation.remove(link)
    return reason
  }
}
