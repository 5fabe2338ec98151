/// Names of members, laid out so that one is found without making a string.
///
/// Most members of a body have a name whose length none of these has; the others are compared with
/// the few that are as long.
package struct JSONNames: Sendable {
  /// A name as it lies in `bytes`.
  private struct Row: Sendable {
    var start: Int
    /// Its place in the list that was given.
    var place: Int
  }

  private let bytes: [UInt8]
  /// By length.
  private let rows: [Row]
  /// Which row is the first of each length; one more tells where the last length ends.
  private let firsts: [Int]

  package init(_ names: [String]) {
    var bytes: [UInt8] = []
    var rows: [Row] = []
    var firsts: [Int] = []
    for length in 0...(names.map(\.utf8.count).max() ?? 0) {
      firsts.append(rows.count)
      for (place, name) in names.enumerated() where name.utf8.count == length {
        rows.append(Row(start: bytes.count, place: place))
        bytes += name.utf8
      }
    }
    firsts.append(rows.count)
    self.bytes = bytes
    self.rows = rows
    self.firsts = firsts
  }

  /// The place of a name in the list that was given; `nil` if it is none of these.
  func place(of name: Span<UInt8>) -> Int? {
    guard name.count + 1 < firsts.count else { return nil }
    let (known, rows) = (bytes.span, rows.span)
    for index in firsts[name.count]..<firsts[name.count + 1] {
      let candidate = known.extracting(rows[index].start..<rows[index].start + name.count)
      var offset = 0
      while offset < name.count, name[offset] == candidate[offset] { offset += 1 }
      if offset == name.count { return rows[index].place }
    }
    return nil
  }
}

extension JSONNames: ExpressibleByArrayLiteral {
  package init(arrayLiteral names: String...) { self.init(names) }
}

extension JSONDocument {
  /// Visits the members of an object that have one of `names`, in the order of the text.
  ///
  /// Compares decoded names, so that `"mod\u0065l"` is found as `model`.
  ///
  /// - Parameters:
  ///   - object: nothing is visited if it is none.
  ///   - names: what is looked for.
  ///   - body: gets the place of the name in its list, and the value.
  package func forEachMember(
    of object: JSONValue,
    named names: JSONNames,
    _ body: (Int, JSONValue) -> Void
  ) {
    let (bytes, nodes) = (bytes.span, nodes.span)
    guard nodes[object.index].kind == .object else { return }
    let end = Int(nodes[object.index].next)
    var key = object.index + 1
    while key < end {
      if let place = place(ofKey: key, in: names, bytes, nodes) {
        body(place, JSONValue(index: key + 1))
      }
      key = Int(nodes[key + 1].next)
    }
  }

  /// The place in `names` of the name of a member.
  func place(
    ofKey key: Int,
    in names: JSONNames,
    _ bytes: Span<UInt8>,
    _ nodes: Span<JSONNode>
  ) -> Int? {
    let node = nodes[key]
    guard node.isComplex else {
      return names.place(of: bytes.extracting((Int(node.start) + 1)..<(Int(node.end) - 1)))
    }
    var name: [UInt8] = []
    appendString(JSONValue(index: key), to: &name)
    return names.place(of: name.span)
  }
}
