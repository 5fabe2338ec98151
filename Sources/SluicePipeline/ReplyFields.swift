import SluiceCore
import SluicePolicy

extension Exchange {
  /// The fields that every reply of this exchange carries, in a fixed order.
  ///
  /// Read when the head is sent: what is not known by then (the cost of a stream) is left out.
  /// Answers are private to who asked, whatever stands between (`Cache-Control`, `Vary`).
  package var replyFields: [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = []
    fields.reserveCapacity(16)
    fields.append(("x-request-id", id))
    fields.append(("cache-control", "private, no-store"))
    fields.append(("vary", "authorization"))
    let exposed = policy.server.expose
    func expose(
      _ header: ServerSettings.ExposedHeader,
      _ name: String,
      _ value: @autoclosure () -> String?
    ) {
      if exposed.contains(header), let value = value() { fields.append((name, value)) }
    }
    expose(.generation, "x-sluice-generation", String(generation.number))
    if request.service == .chat {
      expose(.cache, "x-sluice-cache", cacheOutcome.rawValue)
      expose(.route, "x-sluice-route", route.map { policy.routes[$0].name })
      expose(.model, "x-sluice-model", answeredBy.map { policy[$0].name })
      expose(.cost, "x-sluice-cost", cost?.description)
      expose(.age, "x-sluice-age", ageSeconds.map(String.init))
    }
    if let rate { fields += rate.fields }
    return fields
  }
}

extension RateReport {
  /// The fields of draft-ietf-httpapi-ratelimit-headers-11, and those that OpenAI's clients know.
  package var fields: [(name: String, value: String)] {
    let reset = (decision.resetNanoseconds + 999_999_999) / 1_000_000_000
    var fields = [
      ("ratelimit-policy", "\"\(limit)\";q=\(decision.quota);w=\(windowSeconds)"),
      ("ratelimit", "\"\(limit)\";r=\(decision.remaining);t=\(reset)"),
      ("x-ratelimit-limit-requests", String(decision.quota)),
      ("x-ratelimit-remaining-requests", String(decision.remaining)),
      ("x-ratelimit-reset-requests", "\(reset)s"),
    ]
    if case .refused(let wait) = decision.verdict {
      // OpenAI's SDKs wait by it before they look at `Retry-After`.
      fields.append(("retry-after-ms", String((wait + 999_999) / 1_000_000)))
    }
    return fields
  }
}
