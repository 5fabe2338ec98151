import SluiceCore

/// The parts of `HOST:PORT`; the host of IPv6 stands in brackets.
struct EndpointText: Equatable {
  var host: String
  var port: UInt16

  /// Reads `127.0.0.1:8080`, `[::1]:0`, `localhost:9090`.
  ///
  /// - Returns: `nil` for anything else; names are not looked up.
  init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    var host = String(text[..<colon])
    let digits = text[text.index(after: colon)...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let port = UInt16(digits)
    else { return nil }
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
      guard let address = HostAddress(host), host.contains(":") else { return nil }
      self.host = address.description
    } else {
      let isName = host.utf8.allSatisfy { byte in
        let letter = byte | 0x20
        return (0x61...0x7a).contains(letter) || (0x30...0x39).contains(byte)
          || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
      }
      guard !host.isEmpty, isName else { return nil }
      // What looks like an IPv4 address must be one: 127.0.0.1.5 is no name.
      let looksNumeric = host.utf8.allSatisfy { $0 == 0x2e || (0x30...0x39).contains($0) }
      guard !looksNumeric || HostAddress(host) != nil else { return nil }
      self.host = host
    }
    self.port = port
  }

  /// Whether only this machine can reach it.
  ///
  /// A name other than `localhost` might be anyone's.
  var isLoopback: Bool {
    host == "localhost" || HostAddress(host)?.isLoopback == true
  }
}
