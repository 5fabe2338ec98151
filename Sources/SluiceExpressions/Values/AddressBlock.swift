package import SluiceCore

/// A value of CEL's `cidr`: an address and the length of its prefix.
///
/// Unlike a `Network` it keeps the bits behind the prefix: `cidr("10.0.0.1/8").ip()` is 10.0.0.1.
package struct AddressBlock: Sendable, Hashable {
  package let address: HostAddress
  /// In the 128-bit form.
  private let bits: Int

  private init(address: HostAddress, bits: Int) {
    self.address = address
    self.bits = bits
  }

  /// Reads `10.0.0.1/8`; `nil` for all else, a mapped IPv4 address among them.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let address = HostAddress(cel: String(parts[0])) else { return nil }
    let width = address.isIPv4 ? 32 : 128
    guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy(\.isASCIIDigit),
      let length = Int(parts[1]), length <= width
    else { return nil }
    self.init(address: address, bits: length + 128 - width)
  }

  var prefixLength: Int { address.isIPv4 ? bits - 96 : bits }

  var masked: AddressBlock { AddressBlock(address: address.masked(to: bits), bits: bits) }

  func contains(_ other: HostAddress) -> Bool {
    other.isIPv4 == address.isIPv4 && other.masked(to: bits) == address.masked(to: bits)
  }

  func contains(_ other: AddressBlock) -> Bool {
    other.bits >= bits && contains(other.address)
  }
}

extension AddressBlock: CustomStringConvertible {
  package var description: String { "\(address)/\(prefixLength)" }
}

extension HostAddress {
  /// Reads an address as CEL writes it: `::ffff:192.0.2.1` and zones are refused.
  init?(cel text: String) {
    guard !(text.contains(":") && text.contains(".")) else { return nil }
    self.init(text)
  }
}
