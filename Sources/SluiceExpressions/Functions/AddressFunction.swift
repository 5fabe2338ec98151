internal import SluiceCore

/// The functions of IP addresses and blocks of them.
enum AddressFunction {
  static func named(_ name: String, _ count: Int) -> StandardFunction? {
    switch (name, count) {
    case ("ip", 1):
      .unary { (value) throws(EvaluationError) in
        if case .cidr(let block) = value { return .ip(block.address) }
        return .ip(try address(value, name))
      }
    case ("cidr", 1):
      .unary { (value) throws(EvaluationError) in .cidr(try block(value, name)) }
    case ("isIP", 1):
      .unary { (value) throws(EvaluationError) in
        .bool(HostAddress(cel: try text(value, name)) != nil)
      }
    case ("isCIDR", 1):
      .unary { (value) throws(EvaluationError) in
        .bool(AddressBlock(try text(value, name)) != nil)
      }
    case ("ip.isCanonical", 1):
      .unary { (value) throws(EvaluationError) in
        let address = try address(value, name)
        return .bool(address.description == (try text(value, name)))
      }
    case ("family", 1):
      .unary { (value) throws(EvaluationError) in .int(try held(value, name).isIPv4 ? 4 : 6) }
    case ("isUnspecified", 1): test(name, \.isUnspecified)
    case ("isLoopback", 1): test(name, \.isLoopback)
    case ("isGlobalUnicast", 1): test(name, \.isGlobalUnicast)
    case ("isLinkLocalMulticast", 1): test(name, \.isLinkLocalMulticast)
    case ("isLinkLocalUnicast", 1): test(name, \.isLinkLocalUnicast)
    case ("containsIP", 2):
      .binary { (value, other) throws(EvaluationError) in
        guard case .cidr(let block) = value else { throw .noSuchOverload(name) }
        if case .ip(let address) = other { return .bool(block.contains(address)) }
        return .bool(block.contains(try address(other, name)))
      }
    case ("containsCIDR", 2):
      .binary { (value, other) throws(EvaluationError) in
        guard case .cidr(let outer) = value else { throw .noSuchOverload(name) }
        if case .cidr(let inner) = other { return .bool(outer.contains(inner)) }
        return .bool(outer.contains(try block(other, name)))
      }
    case ("masked", 1):
      .unary { (value) throws(EvaluationError) in
        guard case .cidr(let block) = value else { throw .noSuchOverload(name) }
        return .cidr(block.masked)
      }
    case ("prefixLength", 1):
      .unary { (value) throws(EvaluationError) in
        guard case .cidr(let block) = value else { throw .noSuchOverload(name) }
        return .int(Int64(block.prefixLength))
      }
    default: nil
    }
  }

  private static func text(_ value: Value, _ name: String) throws(EvaluationError) -> String {
    guard case .string(let text) = value else { throw .noSuchOverload(name) }
    return text
  }

  private static func address(
    _ value: Value,
    _ name: String
  ) throws(EvaluationError) -> HostAddress {
    guard let address = HostAddress(cel: try text(value, name)) else {
      throw .invalidArgument("the text is no IP address")
    }
    return address
  }

  private static func block(
    _ value: Value,
    _ name: String
  ) throws(EvaluationError) -> AddressBlock {
    guard let block = AddressBlock(try text(value, name)) else {
      throw .invalidArgument("the text is no block of addresses")
    }
    return block
  }

  private static func held(_ value: Value, _ name: String) throws(EvaluationError) -> HostAddress {
    guard case .ip(let address) = value else { throw .noSuchOverload(name) }
    return address
  }

  private static func test(
    _ name: String,
    _ body: @escaping @Sendable (HostAddress) -> Bool
  ) -> StandardFunction {
    .unary { (value) throws(EvaluationError) in .bool(body(try held(value, name))) }
  }
}

// The ranges that the standards set aside (RFC 6890, RFC 4291 §2.5 and §2.7).
extension HostAddress {
  private var word: UInt32 { UInt32(truncatingIfNeeded: low) }

  var isUnspecified: Bool { isIPv4 ? word == 0 : high == 0 && low == 0 }

  private var isMulticast: Bool { isIPv4 ? word >> 28 == 0xE : high >> 56 == 0xFF }

  var isLinkLocalMulticast: Bool {
    isIPv4 ? word >> 8 == 0xE0_00_00 : high >> 56 == 0xFF && (high >> 48) & 0x0F == 2
  }

  var isLinkLocalUnicast: Bool { isIPv4 ? word >> 16 == 0xA9_FE : high >> 54 == 0xFE80 >> 6 }

  /// Whether it may stand for one host beyond a link; private ranges do, as in Go's `netip`.
  var isGlobalUnicast: Bool {
    !(isUnspecified || isLoopback || isMulticast || isLinkLocalUnicast)
      && !(isIPv4 && word == .max)
  }
}
