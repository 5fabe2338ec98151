internal import SluiceCore

extension JSONDocument {
  /// Appends the one spelling that all texts of the same meaning share, for cache keys.
  ///
  /// - White space between tokens is left out.
  /// - Members are sorted by the bytes of their names as spelled here. A name that stands twice
  ///   keeps both members, in the order of the text.
  /// - Strings hold the fewest escapes: the quote, the backslash, control characters (short form
  ///   where there is one, else `\u00xx`), and surrogates that stand alone (`\udxxx`).
  /// - A number spelled as an integer stays as it is. One with a fraction or an exponent becomes
  ///   its digits without zeros around them, `e` and the exponent: `0.70`, `7e-1` and `0.7` all
  ///   become `7e-1`. `1` and `1.0` stay distinct, since an upstream may take only the first where
  ///   it wants an integer. An exponent of more than nine digits keeps its spelling.
  ///
  /// Two texts of different meaning never share a spelling: every step rewrites a value as a text
  /// of the same value.
  ///
  /// - Parameters:
  ///   - value: what to append.
  ///   - omitted: names of members of `value` itself to leave out; deeper ones stay.
  ///   - output: where to append.
  /// - Complexity: linear, but for sorting the members of each object.
  package func appendCanonical(
    _ value: JSONValue,
    omitting omitted: JSONNames? = nil,
    to output: inout [UInt8]
  ) {
    var writer = CanonicalWriter(of: self, appendingTo: output)
    // The writer alone holds the bytes now, and appends in place.
    output = []
    writer.append(value.index, omitting: omitted, bytes.span, nodes.span)
    output = writer.finish()
  }
}

/// Writes the canonical spelling of values of one document.
///
/// Most of it stands in the text already: what follows there as it must follow here is gathered to
/// a run, and copied in one piece.
private struct CanonicalWriter {
  private let document: JSONDocument
  private var output: [UInt8]
  /// Offsets in the text of what is to be copied next.
  private var run = 0..<0

  init(of document: JSONDocument, appendingTo output: [UInt8]) {
    self.document = document
    self.output = output
  }

  /// The bytes that were given, and all that was appended.
  mutating func finish() -> [UInt8] {
    copyRun()
    return output
  }

  // MARK: Values

  mutating func append(
    _ index: Int,
    omitting omitted: JSONNames? = nil,
    _ bytes: Span<UInt8>,
    _ nodes: Span<JSONNode>
  ) {
    let node = nodes[index]
    switch node.kind {
    case .null, .bool: copy(Int(node.start)..<Int(node.end))
    case .number: appendNumber(node, bytes)
    case .string: appendString(index, bytes, nodes)
    case .array: appendArray(index, bytes, nodes)
    case .object: appendObject(index, omitting: omitted, bytes, nodes)
    }
  }

  private mutating func appendArray(
    _ index: Int,
    _ bytes: Span<UInt8>,
    _ nodes: Span<JSONNode>
  ) {
    let node = nodes[index]
    copyOpening(of: node)
    let end = Int(node.next)
    var element = index + 1
    while element < end {
      if element > index + 1 { put(UInt8(ascii: ","), bytes) }
      append(element, bytes, nodes)
      element = Int(nodes[element].next)
    }
    copyClosing(of: node)
  }

  /// Few members, as usual, are sorted where they need no allocation.
  private static let few = 16

  private mutating func appendObject(
    _ index: Int,
    omitting omitted: JSONNames?,
    _ bytes: Span<UInt8>,
    _ nodes: Span<JSONNode>
  ) {
    let node = nodes[index]
    copyOpening(of: node)
    let end = Int(node.next)
    var isFirst = true
    if Int(node.count) <= Self.few, Self.areNamesPlain(of: index, nodes) {
      var keys = InlineArray<16, UInt32>(repeating: 0)
      var count = 0
      var key = index + 1
      while key < end {
        // Found from the back: members of many bodies are nearly sorted.
        var place = count
        while place > 0, Self.precedes(nodes[key], nodes[Int(keys[place - 1])], bytes) {
          keys[place] = keys[place - 1]
          place -= 1
        }
        keys[place] = UInt32(truncatingIfNeeded: key)
        count += 1
        key = Int(nodes[key + 1].next)
      }
      for place in 0..<count {
        appendMember(Int(keys[place]), &isFirst, omitting: omitted, bytes, nodes)
      }
    } else {
      for key in sortedKeys(of: index, nodes) {
        appendMember(key, &isFirst, omitting: omitted, bytes, nodes)
      }
    }
    copyClosing(of: node)
  }

  private mutating func appendMember(
    _ key: Int,
    _ isFirst: inout Bool,
    omitting omitted: JSONNames?,
    _ bytes: Span<UInt8>,
    _ nodes: Span<JSONNode>
  ) {
    if let omitted, document.place(ofKey: key, in: omitted, bytes, nodes) != nil { return }
    if !isFirst { put(UInt8(ascii: ","), bytes) }
    isFirst = false
    appendString(key, bytes, nodes)
    put(UInt8(ascii: ":"), bytes)
    append(key + 1, bytes, nodes)
  }

  // MARK: Order of members

  /// Whether no name of an object has escapes, so that it is spelled canonically already.
  private static func areNamesPlain(of index: Int, _ nodes: Span<JSONNode>) -> Bool {
    let end = Int(nodes[index].next)
    var key = index + 1
    while key < end {
      if nodes[key].isComplex { return false }
      key = Int(nodes[key + 1].next)
    }
    return true
  }

