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
  }

  let rows: [Row]
  private let answers: EmbeddedReplyCache.Usage
  private let questions: (count: Int, bytes: Int)

  init(
    of policy: Policy,
    _ metrics: MetricsRegistry,
    answers: EmbeddedReplyCache.Usage,
    questions: (count: Int, bytes: Int)
  ) {
    self.answers = answers
    self.questions = questions
    let exchanges = metrics.cacheExchanges.values
    let misses = metrics.semanticMisses.values
    let comparisons = metrics.semanticComparisons.values
    rows = policy.products.compactMap { product in
      product.cache.map { cache in
        Row(
          product: product.name,
          cache: cache,
          exchanges: Self.second(of: exchanges, where: product.name),
          misses: Self.second(of: misses, where: product.name),
          comparisons: Self.second(of: comparisons, where: product.name)
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
      writer.endObject()
    }
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
