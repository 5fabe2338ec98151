/// `format`: text with values put in, `"%s took %.1f s".format([name, seconds])`.
///
/// Verbs: `%s` anything, `%d` whole numbers, `%f` and `%e` numbers with a precision, `%b` binary,
/// `%o` octal, `%x` and `%X` hexadecimal, `%%` the sign itself.
enum TextFormat {
  /// Digits behind the point where none are asked for, and at most.
  private static let defaultPrecision = 6
  private static let maximumPrecision = 1_000

  static func format(_ pattern: String, _ values: [Value]) throws(EvaluationError) -> String {
    var result: [UInt8] = []
    var next = 0
    var bytes = Array(pattern.utf8)[...]
    while let byte = bytes.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        result.append(byte)
        continue
      }
      let precision = try precision(&bytes)
      guard let verb = bytes.popFirst() else {
        throw .invalidArgument("a format ends within a verb")
      }
      if verb == UInt8(ascii: "%"), precision == nil {
        result.append(verb)
        continue
      }
      guard values.indices.contains(next) else {
        throw .invalidArgument("a format has more verbs than values")
      }
      result.append(contentsOf: try text(of: values[next], verb, precision).utf8)
      try Size.check(result.count)
      next += 1
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func precision(_ bytes: inout ArraySlice<UInt8>) throws(EvaluationError) -> Int? {
    guard bytes.first == UInt8(ascii: ".") else { return nil }
    let digits = bytes.dropFirst().prefix(while: \.isASCIIDigit)
    guard let precision = Int(String(decoding: digits, as: UTF8.self)),
      precision <= maximumPrecision
    else { throw .invalidArgument("a format has a bad precision") }
    bytes = bytes.dropFirst(digits.count + 1)
    return precision
  }

  private static func text(
    of value: Value,
    _ verb: UInt8,
    _ precision: Int?
  ) throws(EvaluationError) -> String {
    switch Unicode.Scalar(verb) {
    case "s": return try plain(value)
    case "d": return try decimal(value)
    case "f":
      return try number(value) { $0.fixed(decimals: precision ?? defaultPrecision) }
    case "e":
      return try number(value) { $0.scientific(decimals: precision ?? defaultPrecision) }
    case "b":
      if case .bool(let flag) = value { return flag ? "1" : "0" }
      return try whole(value, radix: 2)
    case "o": return try whole(value, radix: 8)
    case "x": return try hexadecimal(value, isUpper: false)
    case "X": return try hexadecimal(value, isUpper: true)
    default: throw .invalidArgument("a format has a verb that does not exist")
    }
  }

  private static func plain(_ value: Value) throws(EvaluationError) -> String {
    switch value {
    case .null: return "null"
    case .bytes(let bytes): return String(decoding: bytes, as: UTF8.self)
    case .type(let name): return name
    case .list(let elements):
      var parts: [String] = []
      for element in elements { parts.append(try plain(element)) }
      return "[\(parts.joined(separator: ", "))]"
    case .map(let map):
      var parts: [(key: String, value: String)] = []
      for entry in map.entries { parts.append((try plain(entry.key), try plain(entry.value))) }
      let sorted = parts.sorted {
        $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
      }
      return "{\(sorted.map { "\($0.key): \($0.value)" }.joined(separator: ", "))}"
    case .optional: throw bad("s", value)
    case .double(let number) where number.isFinite: return number.plainDecimal
    case .bool, .int, .uint, .double, .string, .timestamp, .duration, .money, .ip, .cidr:
      return try value.toString()
    }
  }

  private static func decimal(_ value: Value) throws(EvaluationError) -> String {
    if case .double(let number) = value {
      return number.isFinite ? number.plainDecimal : number.celText
    }
    return try whole(value, radix: 10)
  }

  private static func whole(_ value: Value, radix: Int) throws(EvaluationError) -> String {
    switch value {
    case .int(let number): return String(number, radix: radix)
    case .uint(let number): return String(number, radix: radix)
    default: throw bad(radix == 10 ? "d" : radix == 2 ? "b" : "o", value)
    }
  }

  private static func hexadecimal(
    _ value: Value,
    isUpper: Bool
  ) throws(EvaluationError) -> String {
    func text(_ bytes: some Sequence<UInt8>) -> String {
      bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: isUpper) }.joined()
    }
    switch value {
    case .int(let number): return String(number, radix: 16, uppercase: isUpper)
    case .uint(let number): return String(number, radix: 16, uppercase: isUpper)
    case .string(let string): return text(string.utf8)
    case .bytes(let bytes): return text(bytes)
    default: throw bad(isUpper ? "X" : "x", value)
    }
  }

  private static func number(
    _ value: Value,
    _ write: (DecimalDigits) -> String
  ) throws(EvaluationError) -> String {
    guard value.isNumber else { throw bad("f", value) }
    let number = try value.toDouble()
    guard number.isFinite else { return number.celText }
    return (number.sign == .minus ? "-" : "") + write(DecimalDigits(number))
  }

  private static func bad(_ verb: String, _ value: Value) -> EvaluationError {
    .invalidArgument(
      "the verb %\(verb) of a format does not take a value of type \(value.typeName)"
    )
  }
}

extension Double {
  /// The shortest digits that read back as this number, without an exponent.
  fileprivate var plainDecimal: String {
    let text = celText
    guard let mark = text.firstIndex(of: "e"),
      let exponent = Int(text[text.index(after: mark)...])
    else { return text }
    let sign = text.hasPrefix("-") ? "-" : ""
    let mantissa = text[..<mark].drop { $0 == "-" }
    let digits = mantissa.filter { $0 != "." }
    // One digit stands before the point of a mantissa.
    let point = 1 + exponent
    if point <= 0 {
      return "\(sign)0.\(String(repeating: "0", count: -point))\(digits)"
    }
    if point >= digits.count {
      return sign + digits + String(repeating: "0", count: point - digits.count)
    }
    return "\(sign)\(digits.prefix(point)).\(digits.dropFirst(point))"
  }
}

extension String {
  /// The text between double quotes, escaped as CEL's `strings.quote` does it.
  var quotedText: String {
    var result = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\u{07}": result += "\\a"
      case "\u{08}": result += "\\b"
      case "\u{0C}": result += "\\f"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{0B}": result += "\\v"
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
