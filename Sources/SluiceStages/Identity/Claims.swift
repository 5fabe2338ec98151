package import SluiceCore
internal import SluiceHTTP
package import SluicePipeline

/// What a request says about who sends it; nothing of it is believed yet.
package struct Claims: Sendable, Equatable {
  package enum Credential: Sendable, Equatable {
    case none
    /// The digest of the key that was sent.
    case key(Digest)
    /// Something that cannot be a key of ours: another scheme, nothing, too much, or two of them.
    case unusable
  }

  /// The other end of the connection: the one thing that cannot be made up.
  package var peer: HostAddress
  package var credential: Credential
  /// The hops of `X-Forwarded-For`, the nearest last.
  package var forwardedFor: [String]
  /// From `X-Sluice-Product`, `-User`, `-Tier` and `-Tag`; `nil` if not sent or empty.
  package var product: String?
  package var user: String?
  package var tier: String?
  package var tag: String?
  /// From `X-Sluice-Cache-Tags`, repeated or not.
  package var cacheTags: [String]
  /// Those of the four that stand twice, by their names as they are sent: whichever were believed,
  /// somebody in between may have set the other.
  package var repeated: [String]

  package init(peer: HostAddress) {
    self.peer = peer
    credential = .none
    forwardedFor = []
    cacheTags = []
    repeated = []
  }

  /// Reads what `request` says.
  package init(_ request: ClientRequest) {
    let fields = request.fields
    self.init(peer: request.peer)
    credential = Self.credential(fields)
    forwardedFor = Self.list("x-forwarded-for", fields)
    product = value("X-Sluice-Product", "x-sluice-product", fields)
    user = value("X-Sluice-User", "x-sluice-user", fields)
    tier = value("X-Sluice-Tier", "x-sluice-tier", fields)
    tag = value("X-Sluice-Tag", "x-sluice-tag", fields)
    cacheTags = Self.list("x-sluice-cache-tags", fields)
  }

  /// The members of a list (RFC 9110 section 5.6.1).
  private static func list(_ name: String, _ fields: HeaderFields) -> [String] {
    guard fields.index(of: name) != nil else { return [] }
    return fields.all(name).flatMap { $0.split(separator: ",") }.map { $0.trimmed }
  }

  private mutating func value(_ shown: String, _ name: String, _ fields: HeaderFields) -> String? {
    guard let index = fields.index(of: name) else { return nil }
    if fields.index(of: name, from: index + 1) != nil { repeated.append(shown) }
    let value = fields.value(at: index)
    return value.isEmpty ? nil : value
  }

  /// Reads `Authorization: Bearer KEY` (RFC 6750 section 2.1), whatever bytes the key is made of.
  private static func credential(_ fields: HeaderFields) -> Credential {
    guard let index = fields.index(of: "authorization") else { return .none }
    // Two keys in one request: whichever were chosen, somebody in between may choose the other.
    guard fields.index(of: "authorization", from: index + 1) == nil else { return .unusable }
    let scheme = "bearer "
    guard fields.value(at: index, startsWith: scheme) else { return .unusable }
    let key = fields.valueBytes(at: index).dropFirst(scheme.utf8.count)
      .drop { $0 == UInt8(ascii: " ") }
    guard !key.isEmpty, key.count <= Bounds.keyBytes else { return .unusable }
    return .key(Digest(of: Array(key)))
  }
}

extension Substring {
  /// Without the spaces and tabs at its ends.
  fileprivate var trimmed: String {
    var text = self
    while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return String(text)
  }
}
