/// Changes to a document that leave every other byte as it was.
///
/// Collects replacements and additions, then splices them in one pass. Each value may be replaced
/// once, and not inside another that is replaced.
package struct JSONEdit: Sendable {
  private struct Splice {
    var range: Range<Int>
    var order: Int
    var text: [UInt8]
  }

  private let document: JSONDocument
  private var splices: [Splice] = []
  /// Objects that had no member and have been given one.
  private var filled: Set<JSONValue> = []

  package init(_ document: JSONDocument) {
    self.document = document
  }

  /// Replaces a value by `text`, which must be JSON.
  package mutating func replace(_ value: JSONValue, by text: [UInt8]) {
    splices.append(Splice(range: document.range(of: value), order: splices.count, text: text))
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
    splices.append(Splice(range: end..<end, order: splices.count, text: member))
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
    let sorted = splices.sorted {
      ($0.range.lowerBound, $0.order) < ($1.range.lowerBound, $1.order)
    }
    for splice in sorted {
      precondition(splice.range.lowerBound >= offset, "edits of a document may not overlap")
      output += bytes[(bytes.startIndex + offset)..<(bytes.startIndex + splice.range.lowerBound)]
      output += splice.text
      offset = splice.range.upperBound
    }
    output += bytes[(bytes.startIndex + offset)...]
    return output
  }
}
