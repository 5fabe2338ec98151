package import SluiceCore
package import SluicePipeline
package import SluicePolicy

/// Says who asks, or refuses.
///
/// The first node of every walk: nothing of a request is parsed, counted or logged under a name
/// before it.
package struct IdentityStage: Stage {
  package enum Exit: Int, StageExit {
    /// A good key was sent.
    case known
    /// No key counts, and the policy lets such requests in.
    case anonymous
    case refused
  }

  package let exits = Exit.names
  private let resolution: CallerResolution
  private let keys: any KeyDirectory

  package init(_ settings: IdentitySettings, tiers: [TierSettings], keys: any KeyDirectory) {
    resolution = CallerResolution(settings, tiers: Set(tiers.map(\.name)))
    self.keys = keys
  }

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    let claims = Claims(exchange.request)
    let record = resolution.key(in: claims).flatMap { keys.record(of: $0) }
    // Expiry is a matter of the calendar, hence the wall clock; the exchange's own start, so that
    // one exchange has one `now`.
    let now = exchange.startedAt.wallSeconds
    switch resolution.rule(on: claims, record: record, at: now) {
    case .known(let caller):
      exchange.caller = caller
      exchange.explain("key \(caller.keyID): \(Self.text(of: caller))")
      return Exit.known.index
    case .anonymous(let caller):
      exchange.caller = caller
      exchange.explain("anonymous: \(Self.text(of: caller))")
      return Exit.anonymous.index
    case .refused(let error, let why):
      exchange.caller = Caller(address: exchange.request.peer)
      exchange.refuse(error)
      exchange.explain(why)
      return Exit.refused.index
    }
  }

  private static func text(of caller: Caller) -> String {
    [
      ("tenant", caller.tenant), ("user", caller.user), ("tier", caller.tier),
      ("product", caller.product), ("tag", caller.tag),
      ("cache tags", caller.cacheTags.joined(separator: " ")), ("ip", caller.addressKey),
    ]
    .filter { !$0.1.isEmpty }
    .map { "\($0.0) \($0.1)" }
    .joined(separator: ", ")
  }
}
