internal import SluiceCore

/// Finds the end of a head, and splits it into lines and fields: what requests and replies share.
///
/// The search goes on where it stopped, so a head that trickles in byte by byte costs no more
/// than one that comes at once.
struct HeadScanner: Sendable {
  private var searched = 0

  enum Search {
    case needMore
    /// Bytes of the head, the empty line included.
    case complete(Int)
    case refused(HTTPRefusal)
  }

  /// Looks for the empty line, refusing at once what may never stand in a head.
  ///
  /// `bytes` begins where the head begins, and each call sees those of the call before.
  mutating func findEnd(_ bytes: Span<UInt8>) -> Search {
    let limit = min(bytes.count, Bounds.headBytes)
    let head = bytes.extracting(0..<limit)
    while true {
      searched = ByteScan.textEnd(head, from: searched)
      guard searched < limit else { break }
      switch head[searched] {
      case ASCII.tab, ASCII.delete: searched += 1
      case ASCII.cr:
        guard searched + 1 < Bounds.headBytes else { return .refused(.headTooLong) }
        guard searched + 1 < bytes.count else { return .needMore }
        guard bytes[searched + 1] == ASCII.lf else { return .refused(.bareCarriageReturn) }
        let isEmptyLine =
          searched >= 2 && bytes[searched - 1] == ASCII.lf && bytes[searched - 2] == ASCII.cr
        searched += 2
        if isEmptyLine { return .complete(searched) }
      case ASCII.lf: return .refused(.bareLineFeed)
      default: return .refused(.controlByte)
      }
    }
    return bytes.count >= Bounds.headBytes ? .refused(.headTooLong) : .needMore
  }

  /// Offset of the carriage return that ends the line which begins at `start`.
  static func lineEnd(_ bytes: Span<UInt8>, from start: Int) -> Int {
    var end = ByteScan.textEnd(bytes, from: start)
    while end < bytes.count, bytes[end] != ASCII.cr { end = ByteScan.textEnd(bytes, from: end + 1) }
    return end
  }

  /// Reads the field lines from `start` up to the empty line that ends at `end`.
  static func fields(
    _ bytes: Span<UInt8>,
    from start: Int,
    to end: Int
  ) throws(HTTPRefusal) -> [HeaderFields.Field] {
    var fields: [HeaderFields.Field] = []
    fields.reserveCapacity(16)
    var lineStart = start
    while lineStart < end - 2 {
      guard fields.count < Bounds.headerFields else { throw .tooManyFields }
      let first = bytes[lineStart]
      if first == ASCII.space || first == ASCII.tab { throw .foldedField }
      let colon = bytes.end(of: ByteClass.isToken, from: lineStart)
      guard bytes[colon] == ASCII.colon else {
        throw refusal(ofName: bytes, lineStart: lineStart, stoppedAt: colon)
      }
      guard colon > lineStart else { throw .emptyFieldName }
      var lineEnd = ByteScan.textEnd(bytes, from: colon + 1)
      while bytes[lineEnd] == ASCII.tab { lineEnd = ByteScan.textEnd(bytes, from: lineEnd + 1) }
      guard bytes[lineEnd] == ASCII.cr else { throw .badFieldValue }
      let value = trimmed(bytes, (colon + 1)..<lineEnd)
      fields.append(
        HeaderFields.Field(
          nameStart: UInt32(truncatingIfNeeded: lineStart),
          nameEnd: UInt32(truncatingIfNeeded: colon),
          valueStart: UInt32(truncatingIfNeeded: value.lowerBound),
          valueEnd: UInt32(truncatingIfNeeded: value.upperBound)
        )
      )
      lineStart = lineEnd + 2
    }
    return fields
  }

  /// Says which mistake a name has that did not run up to its colon.
  private static func refusal(
    ofName bytes: Span<UInt8>,
    lineStart: Int,
    stoppedAt stop: Int
  ) -> HTTPRefusal {
    let lineEnd = lineEnd(bytes, from: lineStart)
    var index = stop
    while index < lineEnd, bytes[index] == ASCII.space || bytes[index] == ASCII.tab { index += 1 }
    if index > stop, index < lineEnd, bytes[index] == ASCII.colon { return .spaceBeforeColon }
    while index < lineEnd, bytes[index] != ASCII.colon { index += 1 }
    return index == lineEnd ? .fieldWithoutColon : .badFieldName
  }
}

/// How a body is delimited (RFC 9112 section 6.3).
package enum BodyFraming: Hashable, Sendable {
  case none
  case length(Int)
  case chunked
  /// Until the connection closes; replies only.
  case untilClose
}

extension HeaderFields {
  /// Reads `Content-Length` and `Transfer-Encoding`, which must not contradict each other.
  ///
  /// Stricter than RFC 9112 section 6.3 where it leaves a choice: both fields together, a repeated
  /// field even of equal values, and any coding but exactly `chunked` are refused.
  ///
  /// - Returns: `nil` when neither is there.
  func framing(isOldVersion: Bool) throws(HTTPRefusal) -> BodyFraming? {
    let length = index(of: "content-length")
    let coding = index(of: "transfer-encoding")
    if let coding {
      guard length == nil else { throw .lengthAndCoding }
      guard !isOldVersion else { throw .codingInOldVersion }
      guard index(of: "transfer-encoding", from: coding + 1) == nil else { throw .repeatedCoding }
      return try transferCoding(at: coding)
    }
    guard let length else { return nil }
    guard index(of: "content-length", from: length + 1) == nil else { throw .repeatedLength }
    return .length(try contentLength(at: length))
  }

  private func transferCoding(at index: Int) throws(HTTPRefusal) -> BodyFraming {
    let chunked = "chunked".utf8.span
    let bytes = raw.span
    let value = Int(fields[index].valueStart)..<Int(fields[index].valueEnd)
    if isSame(bytes, value, chunked) { return .chunked }
    var members: [Range<Int>] = []
    forEachMember(of: index) { members.append($0) }
    let areChunked = members.map { isSame(bytes, $0, chunked) }
    // A well-formed list that ends in chunked is a coding we do not know; anything else leaves the
    // end of the body in doubt.
    guard areChunked.last == true, !areChunked.dropLast().contains(true), members.count > 1 else {
      throw .badCoding
    }
    throw .unknownCoding
  }

  private func contentLength(at index: Int) throws(HTTPRefusal) -> Int {
    let bytes = raw.span
    let range = Int(fields[index].valueStart)..<Int(fields[index].valueEnd)
    // 18 digits always fit; more are no length that anybody sends.
    guard !range.isEmpty, range.count <= 18 else { throw .badLength }
    var length = 0
    for offset in range {
      let byte = bytes[offset]
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { throw .badLength }
      length = length * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return length
  }

  /// Whether the connection may carry another message (RFC 9112 section 9.3).
  func keepsAlive(isOldVersion: Bool) -> Bool {
    if list("connection", contains: "close") { return false }
    return !isOldVersion || list("connection", contains: "keep-alive")
  }
}
