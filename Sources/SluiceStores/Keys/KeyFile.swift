internal import SluiceCore
internal import SluiceJSON
package import SluicePipeline

/// The records of `keys.jsonl`: one JSON object a line.
///
/// ```json
/// {"id":"key_9f2…","sha256":"5e88…","tenant":"acme","user":"ada","tier":"premium",
///  "products":["support"],"created":"2026-11-24T07:50:00Z","expires":"2027-11-24T00:00:00Z"}
/// ```
///
/// `id` and `sha256` must be there; what else is left out is the empty string, no product, or never.
/// `tags`: true lets its holder set `X-Sluice-Tag` and `X-Sluice-Cache-Tags`. Times are RFC 3339 or seconds since 1970. `revoked` is `true`, or the time of the revocation.
///
/// A line that cannot be read grants nothing and takes nothing from the other lines; it is
/// reported with its number. Unknown members make a line unreadable: a misspelt `expires` must not
/// become a key that never expires.
package struct KeyFile: Sendable {
  /// A line that was read.
  package struct Line: Sendable, Equatable {
    /// From 1.
    package var number: Int
    package var record: KeyRecord
    /// Seconds since 1970.
    package var createdAt: Int64?
    package var isRevoked: Bool
    /// Seconds since 1970; `nil` also for a key that is revoked without saying when.
    package var revokedAt: Int64?
  }

  /// A line that grants nothing, and why.
  package struct Issue: Sendable, Equatable {
    package var line: Int
    package var reason: String
  }

  package private(set) var lines: [Line] = []
  package private(set) var issues: [Issue] = []

  /// Reads the bytes of the file.
  package init(_ bytes: [UInt8]) {
    var lineOfID: [String: Int] = [:]
    var lineOfDigest: [Digest: Int] = [:]
    for (index, text) in Self.split(bytes).enumerated() {
      let number = index + 1
      if text.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }) { continue }
      guard lines.count < Bounds.keyRecords else {
        issues.append(Issue(line: number, reason: "more than \(Bounds.keyRecords) records"))
        break
      }
      do throws(Unreadable) {
        let line = try Self.line(text, number: number)
        let twin = lineOfID[line.record.id] ?? lineOfDigest[line.record.digest]
        if let twin { issues.append(Issue(line: number, reason: "repeats line \(twin)")) }
        // A revocation counts wherever it stands, so that appending one is enough.
        if twin == nil || line.isRevoked {
          lines.append(line)
          lineOfID[line.record.id] = number
          lineOfDigest[line.record.digest] = number
        }
      } catch {
        issues.append(Issue(line: number, reason: error.reason))
      }
    }
  }

  /// The records that may grant something: those that were not revoked.
  package var activeRecords: [KeyRecord] {
    let revoked = lines.filter(\.isRevoked)
    let ids = Set(revoked.map(\.record.id))
    let digests = Set(revoked.map(\.record.digest))
    return lines.map(\.record).filter { !ids.contains($0.id) && !digests.contains($0.digest) }
  }

  /// The lines without their ends; CR LF counts as one end.
  static func split(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }
  }
}

// MARK: One line

struct Unreadable: Error {
  var reason: String
}

extension KeyFile {
  static func line(_ text: ArraySlice<UInt8>, number: Int) throws(Unreadable) -> Line {
    guard text.count <= Bounds.keyLineBytes else {
      throw Unreadable(reason: "longer than \(Bounds.keyLineBytes) bytes")
    }
    guard let document = try? JSONDocument(text), document.kind(of: document.root) == .object else {
      throw Unreadable(reason: "not a JSON object")
    }
    if let name = document.repeatedKey(in: document.root) {
      throw Unreadable(reason: "\"\(name)\" stands twice")
    }
    var fields = KeyFields(document: document)
    for member in document.members(of: document.root) {
      try fields.read(member)
    }
    guard let id = fields.id, !id.isEmpty else { throw Unreadable(reason: "\"id\" is missing") }
    guard let digest = fields.digest else { throw Unreadable(reason: "\"sha256\" is missing") }
    let record = KeyRecord(
      id: id,
      digest: digest,
      tenant: fields.tenant,
      user: fields.user,
      tier: fields.tier,
      products: fields.products,
      expiresAt: fields.expiresAt,
      maySetTag: fields.maySetTag
    )
    return Line(
      number: number,
      record: record,
      createdAt: fields.createdAt,
      isRevoked: fields.isRevoked,
      revokedAt: fields.revokedAt
    )
  }
}

/// The members of one record as they are read.
private struct KeyFields {
  let document: JSONDocument
  var id: String?
  var digest: Digest?
  var tenant = ""
  var user = ""
  var tier = ""
  var products: [String] = []
  var expiresAt: Int64?
  var createdAt: Int64?
  var maySetTag = false
  var isRevoked = false
  var revokedAt: Int64?

  mutating func read(_ member: JSONDocument.Member) throws(Unreadable) {
    let name = document.string(member.key) ?? ""
    let value = member.value
    switch name {
    case "id": id = try string(value, name)
    case "sha256":
      guard let digest = Digest(hex: try string(value, name)) else {
        throw Unreadable(reason: "\"sha256\" is not 64 hexadecimal digits")
      }
      self.digest = digest
    case "tenant": tenant = try string(value, name)
    case "user": user = try string(value, name)
    case "tier": tier = try string(value, name)
    case "products":
      guard document.kind(of: value) == .array else {
        throw Unreadable(reason: "\"products\" is not a list")
      }
      for element in document.elements(of: value) {
        products.append(try string(element, "products"))
      }
    case "expires": expiresAt = document.isNull(value) ? nil : try time(value, name)
    case "created": createdAt = document.isNull(value) ? nil : try time(value, name)
    case "tags":
      guard let flag = document.bool(value) else {
        throw Unreadable(reason: "\"tags\" is neither true nor false")
      }
      maySetTag = flag
    case "revoked":
      if let flag = document.bool(value) {
        isRevoked = flag
      } else if !document.isNull(value) {
        // Revoked even if the time makes no sense: the safe reading of a bad line.
        isRevoked = true
        revokedAt = try? time(value, name)
      }
    default: throw Unreadable(reason: "\"\(name)\" is not a member of a key record")
    }
  }

  private func string(_ value: JSONValue, _ name: String) throws(Unreadable) -> String {
    guard let string = document.string(value) else {
      throw Unreadable(reason: "\"\(name)\" is not a string")
    }
    guard string.utf8.count <= Bounds.identityBytes else {
      throw Unreadable(reason: "\"\(name)\" is longer than \(Bounds.identityBytes) bytes")
    }
    return string
  }

  private func time(_ value: JSONValue, _ name: String) throws(Unreadable) -> Int64 {
    if let seconds = document.int(value) { return seconds }
    if let text = document.string(value), let seconds = UTCTime.seconds(of: text) {
      return seconds
    }
    throw Unreadable(reason: "\"\(name)\" is neither an RFC 3339 time nor seconds since 1970")
  }
}
