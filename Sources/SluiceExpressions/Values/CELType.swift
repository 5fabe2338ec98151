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
  /// Known only at run time; agrees with every type.
  case dyn
  /// Stands for any one type inside an overload, or for one not inferred yet during a check.
  /// No checked expression holds one.
  case parameter(Int)
}

extension CELType {
  var mentionsDyn: Bool {
    switch self {
    case .dyn: true
    case .list(let element): element.mentionsDyn
    case .map(let key, let value): key.mentionsDyn || value.mentionsDyn
    case .type(let type): type.mentionsDyn
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
    case .dyn: "dyn"
    case .parameter(let index): index < 26 ? Self.letters[index] : "T\(index)"
    }
  }

  private static let letters = (0..<26).map { String(UnicodeScalar(UInt8(65 + $0))) }
}
