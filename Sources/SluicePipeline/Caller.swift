package import SluiceCore

/// Who asks, as far as the gateway believes it.
package struct Caller: Sendable, Equatable {
  /// The id of the key record; empty for anonymous callers.
  package var keyID: String
  package var tenant: String
  /// Anonymous callers are `ip:…`.
  package var user: String
  package var tier: String
  package var product: String
  /// What the spending is for, in the caller's own words: `X-Sluice-Tag`, where one may be set.
  package var tag: String
  /// What an invalidation can name of the answers, from `X-Sluice-Cache-Tags`, where it counts.
  package var cacheTags: [String]
  /// The right-most hop that is not trusted.
  package var address: HostAddress
  /// Whether the connection came from a network in `identity.headers.trust_from`.
  package var isTrustedNetwork: Bool

  package init(
    keyID: String = "",
    tenant: String = "",
    user: String = "",
    tier: String = "",
    product: String = "",
    tag: String = "",
    cacheTags: [String] = [],
    address: HostAddress,
    isTrustedNetwork: Bool = false
  ) {
    self.keyID = keyID
    self.tenant = tenant
    self.user = user
    self.tier = tier
    self.product = product
    self.tag = tag
    self.cacheTags = cacheTags
    self.address = address
    self.isTrustedNetwork = isTrustedNetwork
  }

  /// What `client.ip` says and limits count: an IPv4 address, or the /64 of an IPv6 one.
  package var addressKey: String {
    address.isIPv4
      ? address.description : Network(prefix: address, bits: 64).description
  }
}
