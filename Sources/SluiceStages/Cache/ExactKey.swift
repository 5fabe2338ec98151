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
  ///   - bodyBytes: about how many bytes `appendBody` appends.
  ///   - appendBody: appends the canonical request body, without `model`, `stream`,
  ///     `stream_options`, `user`: written where it is digested.
  /// - Returns: the name of the answer.
  package static func digest(
    service: ModelSettings.Service,
    scope: CacheScope,
    product: String,
    target: String,
    primary: ModelSettings,
    extra: String?,
    bodyBytes: Int,
    appendBody: (inout [UInt8]) -> Void
  ) -> Digest {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(bodyBytes + 512)
    bytes.append(part: "sluice exact 2")
    bytes.append(part: service.rawValue)
    switch scope {
    case .user(let tenant, let user, let keyID):
      bytes.append(part: "user")
      bytes.append(part: tenant)
      bytes.append(part: user)
      bytes.append(part: keyID)
    case .tenant(let tenant, let isAnonymous):
      bytes.append(part: isAnonymous ? "anonymous" : "tenant")
      bytes.append(part: tenant)
    case .product:
      bytes.append(part: "product")
    }
    bytes.append(part: product)
    bytes.append(part: target)
    bytes.append(part: primary.name)
    bytes.append(part: primary.upstream)
    bytes.append(part: primary.upstreamName)
    bytes.append(part: extra == nil ? "" : "key")
    bytes.append(part: extra ?? "")
    bytes.append(part: appendBody)
    return Digest(of: bytes)
  }
}

extension [UInt8] {
  /// Bytes of a length.
  private static var lengthBytes: Int { 8 }

  /// Appends the length of `text`, then `text`.
  fileprivate mutating func append(part text: String) {
    let part = text.utf8.span
    append(addingCapacity: Self.lengthBytes + part.count) { output in
      for place in 0..<Self.lengthBytes { output.append(Self.lengthByte(place, of: part.count)) }
      for index in part.indices { output.append(part[index]) }
    }
  }

  /// Appends the length of what `body` appends, then that.
  fileprivate mutating func append(part body: (inout [UInt8]) -> Void) {
    let start = count
    append(addingCapacity: Self.lengthBytes) { $0.append(repeating: 0, count: Self.lengthBytes) }
    body(&self)
    let length = count - start - Self.lengthBytes
    for place in 0..<Self.lengthBytes { self[start + place] = Self.lengthByte(place, of: length) }
  }

  private static func lengthByte(_ place: Int, of length: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: length >> (8 * (lengthBytes - 1 - place)))
  }
}
