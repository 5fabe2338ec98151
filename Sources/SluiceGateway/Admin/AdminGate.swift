import SluiceHTTP
import SluiceReactor

/// Who may do what on the admin listener.
///
/// Pure. Three dangers: another machine, a tenant with a key, and a web page in a browser on this
/// machine. A page cannot send the token, cannot send JSON without asking first, which nobody
/// answers, and, when it makes its own name mean this machine (DNS rebinding), gives itself away by
/// that name in `Host`.
struct AdminGate: Sendable {
  enum Access: Sendable, Equatable {
    /// Tells nothing that needs protection.
    case open
    case read
    case change
  }

  enum Ruling: Sendable, Equatable {
    case pass
    case refuse(AdminError)
  }

  let token: AdminToken
  /// The address as the policy or the flag names it.
  let adminHost: String
  /// Whether only this machine can reach the listener.
  let isLoopback: Bool

  func rule(on access: Access, fields: HeaderFields, host: String?) -> Ruling {
    let knowsHost = host.map(knows) ?? false
    switch access {
    case .open: return .pass
    case .read:
      switch credential(in: fields) {
      case .good: return .pass
      case .bad: return .refuse(.wrongToken)
      case .none:
        guard isLoopback else { return .refuse(.missingToken) }
        return knowsHost ? .pass : .refuse(.unknownHost)
      }
    case .change:
      guard knowsHost else { return .refuse(.unknownHost) }
      switch credential(in: fields) {
      case .none: return .refuse(.missingToken)
      case .bad: return .refuse(.wrongToken)
      case .good: return isJSON(fields) ? .pass : .refuse(.notJSON)
      }
    }
  }

  private enum Credential { case none, good, bad }

  private func credential(in fields: HeaderFields) -> Credential {
    guard let index = fields.index(of: "authorization") else { return .none }
    guard fields.index(of: "authorization", from: index + 1) == nil else { return .bad }
    let value = fields.valueBytes(at: index)
    let scheme = "bearer "
    guard
      value.count > scheme.utf8.count,
      zip(value, scheme.utf8).allSatisfy({ $0 == $1 || $0 | 0x20 == $1 })
    else { return .bad }
    return token.matches(value.dropFirst(scheme.utf8.count)) ? .good : .bad
  }

  private func isJSON(_ fields: HeaderFields) -> Bool {
    guard let type = fields.first("content-type") else { return false }
    let media = type.split(separator: ";", maxSplits: 1).first ?? ""
    return media.trimmed.lowercased() == "application/json"
  }

  /// Whether `host` is a name of this listener: of this machine, or the one that it was given.
  private func knows(_ host: String) -> Bool {
    let name = Self.name(of: host).lowercased()
    if name == "localhost" || name == Self.name(of: adminHost).lowercased() { return true }
    // A name can be made to mean anything, an address cannot.
    guard let address = SocketAddress(host: name, port: 0) else { return false }
    if address.isLoopback { return true }
    return SocketAddress(host: Self.name(of: adminHost), port: 0)?.isUnspecified == true
  }

  /// The host of `HOST:PORT`, without the brackets of IPv6.
  private static func name(of host: String) -> String {
    if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
      return String(host[host.index(after: host.startIndex)..<end])
    }
    return host.firstIndex(of: ":").map { String(host[..<$0]) } ?? host
  }
}

extension Substring {
  fileprivate var trimmed: Substring {
    var text = self
    while text.last == " " || text.last == "\t" { text.removeLast() }
    while text.first == " " || text.first == "\t" { text.removeFirst() }
    return text
  }
}
