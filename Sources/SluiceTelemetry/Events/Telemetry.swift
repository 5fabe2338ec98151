package import SluiceCore

/// Where lines of the log go.
///
/// `write` must not block: who cannot keep up drops whole lines and counts them in
/// `MetricsRegistry.logLinesDropped`.
package protocol LogSink: Sendable {
  /// Takes one line, its line feed included.
  func write(line: [UInt8])
}

/// Something that happened, and what metrics and log say of it.
///
/// Names and numbers: an event says nothing of a prompt, an answer or a secret. It is told at once, by
/// who saw it happen, and kept by nobody.
package protocol Event {
  /// Counts the event.
  func count(in metrics: MetricsRegistry)
  /// The line that the log gets.
  func line(at moment: Moment) -> LogLine
}

/// Hands events to the metrics and to the log.
package struct Telemetry: Sendable {
  package let metrics: MetricsRegistry
  private let sink: any LogSink

  package init(metrics: MetricsRegistry, sink: any LogSink) {
    self.metrics = metrics
    self.sink = sink
  }

  /// Counts and logs an event that happened at `moment`.
  package func tell(_ event: some Event, at moment: Moment) {
    event.count(in: metrics)
    sink.write(line: event.line(at: moment).finish())
  }
}
