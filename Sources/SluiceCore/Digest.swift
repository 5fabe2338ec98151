internal import CCrypto

/// The SHA-256 digest of some bytes: 32 bytes in four words.
///
/// It names cache entries and key records, where a collision would hand one tenant another
/// tenant's answer; a faster hash that is not collision resistant is not enough there.
package struct Digest: Hashable, Sendable {
  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// Digests `bytes`.
  ///
  /// About 0.4 µs for 400 bytes where the processor has SHA instructions.
  package init(of bytes: [UInt8]) {
    var digest = InlineArray<32, UInt8>(repeating: 0)
    var output = digest.mutableSpan
    let succeeded = unsafe bytes.withUnsafeBufferPointer { input in
      unsafe output.withUnsafeMutableBufferPointer { output in
        unsafe sluice_sha256(input.baseAddress, input.count, output.baseAddress)
      }
    }
    precondition(succeeded == 1, "libcrypto has no SHA-256")
    self.init(bytes: digest.span)
  }

  private init(bytes: Span<UInt8>) {
    func word(_ start: Int) -> UInt64 {
      var word: UInt64 = 0
      for index in start..<start + 8 { word = word << 8 | UInt64(bytes[index]) }
      return word
    }
    words = (word(0), word(8), word(16), word(24))
  }

  /// Reads 64 hexadecimal digits; `nil` for anything else.
  package init?(hex: some StringProtocol) {
    let digits = Array(hex.utf8)
    guard digits.count == 64 else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: 64, by: 2) {
      guard
        let pair = String(validating: digits[index..<index + 2], as: UTF8.self),
        !pair.hasPrefix("+"), !pair.hasPrefix("-"),
        let byte = UInt8(pair, radix: 16)
      else { return nil }
      bytes.append(byte)
    }
    self.init(bytes: bytes.span)
  }

  /// Takes the 32 bytes of a digest; `nil` for any other count.
  package init?(exactly bytes: ArraySlice<UInt8>) {
    guard bytes.count == 32 else { return nil }
    self.init(bytes: bytes.span)
  }

  /// The 32 bytes.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(32)
    append(to: &bytes)
    return bytes
  }

  /// Appends the 32 bytes.
  package func append(to output: inout [UInt8]) {
    func append(_ word: UInt64) {
      var shift: UInt64 = 64
      while shift > 0 {
        shift -= 8
        output.append(UInt8(truncatingIfNeeded: word >> shift))
      }
    }
    append(words.0)
    append(words.1)
    append(words.2)
    append(words.3)
  }

  /// The first 64 bits, as evenly spread as the whole.
  package var leadingBits: UInt64 { words.0 }

  /// 64 lower-case hexadecimal digits.
  package var hex: String {
    [words.0, words.1, words.2, words.3]
      .map { word in
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
      }
      .joined()
  }

  /// Compares all 256 bits whatever the first difference, so that timing tells nothing.
  package static func == (left: Digest, right: Digest) -> Bool {
    let difference =
      (left.words.0 ^ right.words.0) | (left.words.1 ^ right.words.1)
      | (left.words.2 ^ right.words.2) | (left.words.3 ^ right.words.3)
    return difference == 0
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

/// Bytes that nobody can guess, for keys and tokens.
package enum SecretBytes {
  /// `count` bytes from the system's cryptographic generator.
  package static func make(count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let succeeded = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      unsafe sluice_random_bytes(buffer.baseAddress, buffer.count)
    }
    precondition(succeeded == 1, "the system's random generator failed")
    return bytes
  }
}
