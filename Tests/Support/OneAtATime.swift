/// What the process has once, and one test at a time may use; tests of all targets share a process.
package actor OneAtATime {
  package static let signals = OneAtATime()

  private var isTaken = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  /// Runs `body` when nobody else runs under this name.
  ///
  /// - Throws: what `body` throws.
  package func run(_ body: @Sendable () async throws -> Void) async rethrows {
    // Who ends hands the place over, so that whoever waited longest is next.
    if isTaken { await withCheckedContinuation { waiting.append($0) } } else { isTaken = true }
    defer { if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() } }
    try await body()
  }
}
