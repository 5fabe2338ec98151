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
    omitting omitted: [String] = [],
    to output: inout [UInt8]
  ) {
    switch kind(of: value) {
    case .null, .bool: appendText(of: value, to: &output)
    case .number: appendCanonicalNumber(value, to: &output)
    case .string: appendCanonicalString(value, to: &output)
    case .array:
      output.append(UInt8(ascii: "["))
      var isFirst = true
      for element in elements(of: value) {
        if !isFirst { output.append(UInt8(ascii: ",")) }
        isFirst = false
        appendCanonical(element, to: &output)
      }
      output.append(UInt8(ascii: "]"))
    case .object:
      output.append(UInt8(ascii: "{"))
      var isFirst = true
      for member in sortedMembers(of: value)
      where !omitted.contains(where: { isString(member.key, equalTo: $0) }) {
        if !isFirst { output.append(UInt8(ascii: ",")) }
        isFirst = false
        appendCanonicalString(member.key, to: &output)
        output.append(UInt8(ascii: ":"))
        appendCanonical(member.value, to: &output)
      }
      output.append(UInt8(ascii: "}"))
    }
  }

  private func sortedMembers(of object: JSONValue) -> [Member] {
    var sorted: [Member] = []
    sorted.reserveCapacity(count(of: object))
    var isPlain = true
    for member in members(of: object) {
      sorted.append(member)
      if nodes[member.key.index].isComplex { isPlain = false }
    }
    // A name without escapes is spelled canonically already, so its bytes can be compared in place.
    if isPlain {
      sorted.sort { precedes($0.key, $1.key) }
    } else {
      let named = sorted.map { member in
        var name: [UInt8] = []
        appendCanonicalString(member.key, to: &name)
        return (name: name, member: member)
      }
      sorted =
        named
        .sorted {
          $0.name == $1.name
            ? $0.member.key.index < $1.member.key.index : $0.name.lexicographicallyPrecedes($1.name)
        }
        .map(\.member)
    }
    return sorted
  }

  private func precedes(_ left: JSONValue, _ right: JSONValue) -> Bool {
    let (one, two) = (range(of: left), range(of: right))
    let span = bytes.span
    // The quotes count, as they do for names with escapes.
    for offset in 0..<min(one.count, two.count) {
      let (a, b) = (span[one.lowerBound + offset], span[two.lowerBound + offset])
      if a != b { return a < b }
    }
    return left.index < right.index
  }

  private func appendCanonicalString(_ value: JSONValue, to output: inout [UInt8]) {
    guard nodes[value.index].isComplex else { return appendText(of: value, to: &output) }
    output.append(UInt8(ascii: "\""))
    var reader = JSONStringReader(contents(of: value))
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

  /// Appends the bytes of a value as they stand.
  private func appendText(of value: JSONValue, to output: inout [UInt8]) {
    let range = range(of: value)
    guard range.count <= 32 else {
      output += text(of: value)
      return
    }
    // Most are names and numbers: too short for a block copy to pay for its slice.
    let span = bytes.span
    output.append(addingCapacity: range.count) { appended in
      for index in range { appended.append(span[index]) }
    }
  }

  private func appendCanonicalNumber(_ value: JSONValue, to output: inout [UInt8]) {
    guard nodes[value.index].isComplex, let number = Decimal(text(of: value)) else {
      return appendText(of: value, to: &output)
    }
    if number.isNegative { output.append(UInt8(ascii: "-")) }
    output += number.digits
    output.append(UInt8(ascii: "e"))
    output += Array(String(number.exponent).utf8)
  }

  /// A decimal number as digits times a power of ten, without zeros at either end.
  private struct Decimal {
    var isNegative = false
    var digits: [UInt8] = []
    var exponent = 0

    /// `nil` when the exponent is longer than nine digits.
    init?(_ text: ArraySlice<UInt8>) {
      var index = text.startIndex
      if text[index] == UInt8(ascii: "-") {
        isNegative = true
        index += 1
      }
      var isFraction = false
      while index < text.endIndex, text[index] | 0x20 != UInt8(ascii: "e") {
        if text[index] == UInt8(ascii: ".") {
          isFraction = true
        } else {
          if isFraction { exponent -= 1 }
          if !digits.isEmpty || text[index] != UInt8(ascii: "0") { digits.append(text[index]) }
        }
        index += 1
      }
      if index < text.endIndex {
        index += 1
        let isNegative = text[index] == UInt8(ascii: "-")
        if isNegative || text[index] == UInt8(ascii: "+") { index += 1 }
        let power = text[index...].drop { $0 == UInt8(ascii: "0") }
        guard power.count <= 9 else { return nil }
        let magnitude = power.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        exponent += isNegative ? -magnitude : magnitude
      }
      while digits.last == UInt8(ascii: "0") {
        digits.removeLast()
        exponent += 1
      }
      if digits.isEmpty {
        digits = [UInt8(ascii: "0")]
        exponent = 0
      }
    }
  }
}
