internal import SluiceCore

/// A metric that can be written on a page.
package protocol ExposedMetric: Sendable {
  var name: String { get }
  func append(to page: inout ExpositionPage)
}

/// Label names and their values, in the same order.
package struct Labels: Sendable {
  package var names: [String]
  package var values: [String]

  package init(names: [String] = [], values: [String] = []) {
    self.names = names
    self.values = values
  }
}

/// A page in the Prometheus text format, version 0.0.4.
///
/// Canonical: metrics stand in the order of their names and series in the order of their label
/// values, so that two pages of the same numbers are the same bytes. Numbers are written as exact
/// decimals; nothing passes through floating point.
package struct ExpositionPage: Sendable {
  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  package private(set) var bytes: [UInt8] = []

  package init() {}

  package init(_ metrics: [any ExposedMetric]) {
    for metric in metrics.sorted(by: { $0.name < $1.name }) { metric.append(to: &self) }
  }

  mutating func beginMetric(_ name: String, help: String, type: String) {
    bytes += "# HELP \(name) ".utf8
    for byte in help.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
      case UInt8(ascii: "\n"): bytes += #"\n"#.utf8
      default: bytes.append(byte)
      }
    }
    bytes += "\n# TYPE \(name) \(type)\n".utf8
  }

  /// Appends one line: the name, the labels, `le` if there is one, and the number.
  mutating func appendSample(
    _ name: String,
    _ labels: Labels,
    le bound: String? = nil,
    _ value: Int64,
    unit: MetricUnit
  ) {
    bytes += name.utf8
    var separator = UInt8(ascii: "{")
    for (label, value) in zip(labels.names, labels.values) {
      appendLabel(label, value, after: &separator)
    }
    if let bound { appendLabel("le", bound, after: &separator) }
    if separator == UInt8(ascii: ",") { bytes.append(UInt8(ascii: "}")) }
    bytes.append(UInt8(ascii: " "))
    switch unit {
    case .one: bytes += String(value).utf8
    case .nano: bytes += Self.decimal(nano: value).utf8
    }
    bytes.append(UInt8(ascii: "\n"))
  }

  private mutating func appendLabel(_ name: String, _ value: String, after separator: inout UInt8) {
    bytes.append(separator)
    separator = UInt8(ascii: ",")
    bytes += name.utf8
    bytes += #"=""#.utf8
    for byte in value.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
      case UInt8(ascii: "\""): bytes += #"\""#.utf8
      case UInt8(ascii: "\n"): bytes += #"\n"#.utf8
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// `value` × 10⁻⁹, exactly, with no more digits than it needs: `2`, `0.0015`.
  package static func decimal(nano value: Int64) -> String {
    DecimalText.text(ofNano: value)
  }
}

extension Counter: MetricSeries {
  package static var type: String { "counter" }

  package func append(
    to page: inout ExpositionPage,
    name: String,
    labels: Labels,
    unit: MetricUnit
  ) {
    page.appendSample(name, labels, value, unit: unit)
  }
}

extension Gauge: MetricSeries {
  package static var type: String { "gauge" }

  package func append(
    to page: inout ExpositionPage,
    name: String,
    labels: Labels,
    unit: MetricUnit
  ) {
    page.appendSample(name, labels, value, unit: unit)
  }
}

extension Histogram: MetricSeries {
  package static var type: String { "histogram" }

  package func append(
    to page: inout ExpositionPage,
    name: String,
    labels: Labels,
    unit: MetricUnit
  ) {
    var running: Int64 = 0
    for (position, count) in counts.enumerated() {
      running += count
      let bound =
        position < bounds.count ? ExpositionPage.decimal(nano: bounds[position]) : "+Inf"
      page.appendSample(name + "_bucket", labels, le: bound, running, unit: .one)
    }
    page.appendSample(name + "_sum", labels, sumNanoseconds, unit: .nano)
    page.appendSample(name + "_count", labels, running, unit: .one)
  }
}
