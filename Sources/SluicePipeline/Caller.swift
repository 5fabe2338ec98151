package import SluiceCore

/// Who asks, as far as the gateway believes it.
///
/// An object, so that the many who read it hold it at the price of one.
package final class Caller: Sendable {
  /// The id of the key record; empty for anonymous callers.
  package let keyID: String
  package let tenant: String
  /// Anonymous callers are `ip:…`.
  package let user: String
  package let tier: String
  package let product: String
  /// What the spending is for, in the caller's own words: `X-Sluice-Tag`, where one may be set.
  package let tag: String
  /// What an invalidation can name of the answers, from `X-Sluice-Cache-Tags`, where it counts.
  package let cacheTags: [String]
  /// The right-most hop that is not trusted.
  package let address: HostAddress
  /// Whether the connection came from a network in `identity.headers.trust_from`.
  package let isTrustedNetwork: Bool

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

  /// Nobody yet, before the first node of every walk says who asks.
  package static let nobody = Caller(address: HostAddress(ipv4: 0))

  /// What `client.ip` says and limits count: an IPv4 address, or the /64 of an IPv6 one.
  package var addressKey: String { Self.key(of: address) }

  /// The `addressKey` of whoever asks from `address`.
  package static func key(of address: HostAddress) -> String {
    address.isIPv4
      ? address.description : Network(prefix: address, bits: 64).description
  }
}

extension Caller: Equatable {
  package static func == (left: Caller, right: Caller) -> Bool {
    left.keyID == right.keyID && left.tenant == right.tenant && left.user == right.user
      && left.tier == right.tier && left.product == right.product && left.tag == right.tag
      && left.cacheTags == right.cacheTags && left.address == right.address
      && left.isTrustedNetwork == right.isTrustedNetwork
  }
}
