package import SluiceCore

/// The journal of the cache was opened at start.
package struct CacheOpened: Event {
  /// Answers that may be served, and questions that may be compared with.
  package var replies: Int
  package var questions: Int
  /// Answers whose time was over.
  package var expired: Int
  package var segments: Int
  package var bytes: Int
  /// Bytes behind the last whole record of a segment.
  package var tornBytes: Int
  /// Why what lay before some place was dropped; empty if nothing was.
  package var damage: String
  /// Nanoseconds that reading took.
  package var duration: Int64

  package init(
    replies: Int,
    questions: Int,
    expired: Int,
    segments: Int,
    bytes: Int,
    tornBytes: Int,
    damage: String,
    duration: Int64
  ) {
    self.replies = replies
    self.questions = questions
    self.expired = expired
    self.segments = segments
    self.bytes = bytes
    self.tornBytes = tornBytes
    self.damage = damage
    self.duration = duration
  }

  package func count(in metrics: MetricsRegistry) {
    metrics.cacheJournalWritable.set(1)
    if !damage.isEmpty { metrics.cacheJournalDamaged.increment() }
  }

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("cache_opened", at: moment)
    line.append("answers", replies)
    line.append("questions", questions)
    if expired > 0 { line.append("expired", expired) }
    line.append("segments", segments)
    line.append("bytes", bytes)
    line.append("torn_bytes", tornBytes)
    line.append("damage", damage)
    line.append("duration_ms", milliseconds: duration)
    return line
  }
}

/// What the cache keeps cannot be written; it is kept in memory.
package struct CacheJournalFailed: Event {
  package var reason: String

  package init(reason: String) { self.reason = reason }

  package func count(in metrics: MetricsRegistry) { metrics.cacheJournalWritable.set(0) }

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("cache_journal_failed", at: moment)
    line.append("reason", reason)
    return line
  }
}

/// What the cache keeps is written again.
package struct CacheJournalRecovered: Event {
  /// Nanoseconds since it could not be.
  package var duration: Int64

  package init(duration: Int64) { self.duration = duration }

  package func count(in metrics: MetricsRegistry) { metrics.cacheJournalWritable.set(1) }

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("cache_journal_recovered", at: moment)
    line.append("duration_ms", milliseconds: duration)
    return line
  }
}
