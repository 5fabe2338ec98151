import SluiceCore
package import SluiceHTTP
import SluicePolicy

/// What of the replies' fields a generation fixes, as the lines that they are in a head.
///
/// Made once a generation, so that a reply copies them whole.
final class FixedFields: Sendable {
  /// Answers are private to who asked, whatever stands between (`Cache-Control`, `Vary`).
  let common: HeaderLines
  /// By the place of the route, and of the model; empty where the policy does not expose them.
  let routes: [HeaderLines]
  let models: [HeaderLines]
  let tellsCache: Bool
  let tellsCost: Bool
  let tellsAge: Bool
  let tellsSimilarity: Bool

  init(_ policy: Policy, generation: UInt64) {
    let exposed = policy.server.expose
    var common: HeaderLines = ["cache-control": "private, no-store", "vary": "authorization"]
    if exposed.contains(.generation) { common.append("x-sluice-generation", "\(generation)") }
    self.common = common
    routes =
      exposed.contains(.route) ? policy.routes.map { ["x-sluice-route": $0.name] } : []
    models =
      exposed.contains(.model) ? policy.models.map { ["x-sluice-model": $0.name] } : []
    tellsCache = exposed.contains(.cache)
    tellsCost = exposed.contains(.cost)
    tellsAge = exposed.contains(.age)
    tellsSimilarity = exposed.contains(.similarity)
  }
}

extension Exchange {
  /// The fields that every reply of this exchange carries, in a fixed order.
  ///
  /// Read when the head is sent: what is not known by then (the cost of a stream) is left out.
  package var replyFields: HeaderLines {
    let fixed = generation.fixedFields
    var fields = HeaderLines(reservingCapacity: 768)
    fields.append(ReplyField.requestID, id)
    fields.append(fixed.common)
    if facts.request.service.asked != nil { appendAnswer(fixed, to: &fields) }
    RateReport.append(rate, tokenRate, to: &fields)
    if let ageSeconds { fields.append(ReplyField.age, ageSeconds) }
    return fields
  }

  /// Appends what is told of an answer, or of the way to it.
  private func appendAnswer(_ fixed: FixedFields, to fields: inout HeaderLines) {
    if fixed.tellsCache { fields.append(ReplyField.cache, cacheOutcome.rawValue) }
    if let route, !fixed.routes.isEmpty { fields.append(fixed.routes[route]) }
    if let answeredBy, !fixed.models.isEmpty { fields.append(fixed.models[answeredBy.position]) }
    if fixed.tellsCost, let cost {
      fields.begin(ReplyField.cost)
      fields.write(nano: cost.count, leastDecimals: 2)
      fields.end()
    }
    if fixed.tellsAge, let ageSeconds { fields.append(ReplyField.sluiceAge, ageSeconds) }
    if fixed.tellsSimilarity, let similarity {
      fields.append(ReplyField.similarity, DecimalText.threeDecimals(of: similarity))
    }
  }
}

/// The names that replies are written with, checked once.
private enum ReplyField {
  static let requestID = FieldName("x-request-id")
  static let cache = FieldName("x-sluice-cache")
  static let cost = FieldName("x-sluice-cost")
  static let sluiceAge = FieldName("x-sluice-age")
  static let similarity = FieldName("x-sluice-similarity")
  /// Of an answer that was kept (RFC 9111 section 5.1).
  static let age = FieldName("age")
  static let ratePolicy = FieldName("ratelimit-policy")
  static let rate = FieldName("ratelimit")
  static let retryAfterMilliseconds = FieldName("retry-after-ms")

  /// Those that OpenAI's clients know, of one unit.
  struct Rate {
    let limit: FieldName
    let remaining: FieldName
    let reset: FieldName

    private init(_ unit: RateReport.Unit) {
      limit = FieldName("x-ratelimit-limit-\(unit)")
      remaining = FieldName("x-ratelimit-remaining-\(unit)")
      reset = FieldName("x-ratelimit-reset-\(unit)")
    }

    static let requests = Rate(.requests)
    static let tokens = Rate(.tokens)
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
    to fields: inout HeaderLines
  ) {
    guard let first = requests ?? tokens else { return }
    let second = requests == nil ? nil : tokens
    fields.begin(ReplyField.ratePolicy)
    first.writePolicyItem(to: &fields)
    if let second {
      fields.write(", ")
      second.writePolicyItem(to: &fields)
    }
    fields.end()
    fields.begin(ReplyField.rate)
    first.writeItem(to: &fields)
    if let second {
      fields.write(", ")
      second.writeItem(to: &fields)
    }
    fields.end()
    first.appendOwnFields(to: &fields)
    second?.appendOwnFields(to: &fields)
  }

  private func writePolicyItem(to fields: inout HeaderLines) {
    fields.write("\"")
    fields.write(limit)
    fields.write("\";q=")
    fields.write(Int64(decision.quota))
    fields.write(";w=")
    fields.write(windowSeconds)
    // Requests are what a quota counts unless it says otherwise.
    if unit == .tokens { fields.write(";qu=\"tokens\"") }
  }

  private func writeItem(to fields: inout HeaderLines) {
    fields.write("\"")
    fields.write(limit)
    fields.write("\";r=")
    fields.write(Int64(decision.remaining))
    fields.write(";t=")
    fields.write(resetSeconds)
  }

  private var resetSeconds: Int64 { (decision.resetNanoseconds + 999_999_999) / 1_000_000_000 }

  private func appendOwnFields(to fields: inout HeaderLines) {
    let names =
      switch unit {
      case .requests: ReplyField.Rate.requests
      case .tokens: ReplyField.Rate.tokens
      }
    fields.append(names.limit, Int64(decision.quota))
    fields.append(names.remaining, Int64(decision.remaining))
    fields.begin(names.reset)
    fields.write(resetSeconds)
    fields.write("s")
    fields.end()
    if case .refused(let wait) = decision.verdict {
      // OpenAI's SDKs wait by it before they look at `Retry-After`.
      fields.append(ReplyField.retryAfterMilliseconds, (wait + 999_999) / 1_000_000)
    }
  }
}
