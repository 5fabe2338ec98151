// CEL counts text in code points, so these work on arrays of Unicode scalars.
extension String {
  var lowerASCII: String { changingCase(from: UInt8(ascii: "A")) }

  var upperASCII: String { changingCase(from: UInt8(ascii: "a")) }

  /// Changes the 26 letters that begin at `first` to the other case.
  private func changingCase(from first: UInt8) -> String {
    var bytes = Array(utf8)
    for index in bytes.indices {
      let byte = bytes[index]
      // The cases differ in one bit.
      bytes[index] = byte &- first < 26 ? byte ^ 0x20 : byte
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  var trimmed: String {
    guard let first = unicodeScalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = unicodeScalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(unicodeScalars[first...last])
  }

  /// How many code points there are: bytes that continue none.
  var codePointCount: Int {
    let bytes = utf8.span
    var count = 0
    for index in bytes.indices { count += bytes[index] & 0xC0 == 0x80 ? 0 : 1 }
    return count
  }

  var reversedCodePoints: String { String(codePoints: unicodeScalars.reversed()) }

  fileprivate init(codePoints: some Sequence<Unicode.Scalar>) {
    var scalars = String.UnicodeScalarView()
    scalars.append(contentsOf: codePoints)
    self.init(scalars)
  }
}

/// The functions of text that take positions or several texts.
enum TextFunction {
  static func call(_ name: String, _ arguments: [Value]) throws(EvaluationError) -> Value {
    guard let first = arguments.first else { throw .noSuchOverload(name) }
    if name == "join" { return try join(first, arguments.dropFirst().first) }
    guard case .string(let text) = first else { throw .noSuchOverload(name) }
    switch (name, arguments[1], arguments.dropFirst(2).first, arguments.dropFirst(3).first) {
    case ("charAt", .int(let index), nil, nil): return try charAt(text, index)
    case ("indexOf", .string(let part), nil, nil): return try indexOf(text, part, from: 0)
    case ("indexOf", .string(let part), .int(let start)?, nil):
      return try indexOf(text, part, from: start)
    case ("lastIndexOf", .string(let part), nil, nil): return try lastIndexOf(text, part, nil)
    case ("lastIndexOf", .string(let part), .int(let start)?, nil):
      return try lastIndexOf(text, part, start)
    case ("replace", .string(let old), .string(let new)?, nil):
      return try replace(text, old, new, limit: -1)
    case ("replace", .string(let old), .string(let new)?, .int(let limit)?):
      return try replace(text, old, new, limit: limit)
    case ("split", .string(let separator), nil, nil): return try split(text, separator, limit: -1)
    case ("split", .string(let separator), .int(let limit)?, nil):
      return try split(text, separator, limit: limit)
    case ("substring", .int(let start), nil, nil): return try substring(text, start, nil)
    case ("substring", .int(let start), .int(let end)?, nil):
      return try substring(text, start, end)
    default: throw .noSuchOverload(name)
    }
  }

  private static func charAt(_ text: String, _ index: Int64) throws(EvaluationError) -> Value {
    guard let offset = offset(ofCodePoint: index, in: text) else { throw .indexOutOfRange }
    let rest = text.unicodeScalars[text.utf8.index(text.startIndex, offsetBy: offset)...]
    return .string(rest.first.map { String($0) } ?? "")
  }

  private static func indexOf(
    _ text: String,
    _ part: String,
    from start: Int64
  ) throws(EvaluationError) -> Value {
    guard let start = offset(ofCodePoint: start, in: text) else { throw .indexOutOfRange }
    let found = ByteSearch(part).firstOffset(in: text.utf8.span, from: start)
    return .int(found.map { codePoints(before: $0, in: text) } ?? -1)
  }

  /// The last occurrence that begins at `start` or before.
  private static func lastIndexOf(
    _ text: String,
    _ part: String,
    _ start: Int64?
  ) throws(EvaluationError) -> Value {
    var limit = text.utf8.count
    if let start {
      guard let offset = offset(ofCodePoint: start, in: text) else { throw .indexOutOfRange }
      limit = offset
    }
    guard !part.isEmpty else { return .int(codePoints(before: limit, in: text)) }
    let search = ByteSearch(part)
    var last: Int?
    var from = 0
    while let found = search.firstOffset(in: text.utf8.span, from: from), found <= limit {
      last = found
      from = found + 1
    }
    return .int(last.map { codePoints(before: $0, in: text) } ?? -1)
  }

  private static func replace(
    _ text: String,
    _ old: String,
    _ new: String,
    limit: Int64
  ) throws(EvaluationError) -> Value {
    var left = limit < 0 ? Int64.max : limit
    var result: [UInt8] = []
    let source = Array(text.utf8)
    let search = ByteSearch(old)
    var position = 0
    while left > 0, let found = search.firstOffset(in: source.span, from: position) {
      result.append(contentsOf: source[position..<found])
      result.append(contentsOf: new.utf8)
      try Size.check(result.count)
      left -= 1
      position = found + old.utf8.count
      // An empty text stands between all code points: step over one.
      if old.isEmpty {
        guard found < source.count else { break }
        var next = found + 1
        while next < source.count, UTF8.isContinuation(source[next]) { next += 1 }
        result.append(contentsOf: source[found..<next])
        position = next
      }
    }
    if position < source.count { result.append(contentsOf: source[position...]) }
    try Size.check(result.count)
    return .string(String(decoding: result, as: UTF8.self))
  }

  private static func split(
    _ text: String,
    _ separator: String,
    limit: Int64
  ) throws(EvaluationError) -> Value {
    guard limit != 0 else { return .list([]) }
    if separator.isEmpty {
      try Size.checkElements(text.utf8.count)
      let scalars = Array(text.unicodeScalars)
      let most = limit < 0 ? scalars.count : min(scalars.count, Int(clamping: limit))
      guard most > 0 else { return .list([]) }
      var parts = scalars.prefix(most - 1).map { Value.string(String($0)) }
      parts.append(.string(String(codePoints: scalars.dropFirst(most - 1))))
      return .list(parts)
    }
    let source = Array(text.utf8)
    let search = ByteSearch(separator)
    var parts: [Value] = []
    var position = 0
    while limit < 0 || parts.count < limit - 1,
      let found = search.firstOffset(in: source.span, from: position)
    {
      parts.append(.string(String(decoding: source[position..<found], as: UTF8.self)))
      position = found + separator.utf8.count
      try Size.checkElements(parts.count)
    }
    parts.append(.string(String(decoding: source[position...], as: UTF8.self)))
    return .list(parts)
  }

  private static func substring(
    _ text: String,
    _ start: Int64,
    _ end: Int64?
  ) throws(EvaluationError) -> Value {
    guard let from = offset(ofCodePoint: start, in: text) else { throw .indexOutOfRange }
    var to = text.utf8.count
    if let end {
      guard end >= start, let offset = offset(ofCodePoint: end, in: text) else {
        throw .indexOutOfRange
      }
      to = offset
    }
    let bytes = text.utf8.dropFirst(from).prefix(to - from)
    return .string(String(decoding: bytes, as: UTF8.self))
  }

  private static func join(_ list: Value, _ separator: Value?) throws(EvaluationError) -> Value {
    guard case .list(let elements) = list else { throw .noSuchOverload("join") }
    var between = ""
    if let separator {
      guard case .string(let text) = separator else { throw .noSuchOverload("join") }
      between = text
    }
    var result = ""
    for (index, element) in elements.enumerated() {
      guard case .string(let text) = element else { throw .noSuchOverload("join") }
      if index > 0 { result += between }
      result += text
      try Size.check(result.utf8.count)
    }
    return .string(result)
  }

  /// The byte where a code point begins; the end of the text counts as one more.
  private static func offset(ofCodePoint index: Int64, in text: String) -> Int? {
    guard index >= 0, let index = Int(exactly: index), index <= text.utf8.count else { return nil }
    var left = index
    var offset = 0
    for byte in text.utf8 {
      if !UTF8.isContinuation(byte) {
        if left == 0 { return offset }
        left -= 1
      }
      offset += 1
    }
    return left == 0 ? offset : nil
  }

  private static func codePoints(before offset: Int, in text: String) -> Int64 {
    var count: Int64 = 0
    for byte in text.utf8.prefix(offset) where !UTF8.isContinuation(byte) { count += 1 }
    return count
  }
}
