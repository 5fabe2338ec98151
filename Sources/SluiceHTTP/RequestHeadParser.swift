/// Reads the head of a request from the bytes that have come so far.
///
/// Strict where leniency lets two readers see two requests in one byte stream (RFC 9112 section
/// 11.2); the cases of `HTTPRefusal` are the list. One parser reads one head.
package struct RequestHeadParser: Sendable {
  package enum Outcome: Sendable {
    case needMore
    /// The head, and the number of bytes that it took.
    case head(RequestHead, consumed: Int)
    case refused(HTTPRefusal)
  }

  private var scanner = HeadScanner()
  /// Empty lines before the request line, which a server should skip (RFC 9112 section 2.2).
  private var skipped = 0

  package init() {}

  /// Reads on; `bytes` begins where the head begins, and holds all that the last call saw.
  ///
  /// Linear in the bytes over all calls together.
  package mutating func parse(_ bytes: Span<UInt8>) -> Outcome {
    // One empty line is left over by clients that end a body with one too many; no more than that.
    if skipped == 0, bytes.count >= 2, bytes[0] == ASCII.cr, bytes[1] == ASCII.lf { skipped = 2 }
    let rest = bytes.extracting(skipped..<bytes.count)
    switch scanner.findEnd(rest) {
    case .needMore: return .needMore
    case .refused(let refusal): return .refused(refusal)
    case .complete(let end):
      do throws(HTTPRefusal) {
        return .head(try Self.head(rest.extracting(0..<end)), consumed: skipped + end)
      } catch {
        return .refused(error)
      }
    }
  }

  private static func head(_ bytes: Span<UInt8>) throws(HTTPRefusal) -> RequestHead {
    let lineEnd = HeadScanner.lineEnd(bytes, from: 0)
    let methodEnd = bytes.end(of: ByteClass.isToken, from: 0)
    guard methodEnd > 0, bytes[methodEnd] == ASCII.space else {
      throw lineEnd == 0 ? .badRequestLine : .badMethod
    }
    let targetStart = methodEnd + 1
    let targetEnd = bytes.end(of: ByteClass.isTarget, from: targetStart)
    guard targetEnd > targetStart, bytes[targetEnd] == ASCII.space else {
      throw targetEnd < lineEnd ? .badTarget : .badRequestLine
    }
    let version = try version(bytes, targetEnd + 1..<lineEnd)

    let fields = try HeadScanner.fields(bytes, from: lineEnd + 2, to: bytes.count)
    var raw: [UInt8] = []
    raw.append(copying: bytes)
    let header = HeaderFields(raw: raw, fields: fields)
    let method = method(bytes, 0..<methodEnd)
    let target = try target(bytes, targetStart..<targetEnd, of: method)
    let host = try hostField(header, version: version)
    let isOld = version == .http10
    return RequestHead(
      method: method,
      version: version,
      targetForm: target.form,
      fields: header,
      keepAlive: header.keepsAlive(isOldVersion: isOld),
      body: try header.framing(isOldVersion: isOld) ?? .none,
      expectsContinue: try expectsContinue(header, version: version),
      pathRange: target.path,
      queryRange: target.query,
      hostRange: target.host ?? host
    )
  }

  /// Common methods without making a string.
  private static func method(_ bytes: Span<UInt8>, _ range: Range<Int>) -> HTTPMethod {
    func isNamed(_ name: String) -> Bool {
      bytes.extracting(range).isEqual(to: name.utf8.span)
    }
    if isNamed("POST") { return .post }
    if isNamed("GET") { return .get }
    var name: [UInt8] = []
    name.append(copying: bytes.extracting(range))
    return HTTPMethod(String(decoding: name, as: UTF8.self))
  }

  static func version(
    _ bytes: Span<UInt8>,
    _ range: Range<Int>
  ) throws(HTTPRefusal) -> HTTPVersion {
    let pattern = "HTTP/".utf8.span
    guard range.count == 8 else { throw .badRequestLine }
    for offset in 0..<5 where bytes[range.lowerBound + offset] != pattern[offset] {
      throw .badRequestLine
    }
    let (major, dot, minor) = (
      bytes[range.lowerBound + 5], bytes[range.lowerBound + 6], bytes[range.lowerBound + 7]
    )
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard digits.contains(major), dot == UInt8(ascii: "."), digits.contains(minor) else {
      throw .badRequestLine
    }
    guard major == UInt8(ascii: "1") else { throw .badVersion }
    switch minor {
    case UInt8(ascii: "1"): return .http11
    case UInt8(ascii: "0"): return .http10
    default: throw .badVersion
    }
  }

  // MARK: Target

  private struct Target {
    var form: RequestHead.TargetForm
    var path: Range<Int>
    var query: Range<Int>?
    var host: Range<Int>?
  }

  private static func target(
    _ bytes: Span<UInt8>,
    _ range: Range<Int>,
    of method: HTTPMethod
  ) throws(HTTPRefusal) -> Target {
    if method == .connect {
      try checkAuthority(bytes, range, refusal: .badTarget)
      return Target(form: .authority, path: range.lowerBound..<range.lowerBound, host: range)
    }
    if bytes[range.lowerBound] == UInt8(ascii: "/") {
      return pathAndQuery(bytes, range, form: .origin, host: nil)
    }
    if bytes[range.lowerBound] == UInt8(ascii: "*") {
      guard range.count == 1, method == .options else { throw .badTarget }
      return Target(form: .asterisk, path: range.lowerBound..<range.lowerBound)
    }
    guard let schemeEnd = schemeEnd(bytes, range) else { throw .badTarget }
    var hostEnd = schemeEnd
    while hostEnd < range.upperBound, bytes[hostEnd] != UInt8(ascii: "/"),
      bytes[hostEnd] != UInt8(ascii: "?")
    {
      hostEnd += 1
    }
    // An empty host is refused by RFC 9110 section 4.2.1, user information by section 4.2.4.
    guard hostEnd > schemeEnd else { throw .badTarget }
    try checkAuthority(bytes, schemeEnd..<hostEnd, refusal: .badTarget)
    return pathAndQuery(
      bytes,
      hostEnd..<range.upperBound,
      form: .absolute,
      host: schemeEnd..<hostEnd
    )
  }

  /// Offset behind `http://` or `https://`.
  private static func schemeEnd(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
    for scheme in ["http://", "https://"] where range.count > scheme.utf8.count {
      let end = range.lowerBound + scheme.utf8.count
      if isSame(bytes, range.lowerBound..<end, scheme.utf8.span) { return end }
    }
    return nil
  }

  private static func pathAndQuery(
    _ bytes: Span<UInt8>,
    _ range: Range<Int>,
    form: RequestHead.TargetForm,
    host: Range<Int>?
  ) -> Target {
    var mark = range.lowerBound
    while mark < range.upperBound, bytes[mark] != UInt8(ascii: "?") { mark += 1 }
    return Target(
      form: form,
      path: range.lowerBound..<mark,
      query: mark < range.upperBound ? (mark + 1)..<range.upperBound : nil,
      host: host
    )
  }

  // MARK: Fields that decide

  private static func hostField(
    _ fields: HeaderFields,
    version: HTTPVersion
  ) throws(HTTPRefusal) -> Range<Int>? {
    guard let index = fields.index(of: "host") else {
      guard version == .http10 else { throw .missingHost }
      return nil
    }
    guard fields.index(of: "host", from: index + 1) == nil else { throw .repeatedHost }
    let range = Int(fields.fields[index].valueStart)..<Int(fields.fields[index].valueEnd)
    try checkAuthority(fields.raw.span, range, refusal: .badHost)
    return range
  }

  private static func checkAuthority(
    _ bytes: Span<UInt8>,
    _ range: Range<Int>,
    refusal: HTTPRefusal
  ) throws(HTTPRefusal) {
    let authority = bytes.extracting(range)
    guard authority.end(of: ByteClass.isAuthority, from: 0) == authority.count else {
      throw refusal
    }
  }

  private static func expectsContinue(
    _ fields: HeaderFields,
    version: HTTPVersion
  ) throws(HTTPRefusal) -> Bool {
    guard let index = fields.index(of: "expect"), version == .http11 else { return false }
    guard fields.value(at: index).lowercased() == "100-continue" else { throw .unknownExpectation }
    return true
  }
}
