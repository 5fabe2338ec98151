internal import SluiceCore
package import SluicePipeline
internal import Synchronization

/// A journal in memory: for tests and simulations, with the faults of a disk.
package final class MemoryJournal: JournalMedium {
  /// What may go wrong, and how.
  package struct Faults: Sendable {
    /// Bytes that there is room for; the write that does not fit is cut short.
    package var room = Int.max
    package var failsAppends: LedgerFailure?
    package var failsCuts: LedgerFailure?
    package var failsSyncs: LedgerFailure?
    package var failsCheckpoints: LedgerFailure?
    /// Bytes that one call takes at most.
    package var mostBytesPerAppend = Int.max

    package init() {}
  }

  private struct State {
    var segments: [UInt64: [UInt8]] = [:]
    var synced: [UInt64: Int] = [:]
    var checkpoints: [UInt64: [UInt8]] = [:]
    var faults = Faults()
    var appends = 0
    var syncs = 0
  }
  private let state: Mutex<State>

  package convenience init(
    segments: [UInt64: [UInt8]] = [:],
    checkpoints: [UInt64: [UInt8]] = [:]
  ) {
    self.init(State(segments: segments, checkpoints: checkpoints))
  }

  private init(_ state: State) { self.state = Mutex(state) }

  package var faults: Faults {
    get { state.withLock { $0.faults } }
    set { state.withLock { $0.faults = newValue } }
  }

  package var segments: [UInt64: [UInt8]] { state.withLock { $0.segments } }
  package var checkpoints: [UInt64: [UInt8]] { state.withLock { $0.checkpoints } }
  /// How many calls of `append` and of `sync` there were.
  package var calls: (appends: Int, syncs: Int) {
    state.withLock { ($0.appends, $0.syncs) }
  }

  /// What another process finds after this one was killed now; what was not synced still is not.
  package func afterKill() -> MemoryJournal {
    state.withLock { state in
      MemoryJournal(
        State(segments: state.segments, synced: state.synced, checkpoints: state.checkpoints)
      )
    }
  }

  /// What is found after the power was lost now: only what was synced.
  package func afterPowerLoss() -> MemoryJournal {
    state.withLock { state in
      var segments = state.segments
      for (number, bytes) in segments {
        segments[number] = Array(bytes.prefix(state.synced[number] ?? 0))
      }
      return MemoryJournal(
        State(
          segments: segments,
          synced: segments.mapValues(\.count),
          checkpoints: state.checkpoints
        )
      )
    }
  }

  // MARK: JournalMedium

  package func contents() throws(LedgerFailure) -> JournalContents {
    state.withLock { state in
      JournalContents(
        segments: state.segments.keys.sorted(),
        checkpoints: state.checkpoints.keys.sorted()
      )
    }
  }

  package func segment(_ number: UInt64) throws(LedgerFailure) -> [UInt8] {
    state.withLock { $0.segments[number] ?? [] }
  }

  package func checkpoint(_ number: UInt64) throws(LedgerFailure) -> [UInt8] {
    state.withLock { $0.checkpoints[number] ?? [] }
  }

  package func prepare(_ segment: UInt64) throws(LedgerFailure) {
    state.withLock { $0.segments[segment, default: []] += [] }
  }

  package func append(
    _ bytes: Span<UInt8>,
    to segment: UInt64
  ) throws(LedgerFailure) -> Int {
    var copy: [UInt8] = []
    for index in bytes.indices { copy.append(bytes[index]) }
    let result = state.withLock { state -> Result<Int, LedgerFailure> in
      state.appends += 1
      if let failure = state.faults.failsAppends { return .failure(failure) }
      let count = min(copy.count, state.faults.room, state.faults.mostBytesPerAppend)
      guard count > 0 else { return .failure(.noSpace) }
      if state.faults.room < .max { state.faults.room -= count }
      state.segments[segment, default: []] += copy.prefix(count)
      return .success(count)
    }
    return try result.get()
  }

  package func cut(_ segment: UInt64, to count: Int) throws(LedgerFailure) {
    try state.withLock { state throws(LedgerFailure) in
      if let failure = state.faults.failsCuts { throw failure }
      let bytes = state.segments[segment, default: []]
      state.segments[segment] = Array(bytes.prefix(count))
      if state.faults.room < .max { state.faults.room += max(0, bytes.count - count) }
    }
  }

  package func sync(_ segment: UInt64) throws(LedgerFailure) {
    try state.withLock { state throws(LedgerFailure) in
      state.syncs += 1
      if let failure = state.faults.failsSyncs { throw failure }
      state.synced[segment] = state.segments[segment]?.count
    }
  }

  package func store(_ checkpoint: [UInt8], as number: UInt64) throws(LedgerFailure) {
    try state.withLock { state throws(LedgerFailure) in
      if let failure = state.faults.failsCheckpoints { throw failure }
      state.checkpoints[number] = checkpoint
    }
  }

  package func remove(before number: UInt64) throws(LedgerFailure) {
    state.withLock { state in
      state.segments = state.segments.filter { $0.key >= number }
      state.checkpoints = state.checkpoints.filter { $0.key >= number }
    }
  }
}

extension LedgerFailure {
  fileprivate static let noSpace = LedgerFailure(reason: "no space left on device")
}
