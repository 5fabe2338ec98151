internal import SluiceCore

/// A value of a document: a number that only that document understands.
package struct JSONValue: Hashable, Sendable {
  let index: Int
}

/// A validated JSON text: its bytes, and where every value lies in them.
///
/// Nothing is decoded before it is asked for, and the bytes stay what they were, so that a body
/// can be passed on with only the changed values replaced (`JSONEdit`). Values are named by
/// `JSONValue`s, which belong to the document that handed them out; another document's trap or
/// answer nonsense.
///
/// Copying a document retains its two buffers.
package struct JSONDocument: Sendable {
  /// The text, exactly as it was given.
  package let bytes: ArraySlice<UInt8>
  let nodes: [JSONNode]

  /// Reads `bytes`, in one pass over them.
  ///
  /// - Throws: `JSONError` with the offset of the first byte that is wrong.
  package init(_ bytes: [UInt8]) throws(JSONError) {
    try self.init(bytes[...])
  }

  /// Reads a slice, which is kept; offsets count from its first byte.
  ///
  /// - Parameters:
  ///   - bytes: the text.
  ///   - maximumValues: how many values it may hold, keys included.
  /// - Throws: `JSONError` with the offset of the first byte that is wrong.
  package init(
    _ bytes: ArraySlice<UInt8>,
    maximumValues: Int = Bounds.jsonNodes
  ) throws(JSONError) {
    self.bytes = bytes
    nodes = try JSONScanner.scan(bytes.span, maximumNodes: maximumValues)
  }

  /// The one value that the text is.
  package var root: JSONValue { JSONValue(index: 0) }

  package func kind(of value: JSONValue) -> JSONKind { nodes[value.index].kind }

  /// Members of an object, elements of an array, 0 for others.
  package func count(of value: JSONValue) -> Int { Int(nodes[value.index].count) }

  /// Where the value lies, counted from the start of the text; strings include their quotes.
  package func range(of value: JSONValue) -> Range<Int> {
    Int(nodes[value.index].start)..<Int(nodes[value.index].end)
  }

  /// The bytes of the value as they stand in the text.
  package func text(of value: JSONValue) -> ArraySlice<UInt8> {
    let range = range(of: value)
    return bytes[(bytes.startIndex + range.lowerBound)..<(bytes.startIndex + range.upperBound)]
  }
}

// MARK: Containers

extension JSONDocument {
  /// A member of an object.
  package struct Member: Sendable {
    package let key: JSONValue
    package let value: JSONValue
  }

  /// The members of an object in the order of the text; empty for other kinds.
  package struct Members: Sequence, IteratorProtocol, Sendable {
    let nodes: [JSONNode]
    var index: Int
    let end: Int

    package mutating func next() -> Member? {
      guard index < end else { return nil }
      defer { index = Int(nodes[index + 1].next) }
      return Member(key: JSONValue(index: index), value: JSONValue(index: index + 1))
    }
  }

  /// The elements of an array in the order of the text; empty for other kinds.
  package struct Elements: Sequence, IteratorProtocol, Sendable {
    let nodes: [JSONNode]
    var index: Int
    let end: Int

    package mutating func next() -> JSONValue? {
      guard index < end else { return nil }
      defer { index = Int(nodes[index].next) }
      return JSONValue(index: index)
    }
  }

  package func members(of value: JSONValue) -> Members {
    let isObject = kind(of: value) == .object
    return Members(nodes: nodes, index: value.index + 1, end: isObject ? end(of: value) : 0)
  }

  package func elements(of value: JSONValue) -> Elements {
    let isArray = kind(of: value) == .array
    return Elements(nodes: nodes, index: value.index + 1, end: isArray ? end(of: value) : 0)
  }

  private func end(of value: JSONValue) -> Int { Int(nodes[value.index].next) }

  /// The value of the first member called `name`; `nil` if there is none or `value` is no object.
  ///
  /// Compares decoded names, so that `"mod\u0065l"` is found as `model`. Linear in the members.
  package func member(_ name: String, of value: JSONValue) -> JSONValue? {
    let nodes = nodes.span
    guard nodes[value.index].kind == .object else { return nil }
    // The length decides nearly always, and asking for a string's bytes is not free.
    let length = UInt32(truncatingIfNeeded: name.utf8.count + 2)
    var index = value.index + 1
    let end = Int(nodes[value.index].next)
    while index < end {
      let isCandidate =
        nodes[index].end - nodes[index].start == length || nodes[index].isComplex
      if isCandidate, isString(JSONValue(index: index), equalTo: name) {
        return JSONValue(index: index + 1)
      }
      index = Int(nodes[index + 1].next)
    }
    return nil
  }

