internal import SluiceCore
internal import Synchronization

/// What a family holds one of for each combination of label values.
package protocol MetricSeries: AnyObject, Sendable {
  /// The word after the name in a `# TYPE` line.
  static var type: String { get }

  /// Appends this series' lines in the text format.
  func append(to page: inout ExpositionPage, name: String, labels: Labels, unit: MetricUnit)
}

/// What one step of a series' integer means.
package enum MetricUnit: Sendable {
  /// Itself: requests, bytes, whole seconds.
  case one
  /// 10⁻⁹ of what the name says: nano-dollars, nanoseconds.
  case nano
}

/// One metric: its name, and a series for every combination of label values met so far.
///
/// Who counts keeps the series it was handed, so that counting never looks anything up. Series live
/// as long as the process: a reload asks for the same label values and goes on counting. Once
/// `Bounds.metricSeries` combinations exist, all further ones share a series whose labels say
/// `other`: no client can make the page grow.
///
/// Safe from any thread.
package final class MetricFamily<Series: MetricSeries>: Sendable {
  package let name: String
  package let help: String
  package let labelNames: [String]
  package let unit: MetricUnit
  private let makeSeries: @Sendable () -> Series
  private let series = Mutex<[[String]: Series]>([:])

  package init(
    _ name: String,
    help: String,
    labels: [String] = [],
    unit: MetricUnit = .one,
    makeSeries: @escaping @Sendable () -> Series
  ) {
    self.name = name
    self.help = help
    self.labelNames = labels
    self.unit = unit
    self.makeSeries = makeSeries
  }

  /// The series of these label values, in the order of the labels' names.
  package subscript(values: String...) -> Series { self[values] }

  package subscript(values: [String]) -> Series {
    precondition(values.count == labelNames.count, "\(name) has \(labelNames.count) labels")
    return series.withLock { series in
      if let known = series[values] { return known }
      let isFull = series.count >= Bounds.metricSeries
      let key = isFull ? values.map { _ in "other" } : values
      if let known = series[key] { return known }
      let new = makeSeries()
      series[key] = new
      return new
    }
  }
}

extension MetricFamily {
  /// Drops the series whose first label value names what is no longer there.
  ///
  /// Only of metrics whose series nobody keeps.
  package func keep(_ values: Set<String>) {
    series.withLock { series in
      series = series.filter { $0.key.first.map(values.contains) ?? true }
    }
  }
}

extension MetricFamily where Series == Counter {
  /// The label values met so far, each with its count.
  package var values: [(labels: [String], count: Int64)] {
    series.withLock { series in series.map { ($0.key, $0.value.value) } }
  }
}

extension MetricFamily: ExposedMetric {
  package func append(to page: inout ExpositionPage) {
    let known = series.withLock { $0 }
    guard !known.isEmpty else { return }
    page.beginMetric(name, help: help, type: Series.type)
    for (values, series) in known.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      series.append(
        to: &page,
        name: name,
        labels: Labels(names: labelNames, values: values),
        unit: unit
      )
    }
  }
}

package typealias CounterFamily = MetricFamily<Counter>
package typealias GaugeFamily = MetricFamily<Gauge>
package typealias HistogramFamily = MetricFamily<Histogram>

extension MetricFamily where Series == Counter {
  package convenience init(
    counter name: String,
    help: String,
    labels: [String] = [],
    unit: MetricUnit = .one
  ) {
    self.init(name, help: help, labels: labels, unit: unit, makeSeries: Counter.init)
  }
}

extension MetricFamily where Series == Gauge {
  package convenience init(
    gauge name: String,
    help: String,
    labels: [String] = [],
    unit: MetricUnit = .one
  ) {
    self.init(name, help: help, labels: labels, unit: unit, makeSeries: Gauge.init)
  }
}

extension MetricFamily where Series == Histogram {
  /// A family of durations; `bounds` in nanoseconds.
  package convenience init(
    histogram name: String,
    help: String,
    labels: [String] = [],
    bounds: [Int64]
  ) {
    self.init(name, help: help, labels: labels, unit: .nano) { Histogram(bounds: bounds) }
  }
}
