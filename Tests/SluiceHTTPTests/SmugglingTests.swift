import SluiceHTTP
import Testing

/// Requests that two readers might see differently, each refused by its name.
struct SmugglingTests {
  private static let line = "POST / HTTP/1.1\r\n"
  private static let host = "Host: h\r\n"

  @Test(
    "refuses doubtful framing",
    arguments: [
      ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", .lengthAndCoding),
      ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", .lengthAndCoding),
      ("transfer-encoding: identity\r\ncontent-length: 5\r\n", .lengthAndCoding),
      ("Content-Length: 5\r\nContent-Length: 6\r\n", .repeatedLength),
      ("Content-Length: 5\r\nContent-Length: 5\r\n", .repeatedLength),
      ("Content-Length: 5, 5\r\n", .badLength), ("Content-Length: 5,6\r\n", .badLength),
      ("Content-Length: +5\r\n", .badLength), ("Content-Length: -5\r\n", .badLength),
      ("Content-Length: 5 5\r\n", .badLength), ("Content-Length: 0x5\r\n", .badLength),
      ("Content-Length: 5a\r\n", .badLength), ("Content-Length:\r\n", .badLength),
      ("Content-Length: 5.0\r\n", .badLength), ("Content-Length: \"5\"\r\n", .badLength),
      ("Content-Length: 9223372036854775808\r\n", .badLength),
      ("Content-Length: 18446744073709551621\r\n", .badLength),
      ("Content-Length: 99999999999999999999999999\r\n", .badLength),
      ("Transfer-Encoding: identity\r\n", .badCoding), ("Transfer-Encoding:\r\n", .badCoding),
      ("Transfer-Encoding: xchunked\r\n", .badCoding),
      ("Transfer-Encoding: chunkedx\r\n", .badCoding),
      ("Transfer-Encoding: chunked, identity\r\n", .badCoding),
      ("Transfer-Encoding: chunked, chunked\r\n", .badCoding),
      ("Transfer-Encoding: chunked,\r\n", .badCoding),
      ("Transfer-Encoding: ,chunked\r\n", .badCoding),
      ("Transfer-Encoding: \"chunked\"\r\n", .badCoding),
      ("Transfer-Encoding: chunked;q=1\r\n", .badCoding),
      ("Transfer-Encoding: chun ked\r\n", .badCoding),
      ("Transfer-Encoding: gzip, chunked\r\n", .unknownCoding),
      ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", .repeatedCoding),
      ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", .repeatedCoding),
      ("Transfer-Encoding: \u{0B}chunked\r\n", .controlByte),
    ] as [(String, HTTPRefusal)]
  )
  func framing(fields: String, refusal: HTTPRefusal) {
    #expect(throws: refusal) { try head(Self.line + Self.host + fields + "\r\n") }
    #expect(throws: refusal) { try replyHead("HTTP/1.1 200 OK\r\n" + fields + "\r\n") }
  }

