/// Names of members, laid out so that one is found without making a string.
///
/// Most members of a body have a name whose length none of these has, which a bit tells; the others
/// are compared with the few that are as long.
package struct JSONNames: Sendable {
  /// A name as it lies in `bytes`.
  private struct Row: Sendable {
    var start: Int
    var end: Int
    /// Its place in the list that was given.
    var place: Int
  }

  /// One bit for each length below 64 that a name has.
  private let lengths: UInt64
  private let bytes: [UInt8]
  private let rows: [Row]

  /// Takes names of less than 64 bytes each.
  package init(_ names: [String]) {
    var lengths: UInt64 = 0
    var bytes: [UInt8] = []
    var rows: [Row] = []
    for (place, name) in names.enumerated() {
      precondition(name.utf8.count < 64, "a name that is looked for is short")
      lengths |= 1 << UInt64(name.utf8.count)
      rows.append(Row(start: bytes.count, end: bytes.count + name.utf8.count, place: place))
      bytes += name.utf8
    }
    self.lengths = lengths
    self.bytes = bytes
    self.rows = rows
  }

  /// The place of the name that `key`, a string of `document`, spells; `nil` if it is none of these.
  ///
  /// Compares decoded names, so that `"mod\u0065l"` is found as `model`.
  package func place(of key: JSONValue, in document: JSONDocument) -> Int? {
    let node = document.nodes[key.index]
    guard node.isComplex else {
      return place(
        of: document.bytes.span.extracting((Int(node.start) + 1)..<(Int(node.end) - 1))
      )
    }
    var name: [UInt8] = []
    document.appendString(key, to: &name)
    return place(of: name.span)
  }

  func place(of name: Span<UInt8>) -> Int? {
    guard name.count < 64, lengths >> UInt64(name.count) & 1 == 1 else { return nil }
    let known = bytes.span
    let rows = rows.span
    for index in rows.indices where rows[index].end - rows[index].start == name.count {
      let start = rows[index].start
      var offset = 0
      while offset < name.count, name[offset] == known[start + offset] { offset += 1 }
      if offset == name.count { return rows[index].place }
    }
    return nil
  }
}

extension JSONNames: ExpressibleByArrayLiteral {
  package init(arrayLiteral names: String...) { self.init(names) }
}
