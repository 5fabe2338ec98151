internal import SluiceCore

// The conversions that authors write: int(x), string(x) and so on.
extension Value {
  func toInt() throws(EvaluationError) -> Int64 {
    switch self {
    case .int(let value): return value
    case .uint(let value):
      guard let result = Int64(exactly: value) else { throw .overflow }
      return result
    case .double(let value):
      // Beyond 2^53 doubles no longer tell neighbours apart, and the bounds themselves are not
      // exact: the standard wants both ends refused.
      guard value > -0x1p63, value < 0x1p63 else { throw .overflow }
      return Int64(value)
    case .string(let text):
      guard let value = Int64(text) else { throw .invalidArgument("the text is no int") }
      return value
    case .timestamp(let time): return time.seconds
    case .duration(let nanoseconds): return nanoseconds / 1_000_000_000
    default: throw .noSuchOverload("int")
    }
  }

  func toUInt() throws(EvaluationError) -> UInt64 {
    switch self {
    case .uint(let value): return value
    case .int(let value):
      guard let result = UInt64(exactly: value) else { throw .overflow }
      return result
    case .double(let value):
      guard value >= 0, value < 0x1p64 else { throw .overflow }
      return UInt64(value)
    case .string(let text):
      guard let value = UInt64(text) else { throw .invalidArgument("the text is no uint") }
      return value
    default: throw .noSuchOverload("uint")
    }
  }

  func toDouble() throws(EvaluationError) -> Double {
    switch self {
    case .double(let value): return value
    case .int(let value): return Double(value)
    case .uint(let value): return Double(value)
    case .string(let text):
      guard let value = Double(text) else { throw .invalidArgument("the text is no double") }
      return value
    default: throw .noSuchOverload("double")
    }
  }

  func toString() throws(EvaluationError) -> String {
    switch self {
    case .string(let value): return value
    case .bool(let value): return String(value)
    case .int(let value): return String(value)
    case .uint(let value): return String(value)
    case .double(let value): return value.celText
    case .bytes(let bytes):
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw .invalidArgument("the bytes are no UTF-8")
      }
      return text
    case .timestamp(let time): return time.description
    case .duration(let nanoseconds): return DurationText.write(nanoseconds)
    case .money(let amount): return amount.description
    case .ip(let address): return address.description
    case .cidr(let block): return block.description
    case .null, .list, .map, .type, .optional: throw .noSuchOverload("string")
    }
  }

  func toBytes() throws(EvaluationError) -> [UInt8] {
    switch self {
    case .bytes(let bytes): return bytes
    case .string(let text): return Array(text.utf8)
    default: throw .noSuchOverload("bytes")
    }
  }

  func toBool() throws(EvaluationError) -> Bool {
    switch self {
    case .bool(let value): return value
    case .string(let text):
      switch text {
      case "1", "t", "T", "true", "TRUE", "True": return true
      case "0", "f", "F", "false", "FALSE", "False": return false
      default: throw .invalidArgument("the text is no bool")
      }
    default: throw .noSuchOverload("bool")
    }
  }

  func toDuration() throws(EvaluationError) -> Int64 {
    switch self {
    case .duration(let value): return value
    case .int(let seconds): return try seconds.checkedMultiply(1_000_000_000)
    case .string(let text):
      guard let value = DurationText.read(text) else {
        throw .invalidArgument("the text is no duration, or out of range")
      }
      return value
    default: throw .noSuchOverload("duration")
    }
  }

  func toTimestamp() throws(EvaluationError) -> Timestamp {
    switch self {
    case .timestamp(let time): return time
    case .int(let seconds):
      guard let time = Timestamp(seconds: seconds) else { throw .overflow }
      return time
    case .string(let text):
      guard let time = Timestamp(text) else {
        throw .invalidArgument("the text is no timestamp, or out of range")
      }
      return time
    default: throw .noSuchOverload("timestamp")
    }
  }

  func toMoney() throws(EvaluationError) -> NanoDollars {
    guard case .string(let text) = self else { throw .noSuchOverload("usd") }
    guard let amount = NanoDollars(dollars: text) else {
      throw .invalidArgument("the text is no amount of dollars")
    }
    return amount
  }

  /// Code points, bytes, elements or entries.
  func size() throws(EvaluationError) -> Int64 {
    switch self {
    case .string(let text): return Int64(text.codePointCount)
    case .bytes(let bytes): return Int64(bytes.count)
    case .list(let elements): return Int64(elements.count)
    case .map(let map): return Int64(map.count)
    default: throw .noSuchOverload("size")
    }
  }
}

extension Double {
  /// The shortest text that reads back as this number, without a needless `.0`.
  var celText: String {
    if isNaN { return "NaN" }
    if isInfinite { return self < 0 ? "-Infinity" : "Infinity" }
    let text = description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}

/// Literals that are read when a policy is loaded, so that a bad one is found there.
enum ConstantText {
  /// What is wrong with `text` as the argument of a function at `position`, a target being the first.
  static func issue(
    in text: String,
    of function: String,
    at position: Int
  ) -> ExpressionIssue.Kind? {
    switch (function, position) {
    case ("matches", 1), ("glob", 1):
      do throws(Pattern.Invalid) {
        _ = try Pattern(function == "glob" ? Pattern.expression(ofGlob: text) : text)
        return nil
      } catch {
        return .badConstant(.regex, text: text, reason: error.reason)
      }
    case ("inWindow", 1):
      return TimeWindow(text) == nil
        ? .badConstant(.window, text: text, reason: "it is not understood") : nil
    case ("inWindow", 2): return Zone(text) == nil ? .unsupportedZone(text) : nil
    case ("duration", 0):
      return DurationText.read(text) == nil
        ? .badConstant(.duration, text: text, reason: "it is not understood or too large") : nil
    case ("timestamp", 0):
      return Timestamp(text) == nil
        ? .badConstant(.timestamp, text: text, reason: "it is not understood or out of range")
        : nil
    case ("ip", 0):
      return HostAddress(cel: text) == nil
        ? .badConstant(.address, text: text, reason: "it is not understood") : nil
    case ("cidr", 0):
      return AddressBlock(text) == nil
        ? .badConstant(.block, text: text, reason: "it is not understood") : nil
    case ("usd", 0):
      return NanoDollars(dollars: text) == nil
        ? .badConstant(.money, text: text, reason: "it is not understood or too large") : nil
    case (_, 1) where TimePart(rawValue: function) != nil:
      return Zone(text) == nil ? .unsupportedZone(text) : nil
    default: return nil
    }
  }
}
