package import SluiceHTTP

/// What a limit has left, for the reply's rate-limit fields.
package struct RateReport: Sendable {
  /// What is counted, in the words of OpenAI's fields.
  package enum Unit: String, Sendable { case requests, tokens }

  private let terms: Terms
  package var decision: RateDecision

  package init(_ terms: Terms, decision: RateDecision) {
    self.terms = terms
    self.decision = decision
  }

  /// What of the fields a limit fixes, as the bytes that they are in a head.
  ///
  /// Made once a generation, for each of what a limit allows its tiers.
  package final class Terms: Sendable {
    /// The item of `RateLimit-Policy`.
    fileprivate let policy: [UInt8]
    /// The item of `RateLimit`, up to what is left.
    fileprivate let item: [UInt8]
    /// The fields that OpenAI's clients know, up to what is left.
    fileprivate let remaining: [UInt8]
    fileprivate let reset: FieldName

    /// `quota` fit in a window, burst included.
    package init(limit: String, quota: Int, windowSeconds: Int64, unit: Unit = .requests) {
      var policy = HeaderLines()
      policy.write("\"\(limit)\";q=\(quota);w=\(windowSeconds)")
      // Requests are what a quota counts unless it says otherwise.
      if unit != .requests { policy.write(";qu=\"\(unit)\"") }
      self.policy = policy.bytes
      var item = HeaderLines()
      item.write("\"\(limit)\";r=")
      self.item = item.bytes
      var remaining = HeaderLines()
      remaining.append("x-ratelimit-limit-\(unit)", "\(quota)")
      remaining.begin(FieldName("x-ratelimit-remaining-\(unit)"))
      self.remaining = remaining.bytes
      reset = FieldName("x-ratelimit-reset-\(unit)")
    }
  }

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
    fields.begin(policyName)
    fields.write(first.terms.policy)
    if let second {
      fields.write(separator)
      fields.write(second.terms.policy)
    }
    fields.end()
    fields.begin(name)
    first.writeItem(to: &fields)
    if let second {
      fields.write(separator)
      second.writeItem(to: &fields)
    }
    fields.end()
    first.appendOwnFields(to: &fields)
    second?.appendOwnFields(to: &fields)
  }

  private static let policyName = FieldName("ratelimit-policy")
  private static let name = FieldName("ratelimit")
  private static let separator = Array(", ".utf8)
  private static let beforeReset = Array(";t=".utf8)
  private static let seconds = Array("s".utf8)
  private static let retryAfterMilliseconds = FieldName("retry-after-ms")

  private func writeItem(to fields: inout HeaderLines) {
    fields.write(terms.item)
    fields.write(Int64(decision.remaining))
    fields.write(Self.beforeReset)
    fields.write(resetSeconds)
  }

  private var resetSeconds: Int64 { (decision.resetNanoseconds + 999_999_999) / 1_000_000_000 }

  private func appendOwnFields(to fields: inout HeaderLines) {
    fields.write(terms.remaining)
    fields.write(Int64(decision.remaining))
    fields.end()
    fields.begin(terms.reset)
    fields.write(resetSeconds)
    fields.write(Self.seconds)
    fields.end()
    if case .refused(let wait) = decision.verdict {
      // OpenAI's SDKs wait by it before they look at `Retry-After`.
      fields.append(Self.retryAfterMilliseconds, (wait + 999_999) / 1_000_000)
    }
  }
}
