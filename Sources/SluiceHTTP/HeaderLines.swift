internal import SluiceCore

/// The name of a field, checked once and kept as the bytes that its line begins with.
package struct FieldName: Sendable {
  /// The name, a colon and a space.
  let start: [UInt8]

  /// A name that is not a token (RFC 9110 section 5.1) is a programmer error and traps.
  package init(_ name: String) {
    precondition(HeadWriter.isToken(name), "not a field name")
    start = Array("\(name): ".utf8)
  }
}

/// Fields on their way out, as the lines that they are in a head.
///
/// What says the same in many replies is made once and appended whole. Values are written as
/// `HeadWriter` writes them: without control characters.
package struct HeaderLines: Sendable, Equatable, ExpressibleByDictionaryLiteral {
  package private(set) var bytes: [UInt8] = []

  package init(reservingCapacity capacity: Int = 0) { bytes.reserveCapacity(capacity) }

  /// Fields in the order given; a name may stand more than once.
  package init(dictionaryLiteral fields: (String, String)...) {
    for (name, value) in fields { append(name, value) }
  }

  package mutating func append(_ name: String, _ value: String) {
    HeadWriter.append(name, value, to: &bytes)
  }

  package mutating func append(_ name: FieldName, _ value: String) {
    HeadWriter.append(name, value, to: &bytes)
  }

  package mutating func append(_ name: FieldName, _ value: Int64) {
    HeadWriter.append(name, value, to: &bytes)
  }

  package mutating func append(_ lines: HeaderLines) { bytes += lines.bytes }

  package mutating func append(_ pairs: [(name: String, value: String)]) {
    for (name, value) in pairs { append(name, value) }
  }

  // MARK: A value in parts

  /// Begins a field of which the value is written piece by piece; `end()` ends it.
  package mutating func begin(_ name: FieldName) { bytes += name.start }

  package mutating func write(_ text: String) { HeadWriter.append(value: text, to: &bytes) }

  /// Writes what was written before, by another value of this type.
  package mutating func write(_ prepared: [UInt8]) { bytes += prepared }

  package mutating func write(_ number: Int64) { DecimalText.append(number, to: &bytes) }

  /// Writes an amount in units of 10⁻⁹; see `DecimalText.text(ofNano:leastDecimals:)`.
  package mutating func write(nano: Int64, leastDecimals: Int) {
    DecimalText.append(nano: nano, leastDecimals: leastDecimals, to: &bytes)
  }

  package mutating func end() { HeadWriter.endLine(&bytes) }

  // MARK: Read back

  /// Names and values, for who takes a reply without a connection.
  package var pairs: [(name: String, value: String)] {
    bytes.split(separator: ASCII.lf)
      .map { line in
        let name = line.prefix { $0 != ASCII.colon }
        let value = line.dropFirst(name.count + 2).dropLast()
        return (String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self))
      }
  }
}
