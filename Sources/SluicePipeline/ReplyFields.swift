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
    if request.service.asked != nil {
      expose(.cache, "x-sluice-cache", cacheOutcome.rawValue)
      expose(.route, "x-sluice-route", route.map { policy.routes[$0].name })
      expose(.model, "x-sluice-model", answeredBy.map { policy[$0].name })
      expose(.cost, "x-sluice-cost", cost?.description)
      expose(.age, "x-sluice-age", ageSeconds.map(String.init))
      expose(.similarity, "x-sluice-similarity", similarity.map(DecimalText.threeDecimals))
    }
    RateReport.append(rate, tokenRate, to: &fields)
    return fields
  }
}

extension RateReport {
  /// Appends what is told of a limit of requests and of one of tokens.
  ///
  /// The fields of draft-ietf-httpapi-ratelimit-headers-11, which are lists, and those that OpenAI's
  /// clients know.
  package static func append(
    _ requests: RateReport?,
    _ tokens: RateReport?,
    to fields: inout [(name: String, value: String)]
  ) {
    guard let first = requests ?? tokens else { return }
    let second = requests == nil ? nil : tokens
    fields.append(
      ("ratelimit-policy", first.policyItem + (second.map { ", " + $0.policyItem } ?? ""))
    )
    fields.append(("ratelimit", first.item + (second.map { ", " + $0.item } ?? "")))
    first.appendOwnFields(to: &fields)
    second?.appendOwnFields(to: &fields)
  }

  private var policyItem: String {
    // Requests are what a quota counts unless it says otherwise.
    let unit = unit == .requests ? "" : ";qu=\"\(unit)\""
    return "\"\(limit)\";q=\(decision.quota);w=\(windowSeconds)\(unit)"
  }

  private var item: String { "\"\(limit)\";r=\(decision.remaining);t=\(resetSeconds)" }

  private var resetSeconds: Int64 { (decision.resetNanoseconds + 999_999_999) / 1_000_000_000 }

  private func appendOwnFields(to fields: inout [(name: String, value: String)]) {
    fields.append(("x-ratelimit-limit-\(unit)", String(decision.quota)))
    fields.append(("x-ratelimit-remaining-\(unit)", String(decision.remaining)))
    fields.append(("x-ratelimit-reset-\(unit)", "\(resetSeconds)s"))
    if case .refused(let wait) = decision.verdict {
      // OpenAI's SDKs wait by it before they look at `Retry-After`.
      fields.append(("retry-after-ms", String((wait + 999_999) / 1_000_000)))
    }
  }
}
