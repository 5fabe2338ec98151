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
    let said =
      scope.bytes + product.utf8.count + target.utf8.count + primary.name.utf8.count
      + primary.upstream.utf8.count + primary.upstreamName.utf8.count + (extra?.utf8.count ?? 0)
    bytes.append(addingCapacity: partsBytes + said) { output in
      output.append(part: "sluice exact 2")
      output.append(part: service.rawValue)
      switch scope {
      case .user(let tenant, let user, let keyID):
        output.append(part: "user")
        output.append(part: tenant)
        output.append(part: user)
        output.append(part: keyID)
      case .tenant(let tenant, let isAnonymous):
        output.append(part: isAnonymous ? "anonymous" : "tenant")
        output.append(part: tenant)
      case .product:
        output.append(part: "product")
      }
      output.append(part: product)
      output.append(part: target)
      output.append(part: primary.name)
      output.append(part: primary.upstream)
      output.append(part: primary.upstreamName)
      output.append(part: extra == nil ? "" : "key")
      output.append(part: extra ?? "")
      output.append(length: 0)
    }
    let start = bytes.count
    appendBody(&bytes)
    for place in 0..<lengthBytes {
      bytes[start - lengthBytes + place] = lengthByte(place, of: bytes.count - start)
    }
    return Digest(of: bytes)
  }

  /// Bytes of a length.
  fileprivate static let lengthBytes = 8
  /// More than the lengths of all parts take, and those parts that are always the same.
  private static let partsBytes = 16 * lengthBytes + 64

  fileprivate static func lengthByte(_ place: Int, of length: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: length >> (8 * (lengthBytes - 1 - place)))
  }
}

extension CacheScope {
  /// Bytes of the texts that it holds.
  fileprivate var bytes: Int {
    switch self {
    case .user(let tenant, let user, let keyID):
      tenant.utf8.count + user.utf8.count + keyID.utf8.count
    case .tenant(let tenant, _): tenant.utf8.count
    case .product: 0
    }
  }
}

extension OutputSpan<UInt8> {
  fileprivate mutating func append(length: Int) {
    for place in 0..<ExactKey.lengthBytes { append(ExactKey.lengthByte(place, of: length)) }
  }

  /// Appends the length of `text`, then `text`.
  fileprivate mutating func append(part text: String) {
    let part = text.utf8.span
    append(length: part.count)
    for index in part.indices { append(part[index]) }
  }
}
