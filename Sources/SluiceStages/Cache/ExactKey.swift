package import SluiceCore
package import SluicePipeline
package import SluicePolicy

/// Among whom an answer may be shared: the value of a cache's scope for one caller.
///
/// Taken from what identity found out, never from the request.
package enum CacheScope: Sendable, Hashable {
  /// One user of one tenant; a key without a user is a user of its own.
  case user(tenant: String, user: String, keyID: String)
  /// One tenant; callers without a key are apart from keys without a tenant.
  case tenant(String, isAnonymous: Bool)
  /// Everybody who may ask for the product.
  case product

  package init(_ scope: ProductSettings.Scope, of caller: Caller) {
    switch scope {
    case .user:
      self = .user(
        tenant: caller.tenant,
        user: caller.user,
        keyID: caller.user.isEmpty ? caller.keyID : ""
      )
    case .tenant: self = .tenant(caller.tenant, isAnonymous: caller.keyID.isEmpty)
    case .product: self = .product
    }
  }
}

/// The name of an exact answer.
package enum ExactKey {
  /// The digest of everything that an answer depends on.
  ///
  /// Every part is preceded by its length, so that no two lists of parts spell the same bytes.
  ///
  /// - Parameters:
  ///   - service: which path it answers.
  ///   - scope: among whom the answer is shared; there is no default.
  ///   - product: the product that it is kept for.
  ///   - target: the name of the target that was chosen.
  ///   - primary: the target's first candidate within reach: what it is called here, where it
  ///     runs, and what it is called there, so that a name that a reload gave to another model
  ///     never finds the old one's answers.
  ///   - extra: the value of the policy's own `key`; `nil` if there is none.
  ///   - body: the canonical request body, without `model`, `stream`, `stream_options`, `user`.
  /// - Returns: the name of the answer.
  package static func digest(
    service: ModelSettings.Service,
    scope: CacheScope,
    product: String,
    target: String,
    primary: ModelSettings,
    extra: String?,
    body: [UInt8]
  ) -> Digest {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(body.count + 512)
    func append(_ part: some Collection<UInt8>) {
      let length = UInt64(part.count)
      for shift in stride(from: 56, through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: length >> UInt64(shift)))
      }
      bytes += part
    }

    append("sluice exact 2".utf8)
    append(service.rawValue.utf8)
    switch scope {
    case .user(let tenant, let user, let keyID):
      append("user".utf8)
      append(tenant.utf8)
      append(user.utf8)
      append(keyID.utf8)
    case .tenant(let tenant, let isAnonymous):
      append(isAnonymous ? "anonymous".utf8 : "tenant".utf8)
      append(tenant.utf8)
    case .product:
      append("product".utf8)
    }
    append(product.utf8)
    append(target.utf8)
    append(primary.name.utf8)
    append(primary.upstream.utf8)
    append(primary.upstreamName.utf8)
    append(extra == nil ? "".utf8 : "key".utf8)
    append((extra ?? "").utf8)
    append(body)
    return Digest(of: bytes)
  }
}
