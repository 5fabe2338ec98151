package import SluiceCore

/// The ledger was opened at start.
package struct LedgerOpened: Event {
  /// Records read, of the checkpoint and of the journal after it.
  package var records: Int
  /// Segments of the journal that were read.
  package var segments: Int
  /// Bytes behind the last whole record, which were cut off.
  package var tornBytes: Int
  /// Holds that were open when the last process ended; they count as spent.
  package var openHolds: Int
  package var openAmount: NanoDollars
  /// Settlements of holds that no record says.
  package var orphans: Int
  /// Nanoseconds that reading took.
  package var duration: Int64

  package init(
    records: Int,
    segments: Int,
    tornBytes: Int,
    openHolds: Int,
    openAmount: NanoDollars,
    orphans: Int,
    duration: Int64
  ) {
    self.records = records
    self.segments = segments
    self.tornBytes = tornBytes
    self.openHolds = openHolds
    self.openAmount = openAmount
    self.orphans = orphans
    self.duration = duration
  }

  package func count(in metrics: MetricsRegistry) { metrics.ledgerWritable.set(1) }

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("ledger_opened", at: moment)
    line.append("records", records)
    line.append("segments", segments)
    line.append("torn_bytes", tornBytes)
    line.append("open_holds", openHolds)
    line.append("held", openAmount.description)
    if orphans > 0 { line.append("orphans", orphans) }
    line.append("duration_ms", milliseconds: duration)
    return line
  }
}

/// Records of spending cannot be written.
package struct LedgerFailed: Event {
  package var reason: String

  package init(reason: String) { self.reason = reason }

  package func count(in metrics: MetricsRegistry) { metrics.ledgerWritable.set(0) }

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("ledger_failed", at: moment)
    line.append("reason", reason)
    return line
  }
}

/// Records of spending are written again.
package struct LedgerRecovered: Event {
  /// Nanoseconds since they could not be.
  package var duration: Int64

  package init(duration: Int64) { self.duration = duration }

  package func count(in metrics: MetricsRegistry) { metrics.ledgerWritable.set(1) }

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("ledger_recovered", at: moment)
    line.append("duration_ms", milliseconds: duration)
    return line
  }
}
