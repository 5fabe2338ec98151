/// One way to call a function: the types it takes and the type it gives.
struct Overload: Sendable {
  /// The target of a member call counts as the first parameter.
  let parameters: [CELType]
  let result: CELType
  let style: Style

  enum Style: Sendable {
    case call
    case member
    /// Both `matches(text, pattern)` and `text.matches(pattern)`.
    case either
  }

  /// The overload as an author would write it: `int < int`, `string.contains(string)`.
  func description(of name: String) -> String {
    let words = parameters.map(\.description)
    let all = words.joined(separator: ", ")
    if name == "[]", words.count == 2 { return "\(words[0])[\(words[1])]" }
    if name == "[?]", words.count == 2 { return "\(words[0])[?\(words[1])]" }
    guard name.unicodeScalars.first?.startsIdentifier == true, name != "in" else {
      return words.count == 2 ? "\(words[0]) \(name) \(words[1])" : "\(name.prefix(1))\(all)"
    }
    guard style == .member else { return "\(name)(\(all))" }
    return "\(words[0]).\(name)(\(words.dropFirst().joined(separator: ", ")))"
  }
}

/// The functions and operators that every environment has, by name.
enum StandardOverloads {
  static func named(_ name: String) -> [Overload] { all[name] ?? [] }

  static var names: Set<String> { Set(all.keys) }

  /// The names that an author may write before parentheses.
  static let callableNames = all.keys.filter { $0.utf8.first.map(isLetter) ?? false && $0 != "in" }

  private static func isLetter(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
  }

  static let a = CELType.parameter(0)
  static let b = CELType.parameter(1)

  private static let all: [String: [Overload]] = {
    var all = operators
    all.merge(conversions) { $0 + $1 }
    all.merge(strings) { $0 + $1 }
    all.merge(times) { $0 + $1 }
    all.merge(gateway) { $0 + $1 }
    for extensions in [formats, numbers, collections, optionals, addresses] {
      all.merge(extensions) { $0 + $1 }
    }
    return all
  }()

  static func call(_ parameters: [CELType], _ result: CELType) -> Overload {
    Overload(parameters: parameters, result: result, style: .call)
  }

  static func member(_ parameters: [CELType], _ result: CELType) -> Overload {
    Overload(parameters: parameters, result: result, style: .member)
  }

  static func either(_ parameters: [CELType], _ result: CELType) -> Overload {
    Overload(parameters: parameters, result: result, style: .either)
  }

  /// Operators under names that no author can call.
  private static var operators: [String: [Overload]] {
    let numbers: [CELType] = [.int, .uint, .double]
    func same(_ types: [CELType]) -> [Overload] { types.map { call([$0, $0], $0) } }
    let ordered =
      ([.bool, .string, .bytes, .timestamp, .duration, .money] as [CELType])
      .map { call([$0, $0], .bool) }
      + numbers.flatMap { left in numbers.map { call([left, $0], .bool) } }
    return [
      "+": same(numbers + [.string, .bytes, .list(a), .duration, .money])
        + [
          call([.timestamp, .duration], .timestamp), call([.duration, .timestamp], .timestamp),
        ],
      "-": same(numbers + [.duration, .money])
        + [
          call([.timestamp, .timestamp], .duration), call([.timestamp, .duration], .timestamp),
        ],
      "*": same(numbers) + [call([.money, .int], .money), call([.int, .money], .money)],
      "/": same(numbers),
      "%": same([.int, .uint]),
      "-x": [.int, .double, .money].map { call([$0], $0) },
      "!": [call([.bool], .bool)],
      "==": [call([a, a], .bool)],
      "!=": [call([a, a], .bool)],
      "<": ordered, "<=": ordered, ">": ordered, ">=": ordered,
      "in": [call([a, .list(a)], .bool), call([a, .map(a, b)], .bool)],
      "[]": [
        call([.list(a), .int], a), call([.map(a, b), a], b),
        call([.optional(.list(a)), .int], .optional(a)),
        call([.optional(.map(a, b)), a], .optional(b)),
      ],
      "[?]": [
        call([.list(a), .int], .optional(a)), call([.map(a, b), a], .optional(b)),
        call([.optional(.list(a)), .int], .optional(a)),
        call([.optional(.map(a, b)), a], .optional(b)),
      ],
    ]
  }

  private static var conversions: [String: [Overload]] {
    func from(_ types: [CELType], to result: CELType) -> [Overload] {
      types.map { call([$0], result) }
    }
    return [
      "int": from([.int, .uint, .double, .string, .timestamp, .duration], to: .int),
      "uint": from([.uint, .int, .double, .string], to: .uint),
      "double": from([.double, .int, .uint, .string], to: .double),
      "string": from(
        [
          .string, .bool, .int, .uint, .double, .bytes, .timestamp, .duration, .money, .ip, .cidr,
        ],
        to: .string
      ),
      "bytes": from([.bytes, .string], to: .bytes),
      "bool": from([.bool, .string], to: .bool),
      "duration": from([.duration, .string, .int], to: .duration),
      "timestamp": from([.timestamp, .string, .int], to: .timestamp),
      "dyn": [call([a], .dyn)],
      "type": [call([a], .type(a))],
    ]
  }

  private static var strings: [String: [Overload]] {
    let text = CELType.string
    return [
      "size": [text, .bytes, .list(a), .map(a, b)].map { either([$0], .int) },
      "contains": [member([text, text], .bool)],
      "startsWith": [member([text, text], .bool)],
      "endsWith": [member([text, text], .bool)],
      "matches": [either([text, text], .bool)],
      "charAt": [member([text, .int], text)],
      "indexOf": [member([text, text], .int), member([text, text, .int], .int)],
      "lastIndexOf": [member([text, text], .int), member([text, text, .int], .int)],
      "lowerAscii": [member([text], text)],
      "upperAscii": [member([text], text)],
      "trim": [member([text], text)],
      "reverse": [member([text], text)],
      "replace": [member([text, text, text], text), member([text, text, text, .int], text)],
      "split": [member([text, text], .list(text)), member([text, text, .int], .list(text))],
      "substring": [member([text, .int], text), member([text, .int, .int], text)],
      "join": [member([.list(text)], text), member([.list(text), text], text)],
    ]
  }

  private static var times: [String: [Overload]] {
    var times: [String: [Overload]] = [:]
    for part in TimePart.allCases {
      times[part.rawValue] = [
        member([.timestamp], .int), member([.timestamp, .string], .int),
      ]
      if part.isOfDuration { times[part.rawValue]?.append(member([.duration], .int)) }
    }
    return times
  }

  private static var gateway: [String: [Overload]] {
    [
      "usd": [call([.string], .money)],
      "bucket": [call([.string, .int], .int)],
      "glob": [either([.string, .string], .bool)],
      "inWindow": [
        either([.timestamp, .string], .bool), either([.timestamp, .string, .string], .bool),
      ],
    ]
  }
}