  @Test("refuses a transfer coding in HTTP/1.0")
  func oldVersion() {
    let field = "Transfer-Encoding: chunked\r\n\r\n"
    #expect(throws: HTTPRefusal.codingInOldVersion) { try head("POST / HTTP/1.0\r\n" + field) }
    #expect(throws: HTTPRefusal.codingInOldVersion) {
      try replyHead("HTTP/1.0 200 OK\r\n" + field)
    }
  }

  @Test(
    "refuses malformed fields",
    arguments: [
      ("Content-Length : 5\r\n", .spaceBeforeColon), ("X\t: 5\r\n", .spaceBeforeColon),
      (" X: 5\r\n", .foldedField), ("X: 5\r\n folded\r\n", .foldedField),
      ("X: 5\r\n\tfolded\r\n", .foldedField), ("\t\r\n", .foldedField),
      (": 5\r\n", .emptyFieldName), ("X\r\n", .fieldWithoutColon), ("X Y\r\n", .fieldWithoutColon),
      ("X Y: 5\r\n", .badFieldName), ("X(Y): 5\r\n", .badFieldName), ("X[0]: 5\r\n", .badFieldName),
      ("\u{E9}: 5\r\n", .badFieldName), ("\"X\": 5\r\n", .badFieldName),
      ("X\u{7F}: 5\r\n", .badFieldName), ("X: a\u{7F}b\r\n", .badFieldValue),
      ("X: a\u{0}b\r\n", .controlByte), ("X\u{0}: b\r\n", .controlByte),
      ("X: a\u{1B}b\r\n", .controlByte), ("X: a\u{0C}b\r\n", .controlByte),
      ("X: a\nb: c\r\n", .bareLineFeed), ("X: a\n\r\n", .bareLineFeed),
      ("X: a\rb: c\r\n", .bareCarriageReturn), ("X: a\r\r\n", .bareCarriageReturn),
      ("X: a\r \r\n", .bareCarriageReturn),
    ] as [(String, HTTPRefusal)]
  )
  func fields(fields: String, refusal: HTTPRefusal) {
    #expect(throws: refusal) { try head(Self.line + Self.host + fields + "\r\n") }
    #expect(throws: refusal) { try replyHead("HTTP/1.1 200 OK\r\nY: z\r\n" + fields + "\r\n") }
  }

  @Test(
    "refuses a missing, repeated or malformed Host",
    arguments: [
      ("", .missingHost), ("Host: a\r\nHost: b\r\n", .repeatedHost),
      ("Host: a\r\nhost: a\r\n", .repeatedHost), ("Host: a b\r\n", .badHost),
      ("Host: a,b\r\n", .badHost), ("Host: a/b\r\n", .badHost), ("Host: u@a\r\n", .badHost),
      ("Host: a?b\r\n", .badHost), ("Host: a#b\r\n", .badHost), ("Host: é\r\n", .badHost),
    ] as [(String, HTTPRefusal)]
  )
  func hosts(fields: String, refusal: HTTPRefusal) {
    #expect(throws: refusal) { try head("GET / HTTP/1.1\r\n" + fields + "\r\n") }
    #expect(throws: refusal) { try head("GET http://a/ HTTP/1.1\r\n" + fields + "\r\n") }
  }

  @Test(
    "refuses malformed request lines",
    arguments: [
      ("", .badRequestLine), ("GET", .badMethod), ("GET /", .badRequestLine),
      ("GET  / HTTP/1.1", .badTarget), ("GET /  HTTP/1.1", .badRequestLine),
      (" GET / HTTP/1.1", .badMethod), ("GET\t/ HTTP/1.1", .badMethod),
      ("G(T / HTTP/1.1", .badMethod), ("GET / HTTP/1.1 ", .badRequestLine),
      ("GET / http/1.1", .badRequestLine), ("GET / HTTP/1.10", .badRequestLine),
      ("GET / HTTP/11", .badRequestLine), ("GET / HTTP/1,1", .badRequestLine),
      ("GET / HTTP/a.1", .badRequestLine), ("GET / HTTP/2.0", .badVersion),
      ("GET / HTTP/1.2", .badVersion), ("GET / HTTP/0.9", .badVersion),
      ("GET /é HTTP/1.1", .badTarget), ("GET /\u{7F} HTTP/1.1", .badTarget),
      ("GET /a#b HTTP/1.1", .badTarget), ("GET a HTTP/1.1", .badTarget),
      ("GET * HTTP/1.1", .badTarget), ("OPTIONS *x HTTP/1.1", .badTarget),
      ("GET ftp://a/ HTTP/1.1", .badTarget), ("GET http:/// HTTP/1.1", .badTarget),
      ("GET http:// HTTP/1.1", .badTarget), ("GET http://u@a/ HTTP/1.1", .badTarget),
      ("CONNECT /a HTTP/1.1", .badTarget), ("PRI * HTTP/2.0", .badVersion),
      ("GET /a\u{0}b HTTP/1.1", .controlByte), ("GET /a\u{0B}b HTTP/1.1", .controlByte),
      ("GET / HTTP/1.1\n", .bareLineFeed), ("GET / HTTP/1.1\r", .bareCarriageReturn),
    ] as [(String, HTTPRefusal)]
  )
  func requestLines(line: String, refusal: HTTPRefusal) {
    // An empty line is skipped once, so the case of none at all needs a second.
    let start = line.isEmpty ? "\r\n" : ""
    #expect(throws: refusal) { try head(start + line + "\r\nHost: h\r\n\r\n") }
  }

  @Test("refuses an expectation that it does not know")
  func expectations() {
    #expect(throws: HTTPRefusal.unknownExpectation) {
      try head("POST / HTTP/1.1\r\nHost: h\r\nExpect: 200-ok\r\n\r\n")
    }
  }

  @Test("refuses a bare line feed as soon as it comes, not at the end of the head")
  func refusesEarly() {
    guard case .refused(.bareLineFeed) = parse([UInt8]("GET / HTTP/1.1\n")) else {
      Issue.record("went on")
      return
    }
  }

  @Test("gives every refusal a client status, a section and words", arguments: HTTPRefusal.allCases)
  func catalogue(refusal: HTTPRefusal) {
    #expect([400, 413, 417, 431, 501, 505].contains(refusal.status))
    #expect(refusal.section.hasPrefix("RFC "))
    #expect(!refusal.message.isEmpty)
  }
}
