import SluiceCore
import SluiceHTTP
import SluiceTestSupport
import Testing

struct RequestHeadTests {
  private let usual =
    "POST /v1/chat/completions?a=b HTTP/1.1\r\nHost: localhost:8080\r\n"
    + "Authorization:Bearer x\r\nContent-Type: \t application/json \t\r\nX-Empty:\r\n"
    + "content-LENGTH: 12\r\n\r\n"

  @Test("reads method, target, fields and framing")
  func reads() throws {
    let head = try head(usual)
    #expect(head.method == .post)
    #expect(head.path == "/v1/chat/completions")
    #expect(head.hasPath("/v1/chat/completions"))
    #expect(!head.hasPath("/v1/chat/completion"))
    #expect(head.query == "a=b")
    #expect(head.version == .http11)
    #expect(head.host == "localhost:8080")
    #expect(head.fields.count == 5)
    #expect(head.fields.first("authorization") == "Bearer x")
    #expect(head.fields.first("content-type") == "application/json")
    #expect(head.fields.first("x-empty") == "")
    #expect(head.fields.first("x-absent") == nil)
    #expect(head.fields.name(at: 4) == "content-LENGTH")
    #expect(head.fields.lowercasedName(at: 4) == "content-length")
    #expect(head.body == .length(12))
    #expect(head.keepAlive)
    #expect(!head.expectsContinue)
  }

  @Test("says how many bytes the head took, and leaves what follows")
  func consumes() {
    let bytes = [UInt8](usual + "{\"a\":\r\n\r\n1}")
    guard case .head(_, let consumed) = parse(bytes) else {
      Issue.record("no head")
      return
    }
    #expect(consumed == usual.utf8.count)
  }

  @Test("reads the same one byte at a time")
  func trickles() throws {
    let bytes = [UInt8](usual)
    var parser = RequestHeadParser()
    for count in 0..<bytes.count {
      guard case .needMore = parser.parse(bytes.span.extracting(0..<count)) else {
        Issue.record("decided after \(count) bytes")
        return
      }
    }
    guard case .head(let head, let consumed) = parser.parse(bytes.span) else {
      Issue.record("no head")
      return
    }
    #expect(consumed == bytes.count)
    #expect(head.path == "/v1/chat/completions")
    #expect(head.fields.count == 5)
  }

  @Test("skips one empty line before the request line, however it comes")
  func skipsEmptyLine() throws {
    let bytes = [UInt8]("\r\n" + usual)
    var parser = RequestHeadParser()
    for count in 0..<bytes.count {
      guard case .needMore = parser.parse(bytes.span.extracting(0..<count)) else {
        Issue.record("decided after \(count) bytes")
        return
      }
    }
    guard case .head(_, let consumed) = parser.parse(bytes.span) else {
      Issue.record("no head")
      return
    }
    #expect(consumed == bytes.count)
  }

  @Test(
    "reads the four forms of a target",
    arguments: [
      ("GET / HTTP/1.1", .origin, "/", nil, "h"),
      ("GET /a%20b?x?y HTTP/1.1", .origin, "/a%20b", "x?y", "h"),
      ("GET /? HTTP/1.1", .origin, "/", "", "h"),
      ("GET //a HTTP/1.1", .origin, "//a", nil, "h"),
      ("GET http://other:81/p?q HTTP/1.1", .absolute, "/p", "q", "other:81"),
      ("GET HTTPS://other HTTP/1.1", .absolute, "/", nil, "other"),
      ("GET http://other?q HTTP/1.1", .absolute, "/", "q", "other"),
      ("OPTIONS * HTTP/1.1", .asterisk, "", nil, "h"),
      ("CONNECT there:443 HTTP/1.1", .authority, "", nil, "there:443"),
    ] as [(String, RequestHead.TargetForm, String, String?, String)]
  )
  func targets(
    line: String,
    form: RequestHead.TargetForm,
    path: String,
    query: String?,
    host: String
  ) throws {
    let head = try head(line + "\r\nHost: h\r\n\r\n")
    #expect(head.targetForm == form)
    #expect(head.path == path)
    #expect(head.hasPath(path))
    #expect(head.query == query)
    #expect(head.host == host)
  }

  @Test("keeps a method that nobody registered, and its case")
  func methods() throws {
    #expect(try head("BREW / HTTP/1.1\r\nHost: h\r\n\r\n").method == .other("BREW"))
    #expect(try head("post / HTTP/1.1\r\nHost: h\r\n\r\n").method == .other("post"))
    #expect(try head("DELETE / HTTP/1.1\r\nHost: h\r\n\r\n").method == .delete)
  }

  @Test(
    "keeps the connection as version and options say",
    arguments: [
      ("HTTP/1.1\r\n", true), ("HTTP/1.1\r\nConnection: close\r\n", false),
      ("HTTP/1.1\r\nConnection: Foo , CLOSE\r\n", false),
      ("HTTP/1.1\r\nConnection: foo\r\nConnection: close\r\n", false),
      ("HTTP/1.1\r\nConnection: closed\r\n", true), ("HTTP/1.0\r\n", false),
      ("HTTP/1.0\r\nConnection: keep-alive\r\n", true),
      ("HTTP/1.0\r\nConnection: keep-alive, close\r\n", false),
    ]
  )
  func keepAlive(rest: String, expected: Bool) throws {
    #expect(try head("GET / \(rest)Host: h\r\n\r\n").keepAlive == expected)
  }

