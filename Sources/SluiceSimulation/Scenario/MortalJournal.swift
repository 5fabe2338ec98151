package import SluicePipeline
package import SluiceStores
internal import Synchronization

/// A journal in memory whose process dies at its n-th call, in the middle of it.
///
/// Who still uses it then writes into the void; what another process will find is `remains`. An
/// append that is struck leaves any part of its bytes, as a write does that is broken off; every
/// other call has happened or has not.
package final class MortalJournal: JournalMedium {
  /// A point in a journal: so many bytes of a segment, and all segments before it.
  package struct Place: Sendable, Hashable, Comparable {
    package var segment: UInt64
    package var length: Int

    package init(segment: UInt64, length: Int) {
      self.segment = segment
      self.length = length
    }

    package static func < (left: Self, right: Self) -> Bool {
      (left.segment, left.length) < (right.segment, right.length)
    }
  }

  private struct State {
    var calls = 0
    var random: SeededRandom
    var remains: MemoryJournal?
  }
  /// What it is written to while the process lives.
  package let base: MemoryJournal
  private let dyingAt: Int
  private let losesPower: Bool
  private let state: Mutex<State>

  /// Dies at call `dyingAt`, from 1; with `losesPower`, what was not synced may be lost as well.
  package init(
    _ base: MemoryJournal,
    dyingAt: Int = .max,
    losesPower: Bool = false,
    random: SeededRandom
  ) {
    self.base = base
    self.dyingAt = dyingAt
    self.losesPower = losesPower
    state = Mutex(State(random: random))
  }

  /// What the process left; `nil` while it lives.
  package var remains: MemoryJournal? { state.withLock { $0.remains } }

  package var isDead: Bool { remains != nil }

  package var end: Place { base.end }

  /// Dies now, between two calls.
  package func die() { state.withLock { die(&$0) { _, _ in } } }

  private func die(
    _ state: inout State,
    _ lastCall: (MemoryJournal, inout SeededRandom) -> Void
  ) {
    guard state.remains == nil else { return }
    let remains = losesPower ? base.afterPowerLoss() : base.afterKill()
    lastCall(remains, &state.random)
    state.remains = remains
  }

  private func call<Answer>(
    dying lastCall: (MemoryJournal, inout SeededRandom) -> Void,
    _ call: () throws(LedgerFailure) -> Answer
  ) throws(LedgerFailure) -> Answer {
    state.withLock { state in
      state.calls += 1
      if state.calls == dyingAt { die(&state, lastCall) }
    }
    return try call()
  }

  /// A call that is done wholly or not at all.
  private func call(_ change: (MemoryJournal) throws(LedgerFailure) -> Void) throws(LedgerFailure) {
    try call(dying: { remains, random in
      if random.chance(50) { try? change(remains) }
    }) { () throws(LedgerFailure) in try change(base) }
  }

  // MARK: JournalMedium

  package func contents() throws(LedgerFailure) -> JournalContents { try base.contents() }

  package func segment(_ number: UInt64) throws(LedgerFailure) -> [UInt8] {
    try base.segment(number)
  }

  package func checkpoint(_ number: UInt64) throws(LedgerFailure) -> [UInt8] {
    try base.checkpoint(number)
  }

  package func prepare(_ segment: UInt64) throws(LedgerFailure) {
    try call { journal throws(LedgerFailure) in try journal.prepare(segment) }
  }

  package func append(
    _ bytes: Span<UInt8>,
    to segment: UInt64
  ) throws(LedgerFailure) -> Int {
    var copy: [UInt8] = []
    for index in bytes.indices { copy.append(bytes[index]) }
    return try call(dying: { remains, random in
      // Without what came before it, a part of a write is no end of a journal.
      guard remains.end == base.end else { return }
      let part = Array(copy.prefix(Int.random(in: 0...copy.count, using: &random)))
      _ = try? remains.append(part.span, to: segment)
    }) { () throws(LedgerFailure) in try base.append(copy.span, to: segment) }
  }

  package func cut(_ segment: UInt64, to count: Int) throws(LedgerFailure) {
    try call { journal throws(LedgerFailure) in try journal.cut(segment, to: count) }
  }

  package func sync(_ segment: UInt64) throws(LedgerFailure) {
    try call { journal throws(LedgerFailure) in try journal.sync(segment) }
  }

  package func store(_ checkpoint: [UInt8], as number: UInt64) throws(LedgerFailure) {
    try call { journal throws(LedgerFailure) in try journal.store(checkpoint, as: number) }
  }

  package func remove(before number: UInt64) throws(LedgerFailure) {
    try call { journal throws(LedgerFailure) in try journal.remove(before: number) }
  }
}

extension MemoryJournal {
  /// The end of what is written.
  package var end: MortalJournal.Place {
    let last = segments.max { $0.key < $1.key }
    return MortalJournal.Place(segment: last?.key ?? 0, length: last?.value.count ?? 0)
  }

  /// The same with its last segment cut to a length.
  package func cut(to place: MortalJournal.Place) -> MemoryJournal {
    var segments = segments
    segments[place.segment] = segments[place.segment].map { Array($0.prefix(place.length)) }
    return MemoryJournal(segments: segments, checkpoints: checkpoints)
  }
}
