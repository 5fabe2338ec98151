package import SluiceCore

/// A value of CEL.
///
/// Swift's `==` here means *the same value of the same type*; CEL's own equality, which finds
/// `1 == 1.0`, is `equals(_:)`. Strings are the same when their code points are: CEL knows no
/// canonical equivalence, so `==` does not use Swift's.
package enum Value: Sendable, Hashable {
  case null
  case bool(Bool)
  case int(Int64)
  case uint(UInt64)
  case double(Double)
  case string(String)
  case bytes([UInt8])
  case list([Value])
  case map(ValueMap)
  case timestamp(Timestamp)
  /// Whole nanoseconds, so up to 292 years either way.
  case duration(Int64)
  case money(NanoDollars)
  /// A value that may be missing.
  indirect case optional(Value?)
  case ip(HostAddress)
  indirect case cidr(AddressBlock)
  /// A type as a value, by its name: `type(1)` is `.type("int")`.
  case type(String)

  package static func == (left: Value, right: Value) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.int(let left), .int(let right)): left == right
    case (.uint(let left), .uint(let right)): left == right
    case (.double(let left), .double(let right)): left == right
    case (.string(let left), .string(let right)): left.hasSameCodePoints(as: right)
    case (.bytes(let left), .bytes(let right)): left == right
    case (.list(let left), .list(let right)): left == right
    case (.map(let left), .map(let right)): left == right
    case (.timestamp(let left), .timestamp(let right)): left == right
    case (.duration(let left), .duration(let right)): left == right
    case (.money(let left), .money(let right)): left == right
    case (.type(let left), .type(let right)): left == right
    case (.optional(let left), .optional(let right)): left == right
    case (.ip(let left), .ip(let right)): left == right
    case (.cidr(let left), .cidr(let right)): left == right
    default: false
    }
  }
}

extension Value {
  /// The name that CEL gives to this value's type.
  package var typeName: String {
    switch self {
    case .null: "null_type"
    case .bool: "bool"
    case .int: "int"
    case .uint: "uint"
    case .double: "double"
    case .string: "string"
    case .bytes: "bytes"
    case .list: "list"
    case .map: "map"
    case .timestamp: "google.protobuf.Timestamp"
    case .duration: "google.protobuf.Duration"
    case .money: "money"
    case .type: "type"
    case .optional: "optional_type"
    case .ip: "net.IP"
    case .cidr: "net.CIDR"
    }
  }

  /// A map of strings, such as the headers of a request; a repeated key keeps its first value.
  package static func strings(_ entries: some Sequence<(String, String)>) -> Value {
    .map(ValueMap(strings: entries))
  }
}

extension String {
  /// Whether both hold the same code points, which is CEL's equality of strings.
  ///
  /// Swift's `==` also accepts canonical equivalents: U+212A (Kelvin) equals `K` there. Where equal
  /// texts have as many bytes and one of them is ASCII, so is the other, and they are the same; all
  /// else is compared byte by byte.
  package func hasSameCodePoints(as other: String) -> Bool {
    guard utf8.count == other.utf8.count, self == other else { return false }
    return isASCII || utf8.elementsEqual(other.utf8)
  }

  var isASCII: Bool {
    let bytes = utf8.span
    var all: UInt8 = 0
    for index in bytes.indices { all |= bytes[index] }
    return all < 0x80
  }
}

/// A string that many are compared with; what can be known of it is found out once.
struct KnownText: Sendable {
  let text: String
  private let count: Int
  private let isASCII: Bool

  init(_ text: String) {
    self.text = text
    count = text.utf8.count
    isASCII = text.isASCII
  }

  @inline(__always)
  func isSame(as other: String) -> Bool {
    other.utf8.count == count && other == text && (isASCII || other.utf8.elementsEqual(text.utf8))
  }
}

/// A string as a key of a set or dictionary, compared by its code points.
struct CodePoints: Hashable, Sendable {
  let text: String

  init(_ text: String) { self.text = text }

  static func == (left: CodePoints, right: CodePoints) -> Bool {
    left.text.hasSameCodePoints(as: right.text)
  }

  // Equal code points are canonically equivalent, so Swift's own hash agrees with `==`.
  func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
