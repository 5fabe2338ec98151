package import SluiceCore
package import SluiceDialects
package import SluicePipeline
package import SluicePolicy

/// Decides who asks: what a request claims, against what the policy grants.
///
/// A pure machine. A key says who its holder is; what headers add counts only where the policy
/// says so. Every key that is not good, for whatever reason, is refused in the same words, so that
/// nobody can learn which keys exist.
package struct CallerResolution: Sendable {
  package enum Ruling: Sendable, Equatable {
    case known(Caller)
    case anonymous(Caller)
    /// With the reason, for a trail.
    case refused(APIError, why: String)
  }

  private let settings: IdentitySettings
  private let tiers: Set<String>

  /// - Parameters:
  ///   - settings: the section `identity`.
  ///   - tiers: the names of the declared tiers, the only ones that a header may claim.
  package init(_ settings: IdentitySettings, tiers: Set<String>) {
    self.settings = settings
    self.tiers = tiers
  }

  /// The key to look up before `rule(on:record:at:)`; `nil` if none was sent or none counts.
  package func key(in claims: Claims) -> Digest? {
    guard settings.keys != nil, case .key(let digest) = claims.credential else { return nil }
    return digest
  }

  /// Rules on a request.
  ///
  /// - Parameters:
  ///   - claims: what it says.
  ///   - record: what the directory knows under `key(in:)`.
  ///   - now: seconds since 1970.
  /// - Returns: who asks, or why nobody does.
  package func rule(on claims: Claims, record: KeyRecord?, at now: Int64) -> Ruling {
    let address = clientAddress(claims)
    let isTrusted = trusts(claims.peer)
    // Without a file of keys no key can be good or bad. SDKs insist on sending one, so it is not
    // looked at.
    let credential = settings.keys == nil ? Claims.Credential.none : claims.credential

    var (keyID, tenant) = ("", "")
    var (user, tier): (String, String)
    let products: [String]
    switch credential {
    case .none:
      guard let anonymous = settings.anonymous else {
        return .refused(.missingKey, why: "no key, and anonymous is not allowed")
      }
      user = "ip:" + Caller.key(of: address)
      tier = anonymous.tier
      products = anonymous.products
    case .unusable:
      return .refused(.invalidKey, why: "the Authorization field holds no key")
    case .key:
      guard let record else {
        return .refused(.invalidKey, why: "no such key")
      }
      if let end = record.expiresAt, end <= now {
        return .refused(.invalidKey, why: "key \(record.id) has expired")
      }
      keyID = record.id
      tenant = record.tenant
      user = record.user
      tier = record.tier
      products = record.products
    }

    if let name = claims.repeated.first {
      return .refused(
        .invalidRequest(
          message:
            "`\(name)` stands twice in the head, so its meaning is open. Send it once; a proxy "
            + "must replace what clients send.",
          param: nil,
          code: "duplicate_header"
        ),
        why: "\(name) stands twice"
      )
    }
    if let product = claims.product, !products.contains(product) {
      return .refused(.productNotAllowed(product), why: "product \(product) is not granted")
    }
    if isTrusted, let refusal = apply(claims, to: &user, &tier) { return refusal }
    func mayTag(by header: IdentitySettings.AcceptedHeader) -> Bool {
      record?.maySetTag == true || isTrusted && settings.accept.contains(header)
    }
    var tag = ""
    if let claimed = claims.tag, mayTag(by: .tag) {
      guard TagRule.allows(claimed) else {
        return .refused(
          .invalidRequest(
            message:
              "`X-Sluice-Tag` must be \(TagRule.words).",
            param: nil,
            code: "invalid_tag"
          ),
          why: "X-Sluice-Tag is no tag"
        )
      }
      tag = claimed
    }
    var cacheTags: [String] = []
    if !claims.cacheTags.isEmpty, mayTag(by: .cacheTags) {
      // An empty member is none (RFC 9110 section 5.6.1.2).
      cacheTags = claims.cacheTags.filter { !$0.isEmpty }
      guard cacheTags.count <= Bounds.cacheTags, cacheTags.allSatisfy(TagRule.allows) else {
        return .refused(
          .invalidRequest(
            message: "`X-Sluice-Cache-Tags` must be at most \(Bounds.cacheTags) tags, "
              + "separated by commas; each is \(TagRule.words).",
            param: nil,
            code: "invalid_cache_tags"
          ),
          why: "X-Sluice-Cache-Tags holds what is no tag, or too many"
        )
      }
    }
    let caller = Caller(
      keyID: keyID,
      tenant: tenant,
      user: user,
      tier: tier,
      product: claims.product ?? products.first ?? "",
      tag: tag,
      cacheTags: cacheTags,
      address: address,
      isTrustedNetwork: isTrusted
    )
    return keyID.isEmpty ? .anonymous(caller) : .known(caller)
  }

  /// Lets a trusted network, which this is, say who its user is.
  private func apply(
    _ claims: Claims,
    to user: inout String,
    _ tier: inout String
  ) -> Ruling? {
    if settings.accept.contains(.user), let claimed = claims.user {
      guard Self.isName(claimed) else {
        return .refused(
          .invalidRequest(
            message: "`X-Sluice-User` must be at most \(Bounds.identityBytes) bytes of text "
              + "without control characters.",
            param: nil,
            code: "invalid_user"
          ),
          why: "X-Sluice-User is no name"
        )
      }
      user = claimed
    }
    if settings.accept.contains(.tier), let claimed = claims.tier {
      guard tiers.contains(claimed) else {
        return .refused(.permissionDenied, why: "no tier is called what X-Sluice-Tier says")
      }
      tier = claimed
    }
    return nil
  }

  /// The right-most hop that is not trusted, the connection itself being the last hop.
  ///
  /// What stands left of it was written by somebody who is not trusted, so it is never read. A hop
  /// that is no address ends the search at the last one that is.
  private func clientAddress(_ claims: Claims) -> HostAddress {
    var address = claims.peer
    var hops = claims.forwardedFor[...]
    while trusts(address), let hop = hops.popLast(), let next = Self.address(ofHop: hop) {
      address = next
    }
    return address
  }

  private func trusts(_ address: HostAddress) -> Bool {
    settings.trustFrom.contains { $0.contains(address) }
  }

  /// Reads an address alone, or with a port: `192.0.2.1:80`, `[2001:db8::1]:80`.
  private static func address(ofHop hop: String) -> HostAddress? {
    if hop.hasPrefix("[") {
      guard let end = hop.firstIndex(of: "]") else { return nil }
      return HostAddress(hop[hop.index(after: hop.startIndex)..<end])
    }
    let parts = hop.split(separator: ":", omittingEmptySubsequences: false)
    return HostAddress(parts.count == 2 ? parts[0] : hop[...])
  }

  private static func isName(_ text: String) -> Bool {
    text.utf8.count <= Bounds.identityBytes
      && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) }
  }
}
