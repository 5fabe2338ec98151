/// Where an upstream is: the parts of `https://host:port/prefix`, checked.
///
/// Strict, since a URL that is read leniently sends a secret to somewhere else than its author
/// meant: no user information, no query, no fragment, no dot segments.
package struct BaseURL: Hashable, Sendable {
  /// Whether the scheme is `https`.
  package let isSecure: Bool
  /// A name or a numeric address, IPv6 without its brackets.
  package let host: String
  package let port: UInt16
  /// What stands before every path: empty, or `/` and more, without a slash at the end.
  package let prefix: String
  /// What the `Host` field says: the port only where it is not the scheme's.
  package let authority: String

  /// Reads the text of a policy's `url`.
  package init(_ text: String) throws(UpstreamSetupError) {
    let rest: Substring
    (isSecure, rest) = try Self.scheme(text)
    let usualPort: UInt16 = isSecure ? 443 : 80
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    let authority = rest[..<slash]
    var prefix = rest[slash...]
    guard !rest.contains("?"), !rest.contains("#") else { throw .queryOrFragment }
    guard !authority.contains("@") else { throw .userInformation }
    (host, port) = try Self.hostAndPort(authority, usualPort)
    while prefix.hasSuffix("/") { prefix.removeLast() }
    guard
      prefix.utf8.allSatisfy(Self.isVisible),
      !prefix.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        .contains(where: { $0.isEmpty || $0 == "." || $0 == ".." })
    else { throw .badPath }
    self.prefix = String(prefix)
    let name = host.contains(":") ? "[\(host)]" : host
    self.authority = port == usualPort ? name : "\(name):\(port)"
  }

  /// Whether it is the secure one, and what stands behind it.
  private static func scheme(_ text: String) throws(UpstreamSetupError) -> (Bool, Substring) {
    for (scheme, isSecure) in [("https://", true), ("http://", false)]
    where text.lowercased().hasPrefix(scheme) {
      return (isSecure, text.dropFirst(scheme.count))
    }
    throw .notHTTP
  }

  private static func hostAndPort(
    _ authority: Substring,
    _ usualPort: UInt16
  ) throws(UpstreamSetupError) -> (String, UInt16) {
    var host = authority
    var port = usualPort
    let bracket = authority.lastIndex(of: "]")
    if let colon = authority.lastIndex(of: ":"), bracket.map({ $0 < colon }) ?? true {
      let digits = authority[authority.index(after: colon)...]
      guard
        (1...5).contains(digits.utf8.count),
        digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
        let number = UInt16(digits), number > 0
      else { throw .badPort }
      port = number
      host = authority[..<colon]
    }
    if host.hasPrefix("[") {
      guard host.hasSuffix("]") else { throw .badHost }
      host = host.dropFirst().dropLast()
      guard
        host.contains(":"),
        host.utf8.allSatisfy({ isHexDigit($0) || $0 == UInt8(ascii: ":") || $0 == dot })
      else { throw .badHost }
    } else {
      guard !host.isEmpty, host.utf8.count <= 253, host.utf8.allSatisfy(isNameByte) else {
        throw .badHost
      }
    }
    return (host.lowercased(), port)
  }

  private static let dot = UInt8(ascii: ".")

  private static func isVisible(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"), dot:
      true
    default: false
    }
  }
}

/// Why an upstream cannot be set up as it was described.
///
/// None of them holds the text that was wrong: a URL or a secret may stand there by mistake.
package enum UpstreamSetupError: String, Error, Hashable, Sendable, CaseIterable {
  case notHTTP
  case userInformation
  case queryOrFragment
  case badHost
  case badPort
  case badPath
  case badSecret
  case badAuthorities

  /// The key of the policy whose value is to blame.
  package var key: String {
    switch self {
    case .notHTTP, .userInformation, .queryOrFragment, .badHost, .badPort, .badPath: "url"
    case .badSecret: "secret"
    case .badAuthorities: "ca"
    }
  }

  /// What is wrong, and what to write: lower case, no full stop.
  package var message: String {
    switch self {
    case .notHTTP: "an upstream's url begins with https:// or http://"
    case .userInformation: "an upstream's url holds no user name or password: use secret"
    case .queryOrFragment: "an upstream's url holds neither ? nor #"
    case .badHost: "the url's host is no name, IPv4 address or IPv6 address in brackets"
    case .badPort: "the url's port is a number from 1 to 65535"
    case .badPath: "the url's path holds no empty, . or .. segments, and visible ASCII only"
    case .badSecret: "a secret is one line of visible ASCII"
    case .badAuthorities: "a ca file holds certificates in PEM, one at least and none damaged"
    }
  }
}
