/// Says which fields of a message may pass through the gateway.
///
/// Hop-by-hop fields never pass (RFC 9110 section 7.6.1), nor those that `Connection` names. The
/// client's credentials, cookies and choice of an account stay here: the gateway has its own. What
/// the gateway sets or decides itself is not taken from the other side either.
package struct FieldFilter: Sendable {
  package enum Direction: Sendable {
    /// A request's fields, to an upstream.
    case upstream
    /// A reply's fields, to the client.
    case client
  }

  /// Fields that concern one connection only (RFC 9110 section 7.6.1, and older names of them).
  package static let hopByHop = [
    "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
    "upgrade", "proxy-authenticate", "proxy-authorization", "proxy-authentication-info",
  ]

  /// Request fields that stay here: credentials, identity and account; what belongs to the
  /// connection or is computed anew; conditions and codings that would change the reply's meaning.
  private static let neverUpstream = [
    "authorization", "cookie", "x-api-key", "api-key", "x-goog-api-key", "openai-organization",
    "openai-project", "host", "content-length", "content-encoding", "accept-encoding", "expect",
    "forwarded", "x-real-ip", "range", "if-match", "if-none-match", "if-modified-since",
    "if-unmodified-since", "if-range", "max-forwards", "http2-settings",
  ]

  /// Reply fields that stay here: cookies, statements about the upstream's own origin, account and
  /// limits, and what the gateway says itself.
  private static let neverBack = [
    "set-cookie", "set-cookie2", "content-length", "date", "server", "alt-svc",
    "strict-transport-security", "www-authenticate", "openai-organization", "openai-project",
    "cache-control", "vary", "nel", "report-to", "ratelimit", "ratelimit-policy", "accept-ranges",
    "x-should-retry",
  ]

  private static let prefixesNeverUpstream = ["x-sluice-", "x-forwarded-", "cf-", "proxy-"]
  private static let prefixesNeverBack = [
    "x-sluice-", "x-ratelimit-", "access-control-", "cf-", "proxy-",
  ]

  private static let upstreamNames = NameSet(
    hopByHop + neverUpstream,
    prefixes: prefixesNeverUpstream
  )
  private static let clientNames = NameSet(hopByHop + neverBack, prefixes: prefixesNeverBack)

  private let fields: HeaderFields
  private let staying: NameSet
  /// Ranges of the names that `Connection` lists.
  private let options: [Range<Int>]

  package init(_ direction: Direction, of fields: HeaderFields) {
    self.fields = fields
    staying =
      switch direction {
      case .upstream: Self.upstreamNames
      case .client: Self.clientNames
      }
    var options: [Range<Int>] = []
    var from = 0
    while let index = fields.index(of: "connection", from: from) {
      fields.forEachMember(of: index) { options.append($0) }
      from = index + 1
    }
    self.options = options
  }

  /// Whether the field at `index` may pass.
  package func passes(_ index: Int) -> Bool {
    let field = fields.fields[index]
    let name = Int(field.nameStart)..<Int(field.nameEnd)
    if staying.matches(fields.raw.span, name) { return false }
    for option in options where fields.isName(at: index, sameAs: option) { return false }
    return true
  }
}

/// Names and beginnings of names, in lower case, laid out so that a look-up touches few of them.
///
/// Most fields have the length of one or two of the names, so these lie together by length.
private struct NameSet: Sendable {
  /// The names, sorted by length, without anything between.
  private var bytes: [UInt8] = []
  /// Where the names of each length begin in `bytes`, and where the longest end.
  private var starts: [Int] = []
  private var prefixes: [[UInt8]]

  init(_ names: [String], prefixes: [String]) {
    self.prefixes = prefixes.map { Array($0.utf8) }
    let longest = names.map(\.utf8.count).max() ?? 0
    for length in 0...longest {
      starts.append(bytes.count)
      for name in names where name.utf8.count == length { bytes += name.utf8 }
    }
    starts.append(bytes.count)
  }

  /// Whether the name that lies at `range` of a head is one of these, or begins like one.
  func matches(_ head: Span<UInt8>, _ range: Range<Int>) -> Bool {
    let names = bytes.span
    let length = range.count
    if length + 1 < starts.count, length > 0 {
      var start = starts[length]
      while start < starts[length + 1] {
        if isSame(head, range, names.extracting(start..<(start + length))) { return true }
        start += length
      }
    }
    for prefix in prefixes where prefix.count <= length {
      let beginning = range.lowerBound..<(range.lowerBound + prefix.count)
      if isSame(head, beginning, prefix.span) { return true }
    }
    return false
  }
}
