/// Changes to a document that leave every other byte as it was.
///
/// Collects replacements and additions, then splices them in one pass. Each value may be replaced
/// once, and not inside another that is replaced.
package struct JSONEdit: Sendable {
  private struct Splice {
    var range: Range<Int>
    var text: [UInt8]
  }

  private let document: JSONDocument
  /// In the order of the text; of those at one place, the one added first before the others.
  private var splices: [Splice] = []
  /// Objects that had no member and have been given one.
  private var filled: Set<JSONValue> = []

  package init(_ document: JSONDocument) {
    self.document = document
  }

  /// Replaces a value by `text`, which must be JSON.
  package mutating func replace(_ value: JSONValue, by text: [UInt8]) {
    add(Splice(range: document.range(of: value), text: text))
  }

  /// Sets a member of `object`: replaces the value of the first so called, or adds one at the end.
  ///
  /// A name may be added once. Does nothing if `object` is not an object.
  package mutating func set(_ name: String, to text: [UInt8], in object: JSONValue) {
    guard document.kind(of: object) == .object else { return }
    if let value = document.member(name, of: object) { return replace(value, by: text) }
    let isFirst = document.count(of: object) == 0 && filled.insert(object).inserted
    var member: [UInt8] = isFirst ? [] : [UInt8(ascii: ",")]
    member.appendJSONString(name)
    member.append(UInt8(ascii: ":"))
    member += text
    let end = insertionOffset(in: object)
    add(Splice(range: end..<end, text: member))
  }

  private mutating func add(_ splice: Splice) {
    var place = splices.count
    while place > 0, splices[place - 1].range.lowerBound > splice.range.lowerBound { place -= 1 }
    splices.insert(splice, at: place)
  }

  /// Behind the last member, or behind the opening brace.
  private func insertionOffset(in object: JSONValue) -> Int {
    var last: JSONValue?
    for member in document.members(of: object) { last = member.value }
    return last.map { document.range(of: $0).upperBound } ?? document.range(of: object).lowerBound
      + 1
  }

  /// The text with all changes made.
  ///
  /// Linear in the text.
  package func apply() -> [UInt8] {
    let bytes = document.bytes
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count + splices.reduce(0) { $0 + $1.text.count })
    var offset = 0
    for splice in splices {
      precondition(splice.range.lowerBound >= offset, "edits of a document may not overlap")
      output += bytes[(bytes.startIndex + offset)..<(bytes.startIndex + splice.range.lowerBound)]
      output += splice.text
      offset = splice.range.upperBound
    }
    output += bytes[(bytes.startIndex + offset)...]
    return output
  }
}
