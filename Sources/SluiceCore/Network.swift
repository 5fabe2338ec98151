/// An address of a host, as the 16 bytes of IPv6; IPv4 stands in its mapped form (RFC 4291 §2.5.5.2).
package struct HostAddress: Hashable, Sendable {
  package let high: UInt64
  package let low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// An IPv4 address from its four octets in network order.
  package init(ipv4 value: UInt32) {
    self.init(high: 0, low: 0xffff_0000_0000 | UInt64(value))
  }

  package var isIPv4: Bool { high == 0 && low >> 32 == 0xffff }

  package var isLoopback: Bool {
    isIPv4 ? UInt32(truncatingIfNeeded: low) >> 24 == 127 : high == 0 && low == 1
  }

  /// The address with all but the first `bits` cleared; bits count in the 128-bit form.
  package func masked(to bits: Int) -> HostAddress {
    precondition((0...128).contains(bits), "a prefix has 0 to 128 bits")
    let highMask = bits >= 64 ? UInt64.max : bits == 0 ? 0 : ~(UInt64.max >> UInt64(bits))
    let lowBits = bits - 64
    let lowMask =
      lowBits >= 64 ? UInt64.max : lowBits <= 0 ? 0 : ~(UInt64.max >> UInt64(lowBits))
    return HostAddress(high: high & highMask, low: low & lowMask)
  }
}

extension HostAddress: CustomStringConvertible {
  /// Reads `192.0.2.1`, `2001:db8::1` or `::ffff:192.0.2.1`; no zone, no brackets.
  package init?(_ text: some StringProtocol) {
    let groups = text.split(separator: ":", omittingEmptySubsequences: false)
    if groups.count == 1 {
      guard let value = Self.ipv4(groups[0]) else { return nil }
      self.init(ipv4: value)
      return
    }
    guard groups.count <= 9 else { return nil }
    var words: [UInt16] = []
    var gap: Int?
    for (index, group) in groups.enumerated() {
      if group.isEmpty {
        // "::" gives one empty group inside, two at either end.
        let atEdge = index == 0 || index == groups.count - 1
        if atEdge {
          guard groups.count > 2, groups[index == 0 ? 1 : groups.count - 2].isEmpty else {
            return nil
          }
          continue
        }
        guard gap == nil else { return nil }
        gap = words.count
      } else if group.contains(".") {
        guard index == groups.count - 1, let value = Self.ipv4(group) else { return nil }
        words.append(UInt16(truncatingIfNeeded: value >> 16))
        words.append(UInt16(truncatingIfNeeded: value))
      } else {
        guard
          group.utf8.count <= 4,
          group.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
          let word = UInt16(group, radix: 16)
        else { return nil }
        words.append(word)
      }
    }
    if let gap {
      guard words.count < 8 else { return nil }
      words.insert(contentsOf: Array(repeating: 0, count: 8 - words.count), at: gap)
    }
    guard words.count == 8 else { return nil }
    func half(_ part: ArraySlice<UInt16>) -> UInt64 {
      part.reduce(0) { $0 << 16 | UInt64($1) }
    }
    self.init(high: half(words[0..<4]), low: half(words[4..<8]))
  }

  private static func ipv4(_ text: some StringProtocol) -> UInt32? {
    let octets = text.split(separator: ".", omittingEmptySubsequences: false)
    guard octets.count == 4 else { return nil }
    var value: UInt32 = 0
    for octet in octets {
      // A leading zero is octal to some parsers and decimal to others: refused.
      guard
        !octet.isEmpty, octet.utf8.count <= 3,
        octet.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }),
        octet.utf8.count == 1 || octet.utf8.first != UInt8(ascii: "0"),
        let byte = UInt8(octet)
      else { return nil }
      value = value << 8 | UInt32(byte)
    }
    return value
  }

  /// The form of RFC 5952: the longest run of zeros is left out, lower case.
  package var description: String {
    if isIPv4 {
      // Every anonymous request asks for it: nothing is allocated but the text.
      var text = InlineArray<15, UInt8>(repeating: 0)
      var count = 0
      func append(_ byte: UInt8) {
        text[count] = byte
        count += 1
      }
      for place in 0..<4 {
        let octet = UInt8(truncatingIfNeeded: low >> UInt64(24 - 8 * place))
        if place > 0 { append(UInt8(ascii: ".")) }
        if octet >= 100 { append(UInt8(ascii: "0") + octet / 100) }
        if octet >= 10 { append(UInt8(ascii: "0") + octet / 10 % 10) }
        append(UInt8(ascii: "0") + octet % 10)
      }
      guard let ascii = try? UTF8Span(validating: text.span.extracting(0..<count)) else {
        preconditionFailure("digits and dots are UTF-8")
      }
      return String(copying: ascii)
    }
    let words = [high, low]
      .flatMap { half in
        [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: half >> UInt64($0)) }
      }
    var longest = 0..<0
    var start = 0
    for index in 0...8 where index == 8 || words[index] != 0 {
      if index - start > max(longest.count, 1) { longest = start..<index }
      start = index + 1
    }
    func text(_ part: ArraySlice<UInt16>) -> String {
      part.map { String($0, radix: 16) }.joined(separator: ":")
    }
    if longest.isEmpty { return text(words[...]) }
    return text(words[..<longest.lowerBound]) + "::" + text(words[longest.upperBound...])
  }
}

/// A block of addresses in CIDR notation (RFC 4632, RFC 4291 §2.3).
package struct Network: Hashable, Sendable {
  package let base: HostAddress
  /// Bits of the prefix in the 128-bit form.
  package let bits: Int

  /// Reads `10.0.0.0/8`, `2001:db8::/32`, or an address alone.
  ///
  /// - Returns: `nil` if it is neither, or if bits are set behind the prefix.
  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count <= 2, let address = HostAddress(parts[0]) else { return nil }
    var bits = 128
    if parts.count == 2 {
      let width = address.isIPv4 ? 32 : 128
      guard
        parts[1].utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }),
        let given = Int(parts[1]), given <= width
      else { return nil }
      bits = given + (128 - width)
    }
    guard address.masked(to: bits) == address else { return nil }
    base = address
    self.bits = bits
  }

  /// The block of `bits`, counted in the 128-bit form, that holds `address`.
  package init(prefix address: HostAddress, bits: Int) {
    base = address.masked(to: bits)
    self.bits = bits
  }

  package func contains(_ address: HostAddress) -> Bool { address.masked(to: bits) == base }

  /// Whether the block is all of IPv4, all of IPv6, or both.
  package var isEverything: Bool { bits == 0 || (base.isIPv4 && bits == 96) }
}

extension Network: CustomStringConvertible {
  package var description: String { "\(base)/\(base.isIPv4 ? bits - 96 : bits)" }
}
