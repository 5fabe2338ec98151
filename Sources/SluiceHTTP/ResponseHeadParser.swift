/// The head of a reply, checked.
package struct ResponseHead: Sendable {
  package let status: Int
  package let version: HTTPVersion
  package let fields: HeaderFields
  /// Whether the connection may be used again once the body has been read to its end.
  package let keepAlive: Bool
  package let body: BodyFraming

  /// An interim reply (RFC 9110 section 15.2): the real one follows on the same connection.
  package var isInterim: Bool { status < 200 }
}

/// Reads the head of an upstream's reply from the bytes that have come so far.
///
/// As strict as the request side: an upstream that is confused about framing would hand one
/// client's answer to another on the next use of the connection. One parser reads one head; after
/// an interim reply a new one reads the next.
package struct ResponseHeadParser: Sendable {
  package enum Outcome: Sendable {
    case needMore
    /// The head, and the number of bytes that it took.
    case head(ResponseHead, consumed: Int)
    case refused(HTTPRefusal)
  }

  private let answersHead: Bool
  private var scanner = HeadScanner()

  /// - Parameter answersHead: whether the request was HEAD, whose replies have no body.
  package init(answersHead: Bool = false) {
    self.answersHead = answersHead
  }

  /// Reads on; `bytes` begins where the head begins, and holds all that the last call saw.
  package mutating func parse(_ bytes: Span<UInt8>) -> Outcome {
    switch scanner.findEnd(bytes) {
    case .needMore: return .needMore
    case .refused(let refusal): return .refused(refusal)
    case .complete(let end):
      do throws(HTTPRefusal) {
        return .head(try head(bytes.extracting(0..<end)), consumed: end)
      } catch {
        return .refused(error)
      }
    }
  }

  private func head(_ bytes: Span<UInt8>) throws(HTTPRefusal) -> ResponseHead {
    let lineEnd = HeadScanner.lineEnd(bytes, from: 0)
    guard lineEnd >= 12, bytes[8] == ASCII.space else { throw .badStatusLine }
    let version: HTTPVersion
    do throws(HTTPRefusal) {
      version = try RequestHeadParser.version(bytes, 0..<8)
    } catch {
      throw error == .badVersion ? error : .badStatusLine
    }
    let status = try status(bytes, lineEnd: lineEnd)

    let fields = try HeadScanner.fields(bytes, from: lineEnd + 2, to: bytes.count)
    var raw: [UInt8] = []
    raw.append(copying: bytes)
    let header = HeaderFields(raw: raw, fields: fields)
    let isOld = version == .http10
    // Checked even where the reply has no body, so that a contradiction never goes unnoticed.
    let framing = try header.framing(isOldVersion: isOld)
    let hasNoBody = answersHead || status < 200 || status == 204 || status == 304
    let body = hasNoBody ? .none : framing ?? .untilClose
    return ResponseHead(
      status: status,
      version: version,
      fields: header,
      keepAlive: body != .untilClose && header.keepsAlive(isOldVersion: isOld),
      body: body
    )
  }

  /// Three digits, then a space and any reason phrase, or the end of the line.
  private func status(_ bytes: Span<UInt8>, lineEnd: Int) throws(HTTPRefusal) -> Int {
    var status = 0
    for offset in 9..<12 {
      guard bytes[offset] >= UInt8(ascii: "0"), bytes[offset] <= UInt8(ascii: "9") else {
        throw .badStatusLine
      }
      status = status * 10 + Int(bytes[offset] - UInt8(ascii: "0"))
    }
    guard lineEnd == 12 || bytes[12] == ASCII.space, (100...599).contains(status) else {
      throw .badStatusLine
    }
    for offset in 12..<lineEnd where !ByteClass.isFieldValue(bytes[offset]) {
      throw .badStatusLine
    }
    // We never ask for another protocol, and one switched to is not HTTP/1.1 any more.
    guard status != 101 else { throw .unexpectedUpgrade }
    return status
  }
}
