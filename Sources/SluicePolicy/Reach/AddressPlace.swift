package import SluiceCore

/// Client addresses as numbers in their order: IPv4 first, then the /64 blocks of IPv6, which is as
/// far as `client.ip` tells one from another.
package enum AddressPlace {
  private static let count4: Int128 = 1 << 32

  static let all: ClosedRange<Int128> = 0...count4 + Int128(UInt64.max)

  static func place(of address: HostAddress) -> Int128 {
    address.isIPv4
      ? Int128(UInt32(truncatingIfNeeded: address.low)) : count4 + Int128(address.high)
  }

  /// The text that `client.ip` has for a place.
  package static func text(at place: Int128) -> String {
    if place < count4 { return HostAddress(ipv4: UInt32(place)).description }
    return Network(prefix: HostAddress(high: UInt64(place - count4), low: 0), bits: 64).description
  }

  /// The addresses whose text is `text`: one, or none if `client.ip` is never spelt so.
  static func addresses(spelt text: String) -> Intervals<Int128> {
    guard let network = Network(text) else { return .nothing }
    let place = place(of: network.base)
    return self.text(at: place) == text ? Intervals(number: place) : .nothing
  }

  /// The addresses of a block.
  package static func addresses(in network: Network) -> Intervals<Int128> {
    let first = place(of: network.base)
    if network.base.isIPv4, network.bits >= 96 {
      return Intervals(first...first + (1 << Int128(128 - network.bits)) - 1)
    }
    // A block within a /64 holds no /64.
    guard network.bits <= 64 else { return .nothing }
    let blocks = Intervals(first...first + (1 << Int128(64 - network.bits)) - 1)
    // `::/0` and its like hold the mapped IPv4 addresses too.
    let mapped = HostAddress(ipv4: 0)
    return network.contains(mapped) ? blocks.union(Intervals(0...count4 - 1)) : blocks
  }

  /// The addresses whose text begins with `prefix`; `nil` if that is no set of blocks.
  static func addresses(beginning prefix: String) -> Intervals<Int128>? {
    if prefix.isEmpty { return Intervals(all) }
    let octets = prefix.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let isDecimal = prefix.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) }
    // Digits alone may begin an IPv6 address too, as `20` does.
    guard isDecimal, octets.count > 1, let last = octets.last else { return nil }
    guard octets.count <= 4 else { return .nothing }
    var base: Int128 = 0
    for octet in octets.dropLast() {
      guard let value = UInt8(octet), String(value) == octet else { return .nothing }
      base = base << 8 | Int128(value)
    }
    let size: Int128 = 1 << Int128(8 * (4 - octets.count))
    let values = (0...255).filter { String($0).hasPrefix(last) }
    return Intervals(
      union: values.map { value in
        let first = (base << 8 | Int128(value)) * size
        return Intervals(first...first + size - 1)
      }
    )
  }
}
