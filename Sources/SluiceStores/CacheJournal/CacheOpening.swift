internal import SluiceCore
internal import SluicePipeline

/// Reads what a medium holds of a cache; whatever it cannot trust it drops.
///
/// A record that is not whole at the end of a segment is a write that a kill broke off: what is
/// before it stands. Damage before a whole record may hide an invalidation of anything before it, so
/// all before it goes, from this segment and those before. So it does where a segment is missing, is
/// unreadable or of another version.
struct CacheOpening {
  private let medium: any JournalMedium
  private(set) var replay: CacheReplay
  private(set) var recovery = CacheRecovery()
  private(set) var lastSegment: UInt64 = 0

  init(_ medium: any JournalMedium, capacity: Int) {
    self.medium = medium
    replay = CacheReplay(capacity: capacity)
    let segments: [UInt64]
    do throws(LedgerFailure) {
      segments = try medium.contents().segments
    } catch {
      recovery.damage = .unreadable(error)
      return
    }
    var trusted = segments.first ?? 0
    for number in segments {
      if number != lastSegment + 1, lastSegment > 0 {
        replay.drop(because: .gap(before: number))
        trusted = number
      }
      lastSegment = number
      recovery.segments += 1
      guard let damage = read(number) else { continue }
      replay.drop(because: damage)
      trusted = number + 1
    }
    recovery.damage = replay.damage
    if trusted > segments.first ?? 0 { remove(before: trusted) }
  }

  private func remove(before segment: UInt64) {
    do throws(LedgerFailure) {
      try medium.remove(before: segment)
    } catch {
      // The next start meets the same and drops the same; that it cannot be written is told by the
      // first write.
      return
    }
  }

  private mutating func read(_ number: UInt64) -> CacheDamage? {
    let bytes: [UInt8]
    do throws(LedgerFailure) {
      bytes = try medium.segment(number)
    } catch {
      return .unreadable(error)
    }
    recovery.bytes += bytes.count
    var reader = CacheRecordReader(bytes)
    var isFirst = true
    while true {
      switch reader.next() {
      case .record(let record):
        if case .header(let version, let segment, _, _) = record {
          guard version == CacheRecord.version else { return .version(version, segment: number) }
          guard isFirst, segment == number else { return .corrupt(segment: number) }
        } else if isFirst {
          return .corrupt(segment: number)
        }
        isFirst = false
        replay.apply(record)
      case .corrupt: return .corrupt(segment: number)
      case .over, .torn:
        recovery.tornBytes += bytes.count - reader.place
        return nil
      }
    }
  }

  /// The answers that may be served from `moment` on.
  mutating func finish(
    on clock: String,
    at moment: Moment
  ) -> [(key: Digest, reply: CachedReply)] {
    let found = replay.replies.count
    let replies = replay.finish(on: clock, at: moment)
    if replay.damage != recovery.damage {
      recovery.damage = replay.damage
      // Once the clock shows more again, the next start could not tell.
      remove(before: lastSegment + 1)
    } else {
      recovery.expired = found - replies.count
    }
    recovery.replies = replies.count
    let answers = Set(replies.map(\.key))
    questions = replay.questions.mapValues { rows in
      rows.values.filter { answers.contains($0.question.answer) }.sorted { $0.id < $1.id }
    }
    recovery.questions = questions.values.reduce(0) { $0 + $1.count }
    return replies
  }

  /// Those whose answer may be served, by their encoder and in the order of their names.
  private(set) var questions: [Digest: [VectorRow]] = [:]
}
