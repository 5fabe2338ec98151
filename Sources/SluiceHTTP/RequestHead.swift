/// A method; those that nobody registered are kept by name (RFC 9110 section 9.1).
package enum HTTPMethod: Hashable, Sendable {
  case get
  case head
  case post
  case put
  case patch
  case delete
  case options
  case connect
  case trace
  case other(String)

  /// Methods are case-sensitive: `get` is another method than `GET`.
  init(_ name: String) {
    self =
      switch name {
      case "GET": .get
      case "HEAD": .head
      case "POST": .post
      case "PUT": .put
      case "PATCH": .patch
      case "DELETE": .delete
      case "OPTIONS": .options
      case "CONNECT": .connect
      case "TRACE": .trace
      default: .other(name)
      }
  }

  package var name: String {
    switch self {
    case .get: "GET"
    case .head: "HEAD"
    case .post: "POST"
    case .put: "PUT"
    case .patch: "PATCH"
    case .delete: "DELETE"
    case .options: "OPTIONS"
    case .connect: "CONNECT"
    case .trace: "TRACE"
    case .other(let name): name
    }
  }
}

package enum HTTPVersion: Hashable, Sendable {
  case http10
  case http11
}

/// The head of a request, checked.
package struct RequestHead: Sendable {
  /// The four forms of a target (RFC 9112 section 3.2).
  package enum TargetForm: Hashable, Sendable {
    /// `/path?query`
    case origin
    /// `http://host/path?query`, as sent to proxies.
    case absolute
    /// `host:port`, only with CONNECT.
    case authority
    /// `*`, only with OPTIONS.
    case asterisk
  }

  package let method: HTTPMethod
  package let version: HTTPVersion
  package let targetForm: TargetForm
  package let fields: HeaderFields
  package let keepAlive: Bool
  /// Never `.untilClose`.
  package let body: BodyFraming
  /// Whether the client waits for `100 Continue` before it sends the body.
  package let expectsContinue: Bool

  let pathRange: Range<Int>
  let queryRange: Range<Int>?
  let hostRange: Range<Int>?

  /// The path as sent, percent-encoding and all; empty for the authority and asterisk forms.
  ///
  /// An absolute target without a path has the path `/`.
  package var path: String {
    if pathRange.isEmpty, targetForm == .absolute { return "/" }
    return String(decoding: fields.raw[pathRange], as: UTF8.self)
  }

  /// Whether the path is exactly `path`; makes no string.
  package func hasPath(_ path: String) -> Bool {
    if pathRange.isEmpty, targetForm == .absolute { return path == "/" }
    let wanted = path.utf8.span
    guard wanted.count == pathRange.count else { return false }
    let bytes = fields.raw.span
    for offset in 0..<wanted.count where bytes[pathRange.lowerBound + offset] != wanted[offset] {
      return false
    }
    return true
  }

  /// What stands behind the question mark, `nil` without one.
  package var query: String? {
    queryRange.map { String(decoding: fields.raw[$0], as: UTF8.self) }
  }

  /// Host and port: the target's if it names one, else the Host field's (RFC 9112 section 3.3).
  package var host: String? {
    hostRange.map { String(decoding: fields.raw[$0], as: UTF8.self) }
  }
}
