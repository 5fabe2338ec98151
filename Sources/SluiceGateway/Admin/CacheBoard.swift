import SluiceCore
import SluiceJSON
import SluicePolicy
import SluiceStages
import SluiceStores
import SluiceTelemetry

/// What the caches hold, and what they were to the exchanges of each product.
struct CacheBoard: Sendable {
  /// One product that has a cache.
  struct Row: Sendable {
    var product: String
    var cache: ProductSettings.Cache
    /// Exchanges by the word of `X-Sluice-Cache`.
    var exchanges: [String: Int64]
    /// Of the semantic cache, by what stood against a hit.
    var misses: [String: Int64]
    /// Of answers that were compared, by what came out.
    var comparisons: [String: Int64]
    /// Of hits that were compared with fresh answers, by what came out.
    var shadows: [String: Int64]
    /// The score that hits need now.
    var point: OperatingPoint?
  }

  let rows: [Row]
  private let answers: EmbeddedReplyCache.Usage
  private let questions: (count: Int, bytes: Int)

  init(
    of policy: Policy,
    _ metrics: MetricsRegistry,
    answers: EmbeddedReplyCache.Usage,
    questions: (count: Int, bytes: Int),
    points: (String) -> OperatingPoint? = { _ in nil }
  ) {
    self.answers = answers
    self.questions = questions
    let exchanges = metrics.cacheExchanges.values
    let misses = metrics.semanticMisses.values
    let comparisons = metrics.semanticComparisons.values
    let shadows = metrics.semanticShadows.values
    rows = policy.products.compactMap { product in
      product.cache.map { cache in
        Row(
          product: product.name,
          cache: cache,
          exchanges: Self.second(of: exchanges, where: product.name),
          misses: Self.second(of: misses, where: product.name),
          comparisons: Self.second(of: comparisons, where: product.name),
          shadows: Self.second(of: shadows, where: product.name),
          point: cache.semantic.flatMap { _ in points(product.name) }
        )
      }
    }
  }

  /// The counts of one product, by their second label.
  private static func second(
    of values: [(labels: [String], count: Int64)],
    where product: String
  ) -> [String: Int64] {
    var counts: [String: Int64] = [:]
    for value in values where value.labels[0] == product && value.count > 0 {
      counts[value.labels[1]] = value.count
    }
    return counts
  }

  /// `{"answers": {…}, "questions": {…}, "products": [{"product": …, "exchanges": {…}}, …]}`.
  var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("answers")
    writer.beginObject()
    writer.member("count", answers.entries)
    writer.member("bytes", answers.bytes)
    writer.member("evictions", answers.evictions)
    writer.endObject()
    writer.key("questions")
    writer.beginObject()
    writer.member("count", questions.count)
    writer.member("bytes", questions.bytes)
    writer.endObject()
    writer.key("products")
    writer.beginArray()
    for row in rows { append(row, to: &writer) }
    writer.endArray()
    writer.endObject()
    return writer.bytes + [UInt8(ascii: "\n")]
  }

  private func append(_ row: Row, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("product", row.product)
    writer.member("scope", row.cache.scope.rawValue)
    writer.member("ttl", row.cache.ttl.policyText)
    append(row.exchanges, as: "exchanges", to: &writer)
    if let semantic = row.cache.semantic {
      writer.key("semantic")
      writer.beginObject()
      writer.member("bar", DecimalText.threeDecimals(of: semantic.bar))
      append(row.misses, as: "misses", to: &writer)
      append(row.comparisons, as: "comparisons", to: &writer)
      if semantic.shadow != nil {
        append(row.shadows, as: "shadows", to: &writer)
        if let point = row.point { append(point, to: &writer) }
      }
      writer.endObject()
    }
    writer.endObject()
  }

  /// What shadows found at the bar that holds.
  private func append(_ point: OperatingPoint, to writer: inout JSONWriter) {
    let estimate = point.estimate
    let interval = estimate.interval
    writer.member("bar_now", point.bar.map { DecimalText.threeDecimals(of: $0) } ?? "none")
    writer.key("is_tightened")
    writer.bool(point.isTightened)
    writer.key("wrong")
    writer.beginObject()
    writer.member("judged", estimate.judged)
    writer.member("wrong", estimate.wrong)
    writer.member("share", DecimalText.threeDecimals(of: estimate.share))
    writer.member("low", DecimalText.threeDecimals(of: interval.lowerBound))
    writer.member("high", DecimalText.threeDecimals(of: interval.upperBound))
    writer.endObject()
  }

  private func append(
    _ counts: [String: Int64],
    as name: String,
    to writer: inout JSONWriter
  ) {
    writer.key(name)
    writer.beginObject()
    for (name, count) in counts.sorted(by: { $0.key < $1.key }) { writer.member(name, count) }
    writer.endObject()
  }
}

extension ShadowRecord {
  /// `{"product": "support", "score": 0.93, "same": true, "rule": 1, "encoder": "…", "at": "…"}`.
  func line(of encoder: Digest) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("product", product)
    writer.key("score")
    writer.double(Double(score))
    writer.key("same")
    writer.bool(agrees)
    writer.member("rule", SemanticEvidence.rule)
    writer.member("encoder", encoder.hex)
    writer.member("at", UTCTime.text(ofWall: moment.wall))
    writer.endObject()
    return writer.bytes + [UInt8(ascii: "\n")]
  }
}
