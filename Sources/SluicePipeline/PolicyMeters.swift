package import SluicePolicy
package import SluiceTelemetry
internal import Synchronization

/// The series of what a policy names, by its place: who counts for an exchange looks no label up.
///
/// A series is found when it is first counted in, and kept for as long as the policy: one that nobody
/// counts in does not come to exist. Safe from any thread.
package final class PolicyMeters: Sendable {
  private let metrics: MetricsRegistry
  /// By model; the last is for exchanges that no model answered.
  private let models: [Kept<ModelMeters>]
  private let names: [String]
  private let products: [String: [Kept<Counter>]]
  /// By model.
  private let costs: [[String: Kept<Counter>]]

  package init(_ policy: Policy, in metrics: MetricsRegistry) {
    self.metrics = metrics
    names = policy.models.map(\.name) + ["none"]
    models = names.map { _ in Kept() }
    products = Dictionary(
      uniqueKeysWithValues: policy.products.map { product in
        (product.name, CacheOutcome.allCases.map { _ in Kept() })
      }
    )
    costs = policy.models.map { _ in
      Dictionary(uniqueKeysWithValues: policy.tiers.map { ($0.name, Kept()) })
    }
  }

  /// Of a model; of `none` before one was chosen.
  package func model(_ index: ModelIndex?) -> ModelMeters {
    let place = index?.position ?? models.count - 1
    return models[place].series { metrics.meters(of: names[place]) }
  }

  /// Exchanges for a product by what the cache was to them; `nil` for those that are for none.
  package func cacheExchanges(of product: String, _ outcome: CacheOutcome) -> Counter? {
    guard !product.isEmpty else { return nil }
    func found() -> Counter { metrics.cacheExchanges[product, outcome.rawValue] }
    return products[product]?[outcome.position].series(found) ?? found()
  }

  /// What attempts at a model cost that a tier asked for.
  package func cost(of model: ModelIndex, tier: String) -> Counter {
    func found() -> Counter { metrics.cost[names[model.position], tier] }
    return costs[model.position][tier]?.series(found) ?? found()
  }
}

/// A series, once it is found.
private final class Kept<Series: AnyObject & Sendable>: Sendable {
  private let kept = Mutex<Series?>(nil)

  /// The series; `found` is asked for it once.
  func series(_ found: () -> Series) -> Series {
    kept.withLock { kept in
      if let kept { return kept }
      let series = found()
      kept = series
      return series
    }
  }
}

extension CacheOutcome {
  /// Its place in `allCases`.
  fileprivate var position: Int {
    switch self {
    case .miss: 0
    case .exact: 1
    case .semantic: 2
    case .stale: 3
    case .bypass: 4
    }
  }
}