  /// Whether the name `left` comes before the name `right`; of equal ones neither does.
  private static func precedes(
    _ left: JSONNode,
    _ right: JSONNode,
    _ bytes: Span<UInt8>
  ) -> Bool {
    // Behind the first quote, which all have; the last one counts, as it does for names with escapes.
    var (one, two) = (Int(left.start) + 1, Int(right.start) + 1)
    while one < Int(left.end), two < Int(right.end) {
      if bytes[one] != bytes[two] { return bytes[one] < bytes[two] }
      one += 1
      two += 1
    }
    return false
  }

  /// The keys of an object by their canonical spellings, equal ones in the order of the text.
  private func sortedKeys(of index: Int, _ nodes: Span<JSONNode>) -> [Int] {
    var keys: [(name: [UInt8], index: Int)] = []
    keys.reserveCapacity(Int(nodes[index].count))
    let end = Int(nodes[index].next)
    var key = index + 1
    while key < end {
      var name: [UInt8] = []
      document.appendCanonical(JSONValue(index: key), to: &name)
      keys.append((name, key))
      key = Int(nodes[key + 1].next)
    }
    return
      keys
      .sorted {
        $0.name == $1.name ? $0.index < $1.index : $0.name.lexicographicallyPrecedes($1.name)
      }
      .map(\.index)
  }

  // MARK: Scalars

  private mutating func appendString(
    _ index: Int,
    _ bytes: Span<UInt8>,
    _ nodes: Span<JSONNode>
  ) {
    let node = nodes[index]
    guard node.isComplex else { return copy(Int(node.start)..<Int(node.end)) }
    copyRun()
    output.append(UInt8(ascii: "\""))
    var reader = JSONStringReader(document.contents(of: JSONValue(index: index)))
    while let piece = reader.next() {
      switch piece {
      case .plain(let range): output += reader.contents[range]
      case .scalar(let scalar):
        for byte in String(Character(scalar)).utf8 { output.appendJSONEscaped(byte) }
      case .loneSurrogate(let unit):
        output.append(UInt8(ascii: "\\"))
        output.appendJSONUnit(unit)
      }
    }
    output.append(UInt8(ascii: "\""))
  }

  private mutating func appendNumber(_ node: JSONNode, _ bytes: Span<UInt8>) {
    var index = Int(node.start)
    var mantissaEnd = index
    while mantissaEnd < Int(node.end), bytes[mantissaEnd] | 0x20 != UInt8(ascii: "e") {
      mantissaEnd += 1
    }
    guard node.isComplex, var exponent = Self.exponent(bytes, mantissaEnd..<Int(node.end)) else {
      return copy(Int(node.start)..<Int(node.end))
    }
    copyRun()
    if bytes[index] == UInt8(ascii: "-") {
      output.append(UInt8(ascii: "-"))
      index += 1
    }
    // The digits, without zeros at either end.
    let first = output.count
    var isFraction = false
    while index < mantissaEnd {
      let byte = bytes[index]
      index += 1
      if byte == UInt8(ascii: ".") {
        isFraction = true
        continue
      }
      if isFraction { exponent -= 1 }
      if output.count > first || byte != UInt8(ascii: "0") { output.append(byte) }
    }
    while output.count > first, output.last == UInt8(ascii: "0") {
      output.removeLast()
      exponent += 1
    }
    if output.count == first {
      output.append(UInt8(ascii: "0"))
      exponent = 0
    }
    output.append(UInt8(ascii: "e"))
    DecimalText.append(Int64(exponent), to: &output)
  }

  /// The exponent that `range` spells, which is empty or begins with `e`.
  ///
  /// `nil` when it is longer than nine digits.
  private static func exponent(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
    guard !range.isEmpty else { return 0 }
    var index = range.lowerBound + 1
    let isNegative = bytes[index] == UInt8(ascii: "-")
    if isNegative || bytes[index] == UInt8(ascii: "+") { index += 1 }
    while index < range.upperBound, bytes[index] == UInt8(ascii: "0") { index += 1 }
    guard range.upperBound - index <= 9 else { return nil }
    var magnitude = 0
    while index < range.upperBound {
      magnitude = magnitude * 10 + Int(bytes[index] - UInt8(ascii: "0"))
      index += 1
    }
    return isNegative ? -magnitude : magnitude
  }

  // MARK: Runs of the text

  /// Appends what stands at `range` of the text.
  private mutating func copy(_ range: Range<Int>) {
    if range.lowerBound == run.upperBound {
      run = run.lowerBound..<range.upperBound
    } else {
      copyRun()
      run = range
    }
  }

  private mutating func copyOpening(of node: JSONNode) {
    copy(Int(node.start)..<(Int(node.start) + 1))
  }

  private mutating func copyClosing(of node: JSONNode) {
    copy((Int(node.end) - 1)..<Int(node.end))
  }

  /// Appends a byte between values, out of the text if it comes next there.
  private mutating func put(_ byte: UInt8, _ bytes: Span<UInt8>) {
    if run.upperBound < bytes.count, bytes[run.upperBound] == byte, !run.isEmpty {
      run = run.lowerBound..<(run.upperBound + 1)
    } else {
      copyRun()
      output.append(byte)
    }
  }

  private mutating func copyRun() {
    guard !run.isEmpty else { return }
    let start = document.bytes.startIndex
    output += document.bytes[(start + run.lowerBound)..<(start + run.upperBound)]
    run = 0..<0
  }
}
