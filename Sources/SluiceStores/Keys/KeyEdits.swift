package import SluiceCore
internal import SluiceJSON
internal import SluicePipeline

/// What `sluice keys` does to the file of keys, as functions from the old bytes to the new ones.
///
/// Lines that an edit does not concern, unreadable ones included, stay as they are.
package enum KeyEdits {
  /// What a new key grants.
  package struct Grant: Sendable, Equatable {
    package var tenant: String
    package var user: String
    package var tier: String
    package var products: [String]
    /// Seconds since 1970; `nil`: never.
    package var expiresAt: Int64?
    /// Whether its holder may set `X-Sluice-Tag` and `X-Sluice-Cache-Tags`.
    package var maySetTag: Bool

    package init(
      tenant: String,
      user: String = "",
      tier: String = "",
      products: [String] = [],
      expiresAt: Int64? = nil,
      maySetTag: Bool = false
    ) {
      self.tenant = tenant
      self.user = user
      self.tier = tier
      self.products = products
      self.expiresAt = expiresAt
      self.maySetTag = maySetTag
    }
  }

  /// A key that was just made; the only time that it can be read.
  package struct NewKey: Sendable {
    package var id: String
    package var key: String
    package var file: [UInt8]
  }

  package enum Refusal: Error, Equatable {
    case unknownID(String)
    case alreadyRevoked(String)
    /// The file holds as many records as it may.
    case full
    /// A value is longer than its bound, or empty where it may not be.
    case invalidValue(String)
  }

  /// Adds a key.
  package static func add(
    _ grant: Grant,
    to file: [UInt8],
    at moment: Moment
  ) throws(Refusal) -> NewKey {
    for value in [grant.tenant, grant.user, grant.tier] + grant.products
    where value.utf8.count > Bounds.identityBytes {
      throw .invalidValue(value)
    }
    if grant.products.contains("") { throw .invalidValue("") }
    guard KeyFile(file).lines.count < Bounds.keyRecords else { throw .full }
    let key = "sk-sluice-" + Self.secretText(length: 43)
    let id = "key_" + Self.secretText(length: 12)
    let record = KeyRecord(
      id: id,
      digest: Digest(of: Array(key.utf8)),
      tenant: grant.tenant,
      user: grant.user,
      tier: grant.tier,
      products: grant.products,
      expiresAt: grant.expiresAt,
      maySetTag: grant.maySetTag
    )
    let line = KeyFile.Line(
      number: 0,
      record: record,
      createdAt: Self.seconds(moment),
      isRevoked: false
    )
    var bytes = file
    if let last = bytes.last, last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
    bytes += Self.text(of: line)
    return NewKey(id: id, key: key, file: bytes)
  }

  /// Marks a key as revoked; its record stays, so that old log lines can still be understood.
  package static func revoke(
    _ id: String,
    in file: [UInt8],
    at moment: Moment
  ) throws(Refusal) -> [UInt8] {
    let line = try active(id, in: file)
    return replace(line, in: file) { line in
      line.isRevoked = true
      line.revokedAt = seconds(moment)
    }
  }

  /// Makes a new key that grants what `id` grants; the old one lives on for `grace`, or is revoked
  /// at once if that is nothing.
  package static func rotate(
    _ id: String,
    in file: [UInt8],
    grace: Duration = .zero,
    at moment: Moment
  ) throws(Refusal) -> NewKey {
    let line = try active(id, in: file)
    let record = line.record
    let end = seconds(moment) + grace.nanoseconds / 1_000_000_000
    let old =
      grace <= .zero
      ? try revoke(id, in: file, at: moment)
      : replace(line, in: file) { line in
        line.record.expiresAt = min(line.record.expiresAt ?? end, end)
      }
    return try add(
      Grant(
        tenant: record.tenant,
        user: record.user,
        tier: record.tier,
        products: record.products,
        expiresAt: record.expiresAt,
        maySetTag: record.maySetTag
      ),
      to: old,
      at: moment
    )
  }

  private static func active(_ id: String, in file: [UInt8]) throws(Refusal) -> KeyFile.Line {
    let lines = KeyFile(file).lines.filter { $0.record.id == id }
    guard let line = lines.first else { throw .unknownID(id) }
    guard !lines.contains(where: \.isRevoked) else { throw .alreadyRevoked(id) }
    return line
  }

  private static func replace(
    _ line: KeyFile.Line,
    in file: [UInt8],
    _ change: (inout KeyFile.Line) -> Void
  ) -> [UInt8] {
    var changed = line
    change(&changed)
    var bytes: [UInt8] = []
    for (index, old) in KeyFile.split(file).enumerated() {
      bytes += index + 1 == line.number ? text(of: changed) : old + [UInt8(ascii: "\n")]
    }
    return bytes
  }

  private static func text(of line: KeyFile.Line) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    func member(_ name: String, _ value: String) {
      guard !value.isEmpty else { return }
      writer.key(name)
      writer.string(value)
    }
    func member(_ name: String, time seconds: Int64?) {
      guard let seconds else { return }
      writer.key(name)
      // Times that nanoseconds since 1970 cannot hold stay numbers, as they were given.
      let (wall, overflowed) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
      if overflowed { writer.int(seconds) } else { writer.string(UTCTime.text(ofWall: wall)) }
    }
    member("id", line.record.id)
    member("sha256", line.record.digest.hex)
    member("tenant", line.record.tenant)
    member("user", line.record.user)
    member("tier", line.record.tier)
    if !line.record.products.isEmpty {
      writer.key("products")
      writer.beginArray()
      for product in line.record.products { writer.string(product) }
      writer.endArray()
    }
    if line.record.maySetTag {
      writer.key("tags")
      writer.bool(true)
    }
    member("created", time: line.createdAt)
    member("expires", time: line.record.expiresAt)
    if line.isRevoked, line.revokedAt == nil {
      writer.key("revoked")
      writer.bool(true)
    }
    member("revoked", time: line.revokedAt)
    writer.endObject()
    return writer.bytes + [UInt8(ascii: "\n")]
  }

  /// Random letters and digits, evenly distributed: 5.95 bits each.
  private static func secretText(length: Int) -> String {
    let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    // Bytes beyond the last whole multiple of 62 would favour the first letters.
    let limit = 256 - 256 % alphabet.count
    var text: [UInt8] = []
    while text.count < length {
      for byte in SecretBytes.make(count: length) where Int(byte) < limit && text.count < length {
        text.append(alphabet[Int(byte) % alphabet.count])
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func seconds(_ moment: Moment) -> Int64 { moment.wall / 1_000_000_000 }
}