  /// The first name that stands twice among the members of an object.
  ///
  /// RFC 8259 section 4 leaves the meaning of such an object open, so two readers may see two
  /// requests in one body.
  package func repeatedKey(in value: JSONValue) -> String? {
    guard kind(of: value) == .object else { return nil }
    let end = end(of: value)
    guard count(of: value) <= 16 else {
      var seen: Set<String> = []
      for member in members(of: value) {
        let name = string(member.key) ?? ""
        if !seen.insert(name).inserted { return name }
      }
      return nil
    }
    // Few members, as usual: comparing lengths first costs less than a set.
    var index = value.index + 1
    while index < end {
      let following = Int(nodes[index + 1].next)
      let length = nodes[index].end - nodes[index].start
      var other = following
      while other < end {
        let isCandidate =
          nodes[other].end - nodes[other].start == length
          || nodes[index].isComplex || nodes[other].isComplex
        if isCandidate, areEqualStrings(index, other) { return string(JSONValue(index: index)) }
        other = Int(nodes[other + 1].next)
      }
      index = following
    }
    return nil
  }

  private func areEqualStrings(_ left: Int, _ right: Int) -> Bool {
    let (one, two) = (nodes[left], nodes[right])
    if one.isComplex || two.isComplex {
      return string(JSONValue(index: left)) == string(JSONValue(index: right))
    }
    return text(of: JSONValue(index: left)).elementsEqual(text(of: JSONValue(index: right)))
  }
}

// MARK: Scalars

extension JSONDocument {
  package func isNull(_ value: JSONValue) -> Bool { kind(of: value) == .null }

  package func bool(_ value: JSONValue) -> Bool? {
    guard kind(of: value) == .bool else { return nil }
    return bytes.span[Int(nodes[value.index].start)] == UInt8(ascii: "t")
  }

  /// A number that is spelled as an integer and fits; `1.0` and `1e3` do not count.
  package func int(_ value: JSONValue) -> Int64? {
    let node = nodes[value.index]
    guard node.kind == .number, !node.isComplex else { return nil }
    let span = bytes.span
    var index = Int(node.start)
    let isNegative = span[index] == UInt8(ascii: "-")
    if isNegative { index += 1 }
    var total: Int64 = 0
    while index < Int(node.end) {
      let digit = Int64(span[index] - UInt8(ascii: "0"))
      let (product, overflowed) = total.multipliedReportingOverflow(by: 10)
      let (sum, carried) =
        isNegative
        ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
      guard !overflowed, !carried else { return nil }
      total = sum
      index += 1
    }
    return total
  }

  /// Any number, rounded to the nearest double; infinite beyond its range.
  package func double(_ value: JSONValue) -> Double? {
    guard kind(of: value) == .number else { return nil }
    return Double(String(decoding: text(of: value), as: UTF8.self))
  }

  /// A string, its escapes resolved; a surrogate that stands alone reads as U+FFFD.
  package func string(_ value: JSONValue) -> String? {
    let node = nodes[value.index]
    guard node.kind == .string else { return nil }
    if !node.isComplex { return String(decoding: contents(of: value), as: UTF8.self) }
    var decoded: [UInt8] = []
    appendString(value, to: &decoded)
    return String(decoding: decoded, as: UTF8.self)
  }

  /// Appends a string's UTF-8, its escapes resolved, without making a `String`.
  ///
  /// Appends nothing if `value` is not a string.
  package func appendString(_ value: JSONValue, to output: inout [UInt8]) {
    let node = nodes[value.index]
    guard node.kind == .string else { return }
    guard node.isComplex else {
      output.append(contentsOf: contents(of: value))
      return
    }
    var escapes = JSONStringReader(contents(of: value))
    while let piece = escapes.next() {
      switch piece {
      case .plain(let range): output.append(contentsOf: escapes.contents[range])
      case .scalar(let scalar): output.append(contentsOf: String(Character(scalar)).utf8)
      case .loneSurrogate: output.append(contentsOf: [0xEF, 0xBF, 0xBD])
      }
    }
  }

  /// Whether a string is spelled with escapes, so that its bytes are not its text.
  package func hasEscapes(_ value: JSONValue) -> Bool {
    let node = nodes[value.index]
    return node.kind == .string && node.isComplex
  }

  /// The bytes between the quotes of a string, still escaped; empty for other kinds.
  package func contents(of value: JSONValue) -> ArraySlice<UInt8> {
    guard kind(of: value) == .string else { return [] }
    let range = range(of: value)
    let start = bytes.startIndex
    return bytes[(start + range.lowerBound + 1)..<(start + range.upperBound - 1)]
  }

  /// Whether a value is the string `other`, decoded.
  package func isString(_ value: JSONValue, equalTo other: String) -> Bool {
    let node = nodes[value.index]
    guard node.kind == .string else { return false }
    if node.isComplex { return string(value) == other }
    guard other.utf8.count == Int(node.end - node.start) - 2 else { return false }
    let span = bytes.span
    let expected = other.utf8.span
    for index in 0..<expected.count where span[Int(node.start) + 1 + index] != expected[index] {
      return false
    }
    return true
  }
}
