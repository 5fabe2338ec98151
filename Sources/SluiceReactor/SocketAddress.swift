internal import CReactor

/// An IP address with a port.
///
/// An IPv4-mapped IPv6 address is the IPv4 address it names, however it arrived, so that rules on
/// addresses cannot be passed by writing them differently.
package struct SocketAddress: Hashable, Sendable {
  /// The first and the last 64 bits, in the order of writing; IPv4 as `::ffff:a.b.c.d`.
  package let high: UInt64
  package let low: UInt64
  package let isIPv6: Bool
  /// The interface of a link-local address; 0 for none.
  package let scope: UInt32
  package var port: UInt16

  init(_ raw: reactor_address) {
    high = raw.high
    low = raw.low
    isIPv6 = raw.is_v6 != 0
    scope = raw.scope
    port = raw.port
  }

  /// Parses `127.0.0.1:8080` or `[::1]:0`.
  ///
  /// - Returns: `nil` for anything else, names included.
  package init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    let digits = text[text.index(after: colon)...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }),
      let port = UInt16(digits)
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
      guard host.contains(":") else { return nil }
    } else if host.contains(":") {
      return nil
    }
    self.init(host: String(host), port: port)
  }

  /// Takes an address without its port: `127.0.0.1`, `::1`, with brackets or without.
  ///
  /// - Returns: `nil` for anything else, names included.
  package init?(host: String, port: UInt16) {
    var bare = Substring(host)
    if bare.hasPrefix("["), bare.hasSuffix("]") { bare = bare.dropFirst().dropLast() }
    guard !bare.utf8.contains(0) else { return nil }
    var raw = reactor_address()
    let result = unsafe String(bare).withCString { unsafe reactor_parse_ip($0, &raw) }
    guard result == 0 else { return nil }
    raw.port = port
    self.init(raw)
  }

  var raw: reactor_address {
    reactor_address(high: high, low: low, scope: scope, port: port, is_v6: isIPv6 ? 1 : 0)
  }

  /// The 16 bytes in network order; IPv4 as `::ffff:a.b.c.d`.
  package var bytes: [UInt8] {
    [high, low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) } }
  }

  /// Whether only this machine can be at the other end: `127.0.0.0/8` or `::1`.
  package var isLoopback: Bool {
    isIPv6 ? high == 0 && low == 1 : UInt8(truncatingIfNeeded: low >> 24) == 127
  }

  /// Whether it stands for every address of the machine: `0.0.0.0` or `::`.
  package var isUnspecified: Bool {
    isIPv6 ? high == 0 && low == 0 : UInt32(truncatingIfNeeded: low) == 0
  }

  /// Whether the first `prefix` bits equal those of `network`; the bits of its own kind of address.
  package func isWithin(_ network: SocketAddress, prefix: Int) -> Bool {
    guard isIPv6 == network.isIPv6 else { return false }
    let bits = isIPv6 ? prefix : prefix + 96
    precondition((0...128).contains(bits), "a prefix is as long as its address at most")
    let highMask: UInt64 = bits >= 64 ? .max : ~(UInt64.max >> UInt64(bits))
    let lowMask: UInt64 = bits >= 128 ? .max : bits <= 64 ? 0 : ~(UInt64.max >> UInt64(bits - 64))
    return (high ^ network.high) & highMask == 0 && (low ^ network.low) & lowMask == 0
  }

  /// The address without its port: `127.0.0.1`, `::1`.
  package var host: String {
    var raw = raw
    // INET6_ADDRSTRLEN is 46, its terminating zero included.
    return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 46) { text in
      guard let start = text.baseAddress, unsafe reactor_format_ip(&raw, start, 46) > 0
      else { return "?" }
      return unsafe String(cString: start)
    }
  }
}

extension SocketAddress: CustomStringConvertible {
  package var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
