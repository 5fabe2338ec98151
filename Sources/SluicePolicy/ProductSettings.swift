package import SluiceCore

/// One entry of `products`: what a request is for; owns cache rules and attribution.
package struct ProductSettings: Sendable {
  package enum Scope: String, Sendable, CaseIterable { case user, tenant, product }

  /// How answers are given to questions that mean the same as earlier ones.
  package struct Semantic: Sendable, Equatable {
    /// The share of hits for which the upstream is asked too.
    package struct Shadow: Sendable, Equatable {
      /// From 0 to 1.
      package var share: Double
      /// The name of the budget that it is paid from; `nil`: from those of the exchange.
      package var budget: String?

      package init(share: Double, budget: String? = nil) {
        self.share = share
        self.budget = budget
      }
    }

    /// What a hit needs where the policy names a share of wrong hits and nothing tells which score
    /// keeps to it: so much that little passes.
    package static let strictBar = 0.95

    /// The least score of a hit, from 0 to 1.
    package var threshold: Double?
    /// The share of hits that may be wrong, from 0 to 1; there is this or a threshold, or both.
    package var maxWrong: Double?
    package var shadow: Shadow?
    /// A model that serves embeddings; `nil`: the encoder of this machine.
    package var embedder: ModelIndex?
    /// The score that a hit needs, from 0 to 1.
    package var bar: Double

    package init(
      threshold: Double?,
      maxWrong: Double? = nil,
      shadow: Shadow? = nil,
      embedder: ModelIndex? = nil
    ) {
      self.threshold = threshold
      self.maxWrong = maxWrong
      self.shadow = shadow
      self.embedder = embedder
      bar = threshold ?? Self.strictBar
    }
  }

  package struct Cache: Sendable {
    package var scope: Scope
    package var ttl: Duration
    package var semantic: Semantic?
    /// How long after its TTL an answer may be served when nothing else answers.
    package var staleIfError: Duration?
    /// How long after its TTL an answer is served at once while it is asked for anew.
    package var staleWhileRevalidate: Duration?
    /// A further part of the key.
    package var key: Expression?
    /// What an invalidation can name besides product and key.
    package var tags: [String]
    /// Gives the tags of a request, where they are not the same for all; `tags` is empty then.
    package var tagging: Expression?
    /// Whether a fallback's answer is stored under the primary's key.
    package var storeFallbacks: Bool
    package var place: SourcePlace

    /// How long after its TTL an answer may be served for whichever reason.
    package var staleness: Duration { max(staleIfError ?? .zero, staleWhileRevalidate ?? .zero) }

    package init(
      scope: Scope = .user,
      ttl: Duration,
      semantic: Semantic? = nil,
      staleIfError: Duration? = nil,
      staleWhileRevalidate: Duration? = nil,
      key: Expression? = nil,
      tags: [String] = [],
      tagging: Expression? = nil,
      storeFallbacks: Bool = false,
      place: SourcePlace = .builtIn
    ) {
      self.scope = scope
      self.ttl = ttl
      self.semantic = semantic
      self.staleIfError = staleIfError
      self.staleWhileRevalidate = staleWhileRevalidate
      self.key = key
      self.tags = tags
      self.tagging = tagging
      self.storeFallbacks = storeFallbacks
      self.place = place
    }
  }

  package var name: String
  /// How soon an answer may become wrong; `nil`: no check.
  package var volatility: Duration?
  /// `nil`: no caching.
  package var cache: Cache?
  package var place: SourcePlace

  package init(
    name: String,
    volatility: Duration? = nil,
    cache: Cache? = nil,
    place: SourcePlace = .builtIn
  ) {
    self.name = name
    self.volatility = volatility
    self.cache = cache
    self.place = place
  }
}
