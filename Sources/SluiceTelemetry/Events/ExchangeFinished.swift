package import SluiceCore

/// An exchange ended.
package struct ExchangeFinished: Event {
  package var requestID: String
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
  package var attempts = 0
  package var inputTokens = 0
  package var outputTokens = 0
  package var cost = NanoDollars.zero
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
    let meters = metrics.meters(of: model.isEmpty ? "none" : model)
    meters.requests(status, cacheHit: isCacheHit).increment()
    meters.duration.observe(nanoseconds: duration)
    metrics.overhead.observe(nanoseconds: duration - upstreamWait)
    if inputTokens > 0 { meters.inputTokens.increment(by: Int64(inputTokens)) }
    if outputTokens > 0 { meters.outputTokens.increment(by: Int64(outputTokens)) }
    if cost > .zero {
      metrics.cost[model.isEmpty ? "none" : model, tier].increment(by: cost.count)
    }
  }

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("exchange", at: moment)
    line.append("request", requestID)
    line.append("service", service)
    line.append("generation", generation)
    line.append("client", client)
    line.append("tenant", tenant)
    line.append("user", user)
    line.append("tier", tier)
    line.append("product", product)
    line.append("key", keyID)
    line.append("route", route)
    line.append("target", target)
    line.append("model", model)
    line.append("status", status.rawValue)
    line.append("http", httpStatus)
    line.append("code", code)
    line.append("failure", failure)
    line.append("cache", cache)
    line.append("attempts", attempts)
    line.append("input_tokens", inputTokens)
    line.append("output_tokens", outputTokens)
    // A string: readers that take numbers for doubles would round money.
    line.append("cost", cost.description)
    line.append("duration_ms", milliseconds: duration)
    line.append("upstream_ms", milliseconds: upstreamWait)
    line.append("trail", trail)
    return line
  }
}
