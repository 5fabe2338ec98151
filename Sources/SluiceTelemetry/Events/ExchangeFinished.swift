package import SluiceCore

/// An exchange ended.
package struct ExchangeFinished: Event {
  package var requestID: String
  /// What it was for if it had no client; it is no request of anybody then.
  package var purpose = ""
  package var service: String
  /// The number of the policy that it ran under.
  package var generation: UInt64
  /// The client's address, as limits count it.
  ///
  /// The empty string, here and below: there is none.
  package var client = ""
  package var tenant = ""
  package var user = ""
  package var tier = ""
  package var product = ""
  /// What the spending was for, in the caller's words.
  package var tag = ""
  /// The id of the key's record, never the key.
  package var keyID = ""
  package var route = ""
  package var target = ""
  /// The model that answered, or whose answer was replayed.
  package var model = ""
  package var status: ExchangeStatus
  /// The status code that the client was sent; 0 if it got none.
  package var httpStatus = 0
  /// The word of `X-Sluice-Cache`.
  package var cache = ""
  package var isCacheHit = false
  /// How near the question is to the one whose answer was given, in three decimals.
  package var similarity = ""
  package var attempts = 0
  /// What each attempt used that began to answer.
  package var uses: [AttemptUsed] = []
  /// Nanoseconds from the end of the request to the end of the reply.
  package var duration: Int64 = 0
  /// Nanoseconds of that spent waiting for upstreams, or for the exchange that led the flight.
  package var upstreamWait: Int64 = 0
  /// The `code` of the error that the client was sent.
  package var code = ""
  /// Why the last attempt that failed did; a later one may have answered.
  package var failure = ""
  /// The nodes passed and the exits taken.
  package var trail = ""

  package init(requestID: String, service: String, generation: UInt64, status: ExchangeStatus) {
    self.requestID = requestID
    self.service = service
    self.generation = generation
    self.status = status
  }

  package func count(in metrics: MetricsRegistry) {
    if purpose.isEmpty {
      let meters = metrics.meters(of: model.isEmpty ? "none" : model)
      meters.requests(status, cacheHit: isCacheHit).increment()
      meters.duration.observe(nanoseconds: duration)
      if !product.isEmpty, !cache.isEmpty { metrics.cacheExchanges[product, cache].increment() }
      metrics.overhead.observe(nanoseconds: duration - upstreamWait)
    } else {
      metrics.backgroundExchanges[purpose, status.rawValue].increment()
    }
    for use in uses {
      let meters = metrics.meters(of: use.model)
      if use.inputTokens > 0 { meters.inputTokens.increment(by: Int64(use.inputTokens)) }
      if use.outputTokens > 0 { meters.outputTokens.increment(by: Int64(use.outputTokens)) }
      meters.usage(from: use.source).increment()
      if use.cost > .zero { metrics.cost[use.model, tier].increment(by: use.cost.count) }
    }
  }

  /// What all attempts cost.
  package var cost: NanoDollars { uses.reduce(.zero) { $0 + $1.cost } }

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine(purpose.isEmpty ? "exchange" : "background", at: moment)
    line.append("purpose", purpose)
    line.append("request", requestID)
    line.append("service", service)
    line.append("generation", generation)
    line.append("client", client)
    line.append("tenant", tenant)
    line.append("user", user)
    line.append("tier", tier)
    line.append("product", product)
    line.append("tag", tag)
    line.append("key", keyID)
    line.append("route", route)
    line.append("target", target)
    line.append("model", model)
    line.append("status", status.rawValue)
    line.append("http", httpStatus)
    line.append("code", code)
    line.append("failure", failure)
    line.append("cache", cache)
    if !similarity.isEmpty { line.append("similarity", similarity) }
    line.append("attempts", attempts)
    line.append("input_tokens", sum(\.inputTokens))
    line.append("output_tokens", sum(\.outputTokens))
    for (key, count) in [
      ("cached_tokens", sum(\.cachedTokens)),
      ("reasoning_tokens", sum(\.reasoningTokens)),
    ] where count > 0 {
      line.append(key, count)
    }
    // The least sure of all.
    line.append("usage", uses.map(\.source).max(by: CountSource.isSurer)?.rawValue ?? "")
    // A string: readers that take numbers for doubles would round money.
    line.append("cost", cost.description)
    line.append("duration_ms", milliseconds: duration)
    line.append("upstream_ms", milliseconds: upstreamWait)
    line.append("trail", trail)
    return line
  }

  /// Over all attempts; no trap for what an upstream makes up.
  private func sum(_ count: KeyPath<AttemptUsed, Int>) -> Int {
    uses.reduce(0) { sum, use in
      let (next, overflowed) = sum.addingReportingOverflow(use[keyPath: count])
      return overflowed ? .max : next
    }
  }
}

/// What one attempt used.
package struct AttemptUsed: Sendable {
  package var model: String
  package var inputTokens = 0
  /// Of the input; the upstream had them in its cache.
  package var cachedTokens = 0
  package var outputTokens = 0
  /// Of the output; the model thought them.
  package var reasoningTokens = 0
  package var source: CountSource
  package var cost = NanoDollars.zero

  package init(model: String, source: CountSource) {
    self.model = model
    self.source = source
  }
}
