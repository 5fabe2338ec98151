internal import SluiceCore

/// The body of a function that every environment has, on values of any type.
enum StandardFunction: Sendable {
  case unary(@Sendable (Value) throws(EvaluationError) -> Value)
  case binary(@Sendable (Value, Value) throws(EvaluationError) -> Value)
  case variadic(@Sendable ([Value]) throws(EvaluationError) -> Value)

  /// Finds a function; the target of a member call counts as its first argument.
  init?(_ name: String, argumentCount: Int) {
    let found =
      Self.conversion(name, argumentCount)
      ?? Self.text(name, argumentCount)
      ?? Self.time(name, argumentCount)
      ?? NumberFunction.named(name, argumentCount)
      ?? ListFunction.named(name, argumentCount)
      ?? OptionalFunction.named(name, argumentCount)
      ?? AddressFunction.named(name, argumentCount)
      ?? Self.encoding(name, argumentCount)
    guard let found else { return nil }
    self = found
  }

  private static func conversion(_ name: String, _ count: Int) -> StandardFunction? {
    guard count == 1 else { return nil }
    return switch name {
    case "int": .unary { (value) throws(EvaluationError) in .int(try value.toInt()) }
    case "uint": .unary { (value) throws(EvaluationError) in .uint(try value.toUInt()) }
    case "double": .unary { (value) throws(EvaluationError) in .double(try value.toDouble()) }
    case "string": .unary { (value) throws(EvaluationError) in .string(try value.toString()) }
    case "bytes": .unary { (value) throws(EvaluationError) in .bytes(try value.toBytes()) }
    case "bool": .unary { (value) throws(EvaluationError) in .bool(try value.toBool()) }
    case "duration":
      .unary { (value) throws(EvaluationError) in .duration(try value.toDuration()) }
    case "timestamp":
      .unary { (value) throws(EvaluationError) in .timestamp(try value.toTimestamp()) }
    case "usd": .unary { (value) throws(EvaluationError) in .money(try value.toMoney()) }
    case "type": .unary { (value) in .type(value.typeName) }
    case "size": .unary { (value) throws(EvaluationError) in .int(try value.size()) }
    default: nil
    }
  }

  private static func encoding(_ name: String, _ count: Int) -> StandardFunction? {
    guard count == 1 else { return nil }
    return switch name {
    case "base64.encode":
      .unary { (value) throws(EvaluationError) in
        guard case .bytes(let bytes) = value else { throw .noSuchOverload(name) }
        return .string(Base64.encode(bytes))
      }
    case "base64.decode":
      .unary { (value) throws(EvaluationError) in
        guard case .string(let text) = value else { throw .noSuchOverload(name) }
        guard let bytes = Base64.decode(text) else {
          throw .invalidArgument("the text is no base64")
        }
        return .bytes(bytes)
      }
    default: nil
    }
  }

  private static func time(_ name: String, _ count: Int) -> StandardFunction? {
    if name == "inWindow", (2...3).contains(count) {
      return .variadic { (arguments) throws(EvaluationError) in try .inWindow(arguments) }
    }
    guard let part = TimePart(rawValue: name) else { return nil }
    return switch count {
    case 1: .unary { (value) throws(EvaluationError) in .int(try part.read(value, zone: nil)) }
    case 2:
      .binary { (value, zone) throws(EvaluationError) in
        guard case .string(let zone) = zone else { throw .noSuchOverload(part.rawValue) }
        return .int(try part.read(value, zone: zone))
      }
    default: nil
    }
  }

  private static func text(_ name: String, _ count: Int) -> StandardFunction? {
    switch (name, count) {
    case ("contains", 2): test(name) { text, other in ByteSearch(other).isIn(text) }
    case ("startsWith", 2): test(name) { text, other in text.beginsWith(codePointsOf: other) }
    case ("endsWith", 2): test(name) { text, other in text.finishesWith(codePointsOf: other) }
    case ("matches", 2):
      test(name) { (text, pattern) throws(EvaluationError) in try text.matches(pattern: pattern) }
    case ("glob", 2):
      test(name) { (text, glob) throws(EvaluationError) in try text.matches(glob: glob) }
    case ("lowerAscii", 1): change(name) { $0.lowerASCII }
    case ("upperAscii", 1): change(name) { $0.upperASCII }
    case ("trim", 1): change(name) { $0.trimmed }
    case ("reverse", 1):
      .unary { (value) throws(EvaluationError) in
        switch value {
        case .string(let text): .string(text.reversedCodePoints)
        case .list(let elements): .list(elements.reversed())
        default: throw .noSuchOverload(name)
        }
      }
    case ("strings.quote", 1): change(name) { $0.quotedText }
    case ("format", 2):
      .binary { (pattern, values) throws(EvaluationError) in
        guard case .string(let pattern) = pattern, case .list(let values) = values else {
          throw .noSuchOverload(name)
        }
        return .string(try TextFormat.format(pattern, values))
      }
    case ("charAt", 2), ("indexOf", 2...3), ("lastIndexOf", 2...3), ("replace", 3...4),
      ("split", 2...3), ("substring", 2...3), ("join", 1...2):
      .variadic { (arguments) throws(EvaluationError) in
        try TextFunction.call(name, arguments)
      }
    default: nil
    }
  }

  private static func test(
    _ name: String,
    _ body: @escaping @Sendable (String, String) throws(EvaluationError) -> Bool
  ) -> StandardFunction {
    .binary { (text, other) throws(EvaluationError) in
      guard case .string(let text) = text, case .string(let other) = other else {
        throw .noSuchOverload(name)
      }
      return .bool(try body(text, other))
    }
  }

  private static func change(
    _ name: String,
    _ body: @escaping @Sendable (String) -> String
  ) -> StandardFunction {
    .unary { (text) throws(EvaluationError) in
      guard case .string(let text) = text else { throw .noSuchOverload(name) }
      return .string(body(text))
    }
  }
}