  @Test(
    "reads how the body is delimited",
    arguments: [
      ("", .none), ("Content-Length: 0\r\n", .length(0)), ("Content-Length: 007\r\n", .length(7)),
      ("Content-Length: 999999999999999999\r\n", .length(999_999_999_999_999_999)),
      ("Transfer-Encoding: chunked\r\n", .chunked), ("Transfer-Encoding:\tChunked \r\n", .chunked),
    ] as [(String, BodyFraming)]
  )
  func framing(field: String, expected: BodyFraming) throws {
    #expect(try head("POST / HTTP/1.1\r\nHost: h\r\n\(field)\r\n").body == expected)
  }

  @Test("sees that the client waits for 100 Continue, in HTTP/1.1 only")
  func expectation() throws {
    let field = "Expect: 100-Continue\r\nHost: h\r\n\r\n"
    #expect(try head("POST / HTTP/1.1\r\n" + field).expectsContinue)
    #expect(try !head("POST / HTTP/1.0\r\n" + field).expectsContinue)
  }

  @Test("needs no Host in HTTP/1.0, and takes an empty one")
  func hostless() throws {
    #expect(try head("GET / HTTP/1.0\r\n\r\n").host == nil)
    #expect(try head("GET / HTTP/1.1\r\nHost:\r\n\r\n").host == "")
    #expect(try head("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n").host == "[::1]:80")
  }

  @Test("finds list members over several lines, and all values of a name")
  func lists() throws {
    let head = try head(
      "GET / HTTP/1.1\r\nHost: h\r\nAccept: a , B;q=1,\r\nX: 1\r\naccept: c\r\n\r\n"
    )
    #expect(head.fields.all("accept") == ["a , B;q=1,", "c"])
    #expect(head.fields.list("accept", contains: "a"))
    #expect(head.fields.list("accept", contains: "b;q=1"))
    #expect(head.fields.list("accept", contains: "c"))
    #expect(!head.fields.list("accept", contains: ""))
    #expect(!head.fields.list("accept", contains: "b"))
  }

  @Test("makes fields that no connection carried")
  func madeFields() {
    let fields = HeaderFields([("X-One", " a\r\nb "), ("x-two", "")])
    #expect(fields.count == 2)
    #expect(fields.first("x-one") == "ab")
    #expect(fields.first("x-two") == "")
    #expect(fields.name(at: 0) == "X-One")
  }

  @Test(
    "compares a media type without its parameters",
    arguments: [
      ("application/json", true), ("Application/JSON ; charset=utf-8", true),
      ("application/jsonx", false), ("text/plain; application/json", false), ("", false),
    ]
  )
  func mediaTypes(value: String, expected: Bool) throws {
    let head = try head("GET / HTTP/1.1\r\nHost: h\r\nContent-Type: \(value)\r\n\r\n")
    #expect(head.fields.hasMediaType("application/json") == expected)
  }

  @Test("refuses a head beyond its bound, complete or not")
  func bounds() {
    let start = [UInt8]("GET / HTTP/1.1\r\nHost: h\r\nX: ")
    func outcome(_ length: Int, ending: String) -> RequestHeadParser.Outcome {
      let fill = length - start.count - ending.utf8.count
      return parse(start + [UInt8](repeating: 0x61, count: fill) + [UInt8](ending))
    }
    guard case .head = outcome(Bounds.headBytes, ending: "\r\n\r\n") else {
      Issue.record("the longest head was not taken")
      return
    }
    guard case .needMore = outcome(Bounds.headBytes - 1, ending: "") else {
      Issue.record("refused too early")
      return
    }
    for ending in ["\r\n\r\n", "", "\r"] {
      let length = Bounds.headBytes + (ending.isEmpty || ending == "\r" ? 0 : 1)
      guard case .refused(.headTooLong) = outcome(length, ending: ending) else {
        Issue.record("took too much, ending in \(ending.debugDescription)")
        continue
      }
    }
  }

  @Test("refuses one field too many")
  func boundsFields() throws {
    func request(_ count: Int) -> String {
      "GET / HTTP/1.1\r\nHost: h\r\n"
        + String(repeating: "X: y\r\n", count: count - 1) + "\r\n"
    }
    #expect(try head(request(Bounds.headerFields)).fields.count == Bounds.headerFields)
    #expect(throws: HTTPRefusal.tooManyFields) { try head(request(Bounds.headerFields + 1)) }
  }

  @Test("decides the same whole and byte by byte, and never crashes", arguments: 0..<20)
  func survivesDamage(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let chunked =
      "GET http://a/b?c HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n"
      + "Expect: 100-continue\r\n\r\n"
    for round in 0..<300 {
      let bytes = [UInt8](round % 2 == 0 ? usual : chunked).damaged(by: &random)
      let whole = parse(bytes)
      var parser = RequestHeadParser()
      var trickled = RequestHeadParser.Outcome.needMore
      for count in 0...bytes.count {
        trickled = parser.parse(bytes.span.extracting(0..<count))
        guard case .needMore = trickled else { break }
      }
      #expect(summary(whole) == summary(trickled), "seed \(seed), round \(round)")
    }
  }

  private func summary(_ outcome: RequestHeadParser.Outcome) -> String {
    switch outcome {
    case .needMore: "more"
    case .head(let head, let consumed):
      "\(consumed) \(head.method) \(head.path) \(head.body) \(head.fields.count)"
    case .refused(let refusal): refusal.rawValue
    }
  }
}
