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

  /// The names that do not pass, by their length: most fields are compared with two or three.
  private static let toUpstream = byLength(hopByHop + neverUpstream)
  private static let toClient = byLength(hopByHop + neverBack)

  private static func byLength(_ names: [String]) -> [[String]] {
    let longest = names.reduce(0) { max($0, $1.utf8.count) }
    var table = Array(repeating: [String](), count: longest + 1)
    for name in names { table[name.utf8.count].append(name) }
    return table
  }

  private let fields: HeaderFields
  private let names: [[String]]
  private let prefixes: [String]
  /// Ranges of the names that `Connection` lists.
  private let options: [Range<Int>]

  package init(_ direction: Direction, of fields: HeaderFields) {
    self.fields = fields
    switch direction {
    case .upstream:
      names = Self.toUpstream
      prefixes = Self.prefixesNeverUpstream
    case .client:
      names = Self.toClient
      prefixes = Self.prefixesNeverBack
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
    let length = fields.nameBytes(at: index).count
    if length < names.count {
      for name in names[length] where fields.isNamed(name, at: index) { return false }
    }
    for prefix in prefixes where fields.name(at: index, hasPrefix: prefix) { return false }
    for option in options where fields.isName(at: index, sameAs: option) { return false }
    return true
  }
}
