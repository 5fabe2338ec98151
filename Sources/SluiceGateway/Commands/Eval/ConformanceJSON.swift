import SluiceCore
import SluiceExpressions
import SluiceJSON

/// A value of a conformance case, as JSON.
struct ConformanceJSON {
  let document: JSONDocument
  let value: JSONValue

  subscript(name: String) -> ConformanceJSON? {
    document.member(name, of: value).map { ConformanceJSON(document: document, value: $0) }
  }

  var string: String? { document.string(value) }
  var bool: Bool? { document.bool(value) }

  /// A string, or a number as it is written.
  var text: String? {
    switch document.kind(of: value) {
    case .string: string
    case .number: String(decoding: document.text(of: value), as: UTF8.self)
    case .null, .bool, .array, .object: nil
    }
  }

  var elements: [ConformanceJSON] {
    document.elements(of: value).map { ConformanceJSON(document: document, value: $0) }
  }

  var members: [(name: String, value: ConformanceJSON)] {
    document.members(of: value)
      .compactMap { member in
        document.string(member.key)
          .map { ($0, ConformanceJSON(document: document, value: member.value)) }
      }
  }
}

extension Value {
  /// Reads a tagged value: `{"t":"int","v":"1"}`; `nil` for what is none.
  init?(conformance json: ConformanceJSON) {
    let content = json["v"]
    let text = content?.text
    switch json["t"]?.string {
    case "null": self = .null
    case "bool":
      guard let value = content?.bool else { return nil }
      self = .bool(value)
    case "int":
      guard let value = text.flatMap({ Int64($0) }) else { return nil }
      self = .int(value)
    case "uint":
      guard let value = text.flatMap({ UInt64($0) }) else { return nil }
      self = .uint(value)
    case "double":
      guard let value = text.flatMap({ Double($0) }) else { return nil }
      self = .double(value)
    case "string":
      guard let value = content?.string else { return nil }
      self = .string(value)
    case "bytes":
      guard let text = json["b64"]?.string, let bytes = Value.bytes(base64: text) else {
        return nil
      }
      self = .bytes(bytes)
    case "type":
      guard let name = content?.string else { return nil }
      self = .type(name)
    case "timestamp":
      guard let (seconds, nanoseconds) = json.time, nanoseconds >= 0,
        let time = Timestamp(seconds: seconds, nanoseconds: nanoseconds)
      else { return nil }
      self = .timestamp(time)
    case "duration":
      guard let (seconds, nanoseconds) = json.time else { return nil }
      let (product, overflowed) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
      let (sum, hasCarry) = product.addingReportingOverflow(Int64(nanoseconds))
      guard !overflowed, !hasCarry else { return nil }
      self = .duration(sum)
    case "optional":
      guard let content else {
        self = .optional(nil)
        return
      }
      guard let value = Value(conformance: content) else { return nil }
      self = .optional(value)
    case "list":
      var elements: [Value] = []
      for element in content?.elements ?? [] {
        guard let value = Value(conformance: element) else { return nil }
        elements.append(value)
      }
      self = .list(elements)
    case "map":
      var entries: [ValueMap.Entry] = []
      for pair in content?.elements ?? [] {
        let pair = pair.elements
        guard pair.count == 2, let key = Value(conformance: pair[0]),
          let value = Value(conformance: pair[1])
        else { return nil }
        entries.append(ValueMap.Entry(key: key, value: value))
      }
      guard let map = ValueMap(entries) else { return nil }
      self = .map(map)
    default: return nil
    }
  }

  /// The same type and content, NaN and the sign of zero included.
  func isExactly(_ other: Value) -> Bool {
    switch (self, other) {
    case (.double(let left), .double(let right)):
      (left.isNaN && right.isNaN) || (left == right && left.sign == right.sign)
    case (.list(let left), .list(let right)):
      left.count == right.count && zip(left, right).allSatisfy { $0.isExactly($1) }
    case (.map(let left), .map(let right)):
      left.count == right.count
        && left.entries.allSatisfy { entry in
          right.entries.contains { $0.key == entry.key && $0.value.isExactly(entry.value) }
        }
    case (.optional(let left?), .optional(let right?)): left.isExactly(right)
    default: self == other
    }
  }
}

extension ConformanceJSON {
  fileprivate var time: (seconds: Int64, nanoseconds: Int32)? {
    guard let seconds = self["s"]?.text.flatMap({ Int64($0) }) else { return nil }
    let nanoseconds = self["n"]?.text.flatMap { Int32($0) } ?? 0
    guard abs(nanoseconds) < 1_000_000_000 else { return nil }
    return (seconds, nanoseconds)
  }
}

extension CELType {
  /// Reads a type as the conformance files write it: `map(string, list(int))`; `nil` for what is
  /// none.
  init?(conformance text: String) {
    let text = text.drop { $0 == " " }
    guard let open = text.firstIndex(of: "(") else {
      guard let type = Self.plain(String(text)) else { return nil }
      self = type
      return
    }
    guard text.last == ")", let parts = Self.parts(text[text.index(after: open)...].dropLast())
    else { return nil }
    switch (text[..<open], parts.count) {
    case ("list", 1): self = .list(parts[0])
    case ("map", 2): self = .map(parts[0], parts[1])
    case ("type", 1): self = .type(parts[0])
    case ("list", _), ("map", _), ("type", _), ("fn", _), ("", _): return nil
    case (let name, _): self = .abstract(String(name), parts)
    }
  }

  private static func plain(_ text: String) -> CELType? {
    switch text {
    case "null": .null
    case "bool": .bool
    case "int": .int
    case "uint": .uint
    case "double": .double
    case "string": .string
    case "bytes": .bytes
    case "timestamp": .timestamp
    case "duration": .duration
    case "dyn", "any": .dyn
    case "list": .list(.dyn)
    case "map": .map(.dyn, .dyn)
    case "type": .type(.dyn)
    case "", "error": nil
    default:
      // One letter names a parameter, as in `'T`; parameters of a declaration differ by it.
      if text.hasPrefix("'") {
        .parameter(text.utf8.dropFirst().reduce(0) { $0 &* 31 &+ Int($1) })
      } else {
        .abstract(text, [])
      }
    }
  }

  private static func parts(_ text: Substring) -> [CELType]? {
    var parts: [Substring] = []
    var depth = 0
    var start = text.startIndex
    for index in text.indices {
      switch text[index] {
      case "(": depth += 1
      case ")": depth -= 1
      case "," where depth == 0:
        parts.append(text[start..<index])
        start = text.index(after: index)
      default: break
      }
    }
    parts.append(text[start...])
    let types = parts.map { CELType(conformance: String($0)) }
    return types.contains(nil) ? nil : types.compactMap(\.self)
  }
}
