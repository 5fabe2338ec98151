package import SluiceCore

/// The section `identity`: who may ask, and whose word about users counts.
package struct IdentitySettings: Sendable, Equatable {
  /// What a request without a key is taken for; loopback listeners only.
  package struct Anonymous: Sendable, Equatable {
    /// The empty string: no tier.
    package var tier: String
    /// The first is the default; empty: no product.
    package var products: [String]

    package init(tier: String = "", products: [String] = []) {
      self.tier = tier
      self.products = products
    }
  }

  package enum AcceptedHeader: String, Sendable, CaseIterable {
    case user, tier, tag
    case cacheTags = "cache_tags"
  }

  /// The file of key records, relative to the state folder; `nil`: no keys are accepted.
  package var keys: String?
  /// Networks whose `X-Sluice-User`, `-Tier`, `-Tag`, `-Cache-Tags` and forwarding headers count.
  package var trustFrom: [Network] = []
  package var accept: Set<AcceptedHeader> = []
  /// `nil`: a request without a key is refused.
  package var anonymous: Anonymous? = Anonymous()
  package var place: SourcePlace = .builtIn

  package init() {}
}
