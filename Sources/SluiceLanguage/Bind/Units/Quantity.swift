/// Why a text is no quantity of the wanted kind; what to type instead is the kind's own example.
enum QuantityIssue: Error, Equatable {
  /// A bare number where a unit is needed.
  case unitMissing
  case unknownUnit(String)
  case malformed
  /// Larger than any such quantity may be.
  case tooLarge
}

/// A number in decimal digits, kept exact: `mantissa` divided by ten to the `decimals`.
struct DecimalNumber: Equatable {
  var mantissa: Int64
  var decimals: Int

  /// This number times `factor`, if that is a whole number that fits.
  func scaled(by factor: Int64) -> Int64? {
    let product = Int128(mantissa) * Int128(factor)
    let (quotient, remainder) = product.quotientAndRemainder(dividingBy: Self.power(decimals))
    return remainder == 0 ? Int64(exactly: quotient) : nil
  }

  /// Why `scaled(by:)` has no answer.
  var issue: QuantityIssue { decimals == 0 ? .tooLarge : .malformed }

  var asDouble: Double { Double(mantissa) / Double(Self.power(decimals)) }

  private static func power(_ exponent: Int) -> Int128 {
    (0..<exponent).reduce(1) { power, _ in power * 10 }
  }
}

/// Walks over the text of a quantity from left to right.
struct QuantityScanner {
  private var rest: Substring.UTF8View

  init(_ text: String) { rest = text[...].utf8 }

  var isAtEnd: Bool { rest.isEmpty }
  var remainder: String { String(Substring(rest)) }

  /// Takes `12` or `1.5`; at most 18 digits, no sign, no exponent, no underscore.
  mutating func number() throws(QuantityIssue) -> DecimalNumber {
    var mantissa: Int64 = 0
    var digits = 0
    var decimals: Int?
    while let byte = rest.first {
      if byte == UInt8(ascii: "."), decimals == nil, digits > 0 {
        decimals = 0
      } else if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
        guard digits < 18 else { throw .tooLarge }
        mantissa = mantissa * 10 + Int64(byte - UInt8(ascii: "0"))
        digits += 1
        if let count = decimals { decimals = count + 1 }
      } else {
        break
      }
      rest.removeFirst()
    }
    guard digits > 0, decimals != 0 else { throw .malformed }
    return DecimalNumber(mantissa: mantissa, decimals: decimals ?? 0)
  }

  /// Takes the letters that follow; empty if there are none.
  mutating func letters() -> String {
    let end =
      rest.firstIndex { byte in
        let letter = byte | 0x20
        return byte < 0x80 && !(letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z"))
      } ?? rest.endIndex
    let word = String(Substring(rest[..<end]))
    rest = rest[end...]
    return word
  }

  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: character) else { return false }
    rest.removeFirst()
    return true
  }

  mutating func skipBlanks() {
    while rest.first == UInt8(ascii: " ") { rest.removeFirst() }
  }
}
