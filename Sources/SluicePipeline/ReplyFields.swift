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
}
