import SluiceCore
import SluiceExpressions
import SluiceJSON
import SluicePolicy

/// A checked policy in short, as the admin listener prints it: names, and what decides.
///
/// References stand as they were written: no secret, and no URL that was looked up, is here.
enum PolicyOutline {
  static func append(_ policy: Policy, to writer: inout JSONWriter) {
    writer.beginObject()
    list("upstreams", policy.upstreams, &writer) { upstream, writer in
      writer.member("name", upstream.name)
      writer.member("api", upstream.apiName)
      writer.member("place", "\(upstream.place)")
    }
    list("models", policy.models, &writer) { model, writer in
      writer.member("name", model.name)
      writer.member("upstream", model.upstream)
      writer.member("context", model.context)
      writer.member("max_output", model.maxOutput)
      writer.member("place", "\(model.place)")
    }
    writer.member("tiers", policy.tiers.map(\.name))
    writer.member("features", policy.features.map(\.name))
    list("targets", policy.targets, &writer) { target, writer in
      writer.member("name", target.name)
      switch target.kind {
      case .candidates(let models): writer.member("candidates", models.map { policy[$0].name })
      case .split(let shares, let key):
        writer.member("split", shares.map { policy[$0.target].name })
        writer.member("by", key.checked.source)
      }
    }
    list("routes", policy.routes, &writer) { route, writer in
      writer.member("name", route.name)
      if let condition = route.condition { writer.member("when", condition.checked.source) }
      switch route.destination {
      case .target(let target): writer.member("to", policy[target].name)
      case .requested: writer.member("to", "requested")
      }
      writer.member("place", "\(route.place)")
    }
    list("products", policy.products, &writer) { product, writer in
      writer.member("name", product.name)
      if let cache = product.cache {
        writer.member("cache_scope", cache.scope.rawValue)
        writer.member("cache_ttl", cache.ttl.policyText)
        if let semantic = cache.semantic {
          writer.member("semantic_bar", DecimalText.threeDecimals(of: semantic.bar))
        }
      }
    }
    list("limits", policy.limits, &writer) { limit, writer in
      writer.member("name", limit.name)
      if let key = limit.key { writer.member("key", key.checked.source) }
      writer.member("place", "\(limit.place)")
    }
    writer.endObject()
  }

  private static func list<Element>(
    _ name: String,
    _ elements: [Element],
    _ writer: inout JSONWriter,
    _ append: (Element, inout JSONWriter) -> Void
  ) {
    writer.key(name)
    writer.beginArray()
    for element in elements {
      writer.beginObject()
      append(element, &writer)
      writer.endObject()
    }
    writer.endArray()
  }
}

extension UpstreamSettings {
  fileprivate var apiName: String {
    switch api {
    case .openai: "openai"
    case .simulated: "simulated"
    }
  }
}

extension Duration {
  /// The duration as a policy would say it, in the largest unit that is exact: `90s`, `5m`, `1ms`.
  var policyText: String {
    let units: [(String, Int64)] = [
      ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000),
      ("s", 1_000_000_000), ("ms", 1_000_000),
    ]
    let count = nanoseconds
    guard count != 0, let unit = units.first(where: { count % $0.1 == 0 }) else {
      return "\(count)ns"
    }
    return "\(count / unit.1)\(unit.0)"
  }
}
