import SluiceCore
import SluiceExpressions
import SluiceLanguage
import SluicePolicy
import SluiceStages

// A node's settings in a line, as `sluice graph` shows them.

extension IdentitySettings {
  var summary: String {
    let keys = self.keys.map { "keys of \($0)" } ?? "no keys"
    guard let anonymous else { return "\(keys), nobody anonymous" }
    let tier = anonymous.tier.isEmpty ? "" : " as tier \(anonymous.tier)"
    return "\(keys), anonymous\(tier)"
  }
}

extension LimitSettings {
  var summary: String {
    let base = measure.summary + (key.map { " by \($0.checked.source)" } ?? "")
    let overrides = tiers.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.summary)" }
    return ([base] + overrides).joined(separator: ", ")
  }
}

extension KillSwitchSettings {
  var summary: String {
    let by = key.map { " by \($0.checked.source)" } ?? ""
    let place = isKnownEarly ? "" : ", asked at the hold"
    let end =
      (duration.map { " for \($0.text)" } ?? "")
      + (clearCondition.map { " until \($0.checked.source)" } ?? "")
    return "\(name)\(by): \(action.rawValue) when \(condition.checked.source)\(end)\(place)"
  }
}

extension LimitSettings.Measure {
  var summary: String {
    switch self {
    case .requests(let rate, let burst): rate.text + (burst > 0 ? " + \(burst)" : "")
    case .tokens(let rate, let burst): rate.tokensText + (burst > 0 ? " + \(burst)" : "")
    case .concurrent(let maximum): "\(maximum) at once"
    }
  }
}

extension ModelSettings {
  var summary: String {
    let answerer = "\(upstreamName) at \(upstream)"
    guard let first = prices.first else { return "\(answerer), not priced" }
    let rates = first.price.base
    let more = prices.count == 1 ? "" : ", then others by date"
    return "\(answerer), \(rates.input) in, \(rates.output) out\(more)"
  }
}

extension Policy {
  var cacheSummary: String {
    products.compactMap { product in
      product.cache.map { "\(product.name) by \($0.scope.rawValue) for \($0.ttl.text)" }
    }
    .joined(separator: ", ")
  }
}

extension Policy {
  var semanticSummary: String {
    products.compactMap { product in
      product.cache?.semantic.map {
        "\(product.name) from a score of \(DecimalText.threeDecimals(of: $0.bar))"
      }
    }
    .joined(separator: ", ")
  }
}

extension [ProductSettings] {
  /// Where the first semantic cache is declared.
  var semanticPlace: SourcePlace {
    lazy.compactMap(\.cache).first { $0.semantic != nil }?.place ?? .builtIn
  }

  /// Where the first cache is declared.
  var cachePlace: SourcePlace { lazy.compactMap(\.cache).first?.place ?? .builtIn }
}

extension UpstreamSettings.Breaker {
  var summary: String {
    switch self {
    case .consecutive(let failures, let recovery, let probes):
      "\(failures) in a row, recovers in \(recovery.text), \(probes) probes"
    case .ratio(let ratio, let calls, let window, let recovery, let probes):
      "\(Int((ratio * 100).rounded())) % of \(calls) or more in \(window.text), "
        + "recovers in \(recovery.text), \(probes) probes"
    }
  }
}

extension UpstreamSettings.Retry {
  var summary: String {
    let jitter =
      switch self.jitter {
      case .full: "full jitter"
      case .bounded(let bound): "up to \(bound.text) of jitter"
      }
    return "from \(base.text), times \(factor), \(jitter)"
  }
}

extension [BudgetSettings] {
  /// `user-day: $2 a day each; company: $1000 a day`.
  var summary: String {
    map { budget in
      let keyed = budget.key == nil ? "" : " each"
      return "\(budget.name): $\(budget.limit) a \(budget.window.rawValue)\(keyed)"
    }
    .joined(separator: "; ")
  }
}

extension Policy {
  /// The targets that budgets lead to, splits resolved to their shares; each once.
  var reroutes: [HoldStage.Reroute] {
    var reroutes: [HoldStage.Reroute] = []
    func add(_ target: TargetIndex) {
      if case .split(let shares, _) = self[target].kind {
        for share in shares { add(share.target) }
      } else if !reroutes.contains(where: { $0.target == target }) {
        reroutes.append(HoldStage.Reroute(target: target, name: self[target].name))
      }
    }
    for budget in budgets {
      for case .reroute(let target) in budget.onExceed { add(target) }
    }
    return reroutes
  }
}
