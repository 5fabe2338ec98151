/// The fields of a head: its raw bytes once, and where each name and value lies in them.
///
/// Names are compared without regard to case and without allocating; strings are made only when
/// asked for. Look-up is linear in the number of fields, which `Bounds.headerFields` bounds.
package struct HeaderFields: Sendable {
  struct Field: Sendable {
    var nameStart: UInt32
    var nameEnd: UInt32
    var valueStart: UInt32
    var valueEnd: UInt32
  }

  /// The head as it came, from the first line to the empty line.
  let raw: [UInt8]
  let fields: [Field]
  /// One bit for each length that a name here has, the last for all from 63 on: most names that are
  /// looked for are not there, which their length tells nearly always.
  private let nameLengths: UInt64

  init(raw: [UInt8], fields: [Field]) {
    self.raw = raw
    self.fields = fields
    var lengths: UInt64 = 0
    for index in fields.indices {
      lengths |= Self.lengthBit(Int(fields[index].nameEnd - fields[index].nameStart))
    }
    nameLengths = lengths
  }

  private static func lengthBit(_ count: Int) -> UInt64 { 1 << UInt64(min(count, 63)) }

  /// No fields.
  package init() {
    self.init(raw: [], fields: [])
  }

  /// Fields that no connection carried: those of a traced or simulated request.
  ///
  /// Names must be tokens; control characters of values are left out.
  package init(_ pairs: [(name: String, value: String)]) {
    var raw: [UInt8] = []
    var fields: [Field] = []
    for (name, value) in pairs {
      let start = raw.count
      HeadWriter.append(name, value, to: &raw)
      let nameEnd = start + name.utf8.count
      let line = trimmed(raw.span, (nameEnd + 1)..<(raw.count - 2))
      fields.append(
        Field(
          nameStart: UInt32(truncatingIfNeeded: start),
          nameEnd: UInt32(truncatingIfNeeded: nameEnd),
          valueStart: UInt32(truncatingIfNeeded: line.lowerBound),
          valueEnd: UInt32(truncatingIfNeeded: line.upperBound)
        )
      )
    }
    self.init(raw: raw, fields: fields)
  }

  package var count: Int { fields.count }

  /// The place of the first field called `name`, in lower case; `nil` if there is none.
  package func index(of name: String, from start: Int = 0) -> Int? {
    guard nameLengths & Self.lengthBit(name.utf8.count) != 0 else { return nil }
    var index = start
    while index < fields.count {
      if isNamed(name, at: index) { return index }
      index += 1
    }
    return nil
  }

  /// The value of the first field called `name`, in lower case.
  package func first(_ name: String) -> String? {
    index(of: name).map { value(at: $0) }
  }

  /// The values of all fields called `name`, in lower case, in their order.
  package func all(_ name: String) -> [String] {
    var values: [String] = []
    var from = 0
    while let index = index(of: name, from: from) {
      values.append(value(at: index))
      from = index + 1
    }
    return values
  }

  /// Whether a list field called `name`, over all its lines, has the member `token`.
  ///
  /// Both are given in lower case; members are compared without regard to case (RFC 9110 section
  /// 5.6.1). Parameters of a member are part of it.
  package func list(_ name: String, contains token: String) -> Bool {
    let wanted = token.utf8.span
    let bytes = raw.span
    var from = 0
    while let index = index(of: name, from: from) {
      var found = false
      forEachMember(of: index) { member in
        if isSame(bytes, member, wanted) { found = true }
      }
      if found { return true }
      from = index + 1
    }
    return false
  }

  /// Whether `Content-Type` names `type`, given in lower case; parameters do not count.
  package func hasMediaType(_ type: String) -> Bool {
    guard let index = index(of: "content-type") else { return false }
    let bytes = raw.span
    let start = Int(fields[index].valueStart)
    var end = start
    while end < Int(fields[index].valueEnd), bytes[end] != ASCII.semicolon { end += 1 }
    return isSame(bytes, trimmed(bytes, start..<end), type.utf8.span)
  }

  /// The name as it was sent.
  package func name(at index: Int) -> String {
    String(decoding: nameBytes(at: index), as: UTF8.self)
  }

  package func lowercasedName(at index: Int) -> String {
    String(decoding: nameBytes(at: index).map(ByteClass.lowercased), as: UTF8.self)
  }

  /// The value without the white space around it; what is not UTF-8 reads as U+FFFD.
  package func value(at index: Int) -> String {
    String(decoding: valueBytes(at: index), as: UTF8.self)
  }

  /// Whether the value begins with `prefix`, given in lower case, but for case.
  package func value(at index: Int, startsWith prefix: String) -> Bool {
    let wanted = prefix.utf8.span
    let start = Int(fields[index].valueStart)
    return start + wanted.count <= Int(fields[index].valueEnd)
      && isSame(raw.span, start..<start + wanted.count, wanted)
  }

  package func nameBytes(at index: Int) -> ArraySlice<UInt8> {
    raw[Int(fields[index].nameStart)..<Int(fields[index].nameEnd)]
  }

  package func valueBytes(at index: Int) -> ArraySlice<UInt8> {
    raw[Int(fields[index].valueStart)..<Int(fields[index].valueEnd)]
  }

  /// Whether the field at `index` is called `name`, in lower case.
  package func isNamed(_ name: String, at index: Int) -> Bool {
    let field = fields[index]
    // The length decides nearly always, and asking for a string's bytes is not free.
    guard Int(field.nameEnd - field.nameStart) == name.utf8.count else { return false }
    return isSame(raw.span, Int(field.nameStart)..<Int(field.nameEnd), name.utf8.span)
  }

  /// Calls `body` with the range of each member of a comma-separated value, trimmed, never empty.
  func forEachMember(of index: Int, _ body: (Range<Int>) -> Void) {
    let (start, end) = (Int(fields[index].valueStart), Int(fields[index].valueEnd))
    let bytes = raw.span
    var from = start
    while from <= end {
      var to = from
      while to < end, bytes[to] != ASCII.comma { to += 1 }
      let member = trimmed(bytes, from..<to)
      if !member.isEmpty { body(member) }
      from = to + 1
    }
  }

  /// Whether two ranges of the raw head are the same but for case.
  func isName(at index: Int, sameAs range: Range<Int>) -> Bool {
    let field = fields[index]
    guard range.count == Int(field.nameEnd - field.nameStart) else { return false }
    let bytes = raw.span
    for offset in 0..<range.count
    where ByteClass.lowercased(bytes[range.lowerBound + offset])
      != ByteClass.lowercased(bytes[Int(field.nameStart) + offset])
    {
      return false
    }
    return true
  }
}

/// Whether `bytes[range]` is `wanted`, given in lower case, but for case.
func isSame(_ bytes: Span<UInt8>, _ range: Range<Int>, _ wanted: Span<UInt8>) -> Bool {
  guard range.count == wanted.count else { return false }
  let found = bytes.extracting(range)
  for offset in wanted.indices
  where found[offset] != wanted[offset]
    && ByteClass.lowercased(found[offset]) != wanted[offset]
  {
    return false
  }
  return true
}

/// `range` without the spaces and tabs at its ends.
func trimmed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
  var (start, end) = (range.lowerBound, range.upperBound)
  while start < end, bytes[start] == ASCII.space || bytes[start] == ASCII.tab { start += 1 }
  while end > start, bytes[end - 1] == ASCII.space || bytes[end - 1] == ASCII.tab { end -= 1 }
  return start..<end
}
