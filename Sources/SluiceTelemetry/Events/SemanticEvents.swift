package import SluiceCore

/// Shadows found more wrong hits than a product's policy allows, so that hits need a higher score.
package struct SemanticTightened: Event {
  package var product: String
  /// The score that a hit needed.
  package var from: Double
  /// The score that one needs now; `nil`: none is given any more.
  package var to: Double?
  /// What was seen at the old one.
  package var wrong: Int
  package var judged: Int
  /// The 95 % interval of the share of wrong hits.
  package var interval: ClosedRange<Double>

  package init(
    product: String,
    from: Double,
    to: Double?,
    wrong: Int,
    judged: Int,
    interval: ClosedRange<Double>
  ) {
    self.product = product
    self.from = from
    self.to = to
    self.wrong = wrong
    self.judged = judged
    self.interval = interval
  }

  package func count(in metrics: MetricsRegistry) {}

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("semantic_tightened", at: moment)
    line.append("product", product)
    line.append("from", DecimalText.threeDecimals(of: from))
    line.append("to", to.map { DecimalText.threeDecimals(of: $0) } ?? "none")
    line.append("wrong", wrong)
    line.append("judged", judged)
    line.append("wrong_share_low", DecimalText.threeDecimals(of: interval.lowerBound))
    line.append("wrong_share_high", DecimalText.threeDecimals(of: interval.upperBound))
    return line
  }
}

/// A person has a product's hits need the declared score again.
package struct SemanticReset: Event {
  package var product: String
  /// The score that hits needed before; `nil`: none was given.
  package var before: Double?
  package var reason: String
  /// Who, as the order says.
  package var by: String
  /// The address that the order came from.
  package var client: String

  package init(product: String, before: Double?, reason: String, by: String, client: String) {
    self.product = product
    self.before = before
    self.reason = reason
    self.by = by
    self.client = client
  }

  package func count(in metrics: MetricsRegistry) {}

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("semantic_reset", at: moment)
    line.append("product", product)
    line.append("before", before.map { DecimalText.threeDecimals(of: $0) } ?? "none")
    line.append("reason", reason)
    line.append("by", by)
    line.append("client", client)
    return line
  }
}
