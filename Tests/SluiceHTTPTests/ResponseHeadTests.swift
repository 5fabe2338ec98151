import SluiceHTTP
import SluiceTestSupport
import Testing

struct ResponseHeadTests {
  @Test("reads status, fields and framing")
  func reads() throws {
    let head = try replyHead(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n"
    )
    #expect(head.status == 200)
    #expect(head.body == .length(3))
    #expect(head.keepAlive)
    #expect(!head.isInterim)
    #expect(head.fields.first("content-type") == "application/json")
  }

  @Test("takes any reason phrase, and none")
  func reasons() throws {
    for line in ["HTTP/1.1 404 ", "HTTP/1.1 404", "HTTP/1.1 404 Not  Found é"] {
      #expect(try replyHead(line + "\r\nContent-Length: 0\r\n\r\n").status == 404)
    }
  }

  @Test(
    "knows how each reply ends",
    arguments: [
      ("HTTP/1.1 200 OK\r\n", .untilClose, false),
      ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", .chunked, true),
      ("HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n", .chunked, false),
      ("HTTP/1.1 204 No Content\r\n", .none, true),
      ("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n", .none, true),
      ("HTTP/1.1 103 Early Hints\r\nLink: x\r\n", .none, true),
      ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n", .length(1), false),
      ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n", .length(1), true),
    ] as [(String, BodyFraming, Bool)]
  )
  func framing(head: String, body: BodyFraming, keepAlive: Bool) throws {
    let head = try replyHead(head + "\r\n")
    #expect(head.body == body)
    #expect(head.keepAlive == keepAlive)
  }

  @Test("sees that an interim reply is one, and that HEAD has no body")
  func interim() throws {
    #expect(try replyHead("HTTP/1.1 100 Continue\r\n\r\n").isInterim)
    let head = try replyHead("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", answersHead: true)
    #expect(head.body == .none)
  }

  @Test(
    "refuses malformed status lines",
    arguments: [
      ("HTTP/1.1", .badStatusLine), ("HTTP/1.1 20", .badStatusLine),
      ("HTTP/1.1  200 OK", .badStatusLine), ("HTTP/1.1 2000", .badStatusLine),
      ("HTTP/1.1 20x OK", .badStatusLine), ("HTTP/1.1 099 OK", .badStatusLine),
      ("HTTP/1.1 600 OK", .badStatusLine), ("HTTP/1.1\t200 OK", .badStatusLine),
      ("http/1.1 200 OK", .badStatusLine), ("ICY 200 OK yes", .badStatusLine),
      ("HTTP/2.0 200 OK", .badVersion), ("HTTP/1.1 101 Switching", .unexpectedUpgrade),
      ("HTTP/1.1 200 O\u{7F}K", .badStatusLine), ("", .badStatusLine),
      ("HTTP/1.1 200 OK\n", .bareLineFeed), ("HTTP/1.1 200\u{0} OK", .controlByte),
    ] as [(String, HTTPRefusal)]
  )
  func refuses(line: String, refusal: HTTPRefusal) {
    #expect(throws: refusal) { try replyHead(line + "\r\nX: y\r\n\r\n") }
  }

  @Test("decides the same whole and byte by byte, and never crashes", arguments: 0..<20)
  func survivesDamage(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let usual = [UInt8]("HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\n")
    for round in 0..<300 {
      let bytes = usual.damaged(by: &random)
      var once = ResponseHeadParser()
      let whole = once.parse(bytes.span)
      var parser = ResponseHeadParser()
      var trickled = ResponseHeadParser.Outcome.needMore
      for count in 0...bytes.count {
        trickled = parser.parse(bytes.span.extracting(0..<count))
        guard case .needMore = trickled else { break }
      }
      #expect(summary(whole) == summary(trickled), "seed \(seed), round \(round)")
    }
  }

  private func summary(_ outcome: ResponseHeadParser.Outcome) -> String {
    switch outcome {
    case .needMore: "more"
    case .head(let head, let consumed): "\(consumed) \(head.status) \(head.body) \(head.keepAlive)"
    case .refused(let refusal): refusal.rawValue
    }
  }
}
