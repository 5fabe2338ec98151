/// A type of CEL, as the checker sees it.
///
/// `money` is Sluice's own: an exact amount that no double ever touches.
package indirect enum CELType: Hashable, Sendable {
  case null
  case bool
  case int
  case uint
  case double
  case string
  case bytes
  case timestamp
  case duration
  case money
  case list(CELType)
  case map(CELType, CELType)
  /// The type of a type: what `type(x)` answers.
  case type(CELType)
  /// A named type whose values have no literal: `optional_type(T)`, `net.IP`, `net.CIDR`.
  case abstract(String, [CELType])
  /// Known only at run time; agrees with every type.
  case dyn
  /// Stands for any one type inside an overload, or for one not inferred yet during a check.
  /// No checked expression holds one.
  case parameter(Int)
}

extension CELType {
  /// A value that may be missing.
  package static func optional(_ wrapped: CELType) -> CELType {
    .abstract("optional_type", [wrapped])
  }

  package static let ip = CELType.abstract("net.IP", [])
  package static let cidr = CELType.abstract("net.CIDR", [])

  /// Whether `null` may stand where this type belongs, as the standard allows of its own objects.
  var isNullable: Bool {
    switch self {
    case .timestamp, .duration, .abstract: true
    default: false
    }
  }

  var mentionsDyn: Bool {
    switch self {
    case .dyn: true
    case .list(let element): element.mentionsDyn
    case .map(let key, let value): key.mentionsDyn || value.mentionsDyn
    case .type(let type): type.mentionsDyn
    case .abstract(_, let parameters): parameters.contains(where: \.mentionsDyn)
    case .null, .bool, .int, .uint, .double, .string, .bytes, .timestamp, .duration, .money,
      .parameter:
      false
    }
  }
}

extension CELType: CustomStringConvertible {
  /// As an author would write it: `list(string)`, `map(string, int)`.
  package var description: String {
    switch self {
    case .null: "null"
    case .bool: "bool"
    case .int: "int"
    case .uint: "uint"
    case .double: "double"
    case .string: "string"
    case .bytes: "bytes"
    case .timestamp: "timestamp"
    case .duration: "duration"
    case .money: "money"
    case .list(let element): "list(\(element))"
    case .map(let key, let value): "map(\(key), \(value))"
    case .type(let type): "type(\(type))"
    case .abstract(let name, let parameters):
      parameters.isEmpty
        ? name : "\(name)(\(parameters.map(\.description).joined(separator: ", ")))"
    case .dyn: "dyn"
    case .parameter(let index): index < 26 ? Self.letters[index] : "T\(index)"
    }
  }

  private static let letters = (0..<26).map { String(UnicodeScalar(UInt8(65 + $0))) }
}
