import SluiceHTTP
import Testing

struct HeadWriterTests {
  @Test("writes a request that reads back")
  func request() throws {
    var output: [UInt8] = []
    RequestWriter.begin(.post, target: "/v1/chat/completions", host: "up:80", to: &output)
    HeadWriter.append("Content-Type", "application/json", to: &output)
    HeadWriter.append(.length(5), to: &output)
    HeadWriter.end(&output)
    #expect(
      output.text == "POST /v1/chat/completions HTTP/1.1\r\nHost: up:80\r\n"
        + "Content-Type: application/json\r\nContent-Length: 5\r\n\r\n"
    )
    #expect(try head(output.text).body == .length(5))
  }

  @Test("writes a reply that reads back")
  func reply() throws {
    var output: [UInt8] = []
    ResponseWriter.begin(
      status: 429,
      date: ["Date": HTTPDate.format(784_111_777)],
      keepAlive: false,
      to: &output
    )
    HeadWriter.append("Retry-After", 3, to: &output)
    HeadWriter.append(.chunked, to: &output)
    HeadWriter.end(&output)
    let head = try replyHead(output.text)
    #expect(head.status == 429)
    #expect(head.fields.first("date") == "Sun, 06 Nov 1994 08:49:37 GMT")
    #expect(head.fields.first("retry-after") == "3")
    #expect(head.body == .chunked)
    #expect(!head.keepAlive)
  }

  @Test("drops control characters from values, so that no value ends its field")
  func splits() {
    var output: [UInt8] = []
    HeadWriter.append("X", "a\r\nSet-Cookie: b\u{0}\u{7F}\u{1B}\tc é", to: &output)
    #expect(output.text == "X: aSet-Cookie: b\tc é\r\n")
  }

  @Test("passes to an upstream nothing that is the client's own or the connection's")
  func passesUpstream() throws {
    let head = try head(
      "POST / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, X-Private\r\nX-Private: 1\r\n"
        + "Keep-Alive: 5\r\nTE: trailers\r\nUpgrade: h2c\r\nTrailer: x\r\nCookie: c\r\n"
        + "authorization: Bearer k\r\nX-API-Key: k\r\nContent-Length: 5\r\n"
        + "Accept-Encoding: gzip\r\nX-Sluice-Product: p\r\nX-Forwarded-For: 1.2.3.4\r\n"
        + "Proxy-Authorization: p\r\nOpenAI-Organization: o\r\nExpect: 100-continue\r\n"
        + "Content-Type: application/json\r\nUser-Agent: sdk\r\nX-Stainless-Lang: python\r\n\r\n"
    )
    var output: [UInt8] = []
    HeadWriter.append(passing: head.fields, .upstream, to: &output)
    #expect(
      output.text
        == "Content-Type: application/json\r\nUser-Agent: sdk\r\nX-Stainless-Lang: python\r\n"
    )
  }

  @Test("passes back nothing that speaks of the upstream's origin, account or cookies")
  func passesBack() throws {
    let head = try replyHead(
      "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nset-cookie: c=d\r\nDate: x\r\nServer: s\r\n"
        + "Transfer-Encoding: chunked\r\nConnection: X-Hop\r\nx-hop: 1\r\n"
        + "X-RateLimit-Limit-Requests: 9\r\nX-Sluice-Cache: exact\r\nAlt-Svc: h3\r\n"
        + "openai-organization: o\r\nContent-Type: text/event-stream\r\nx-request-id: r\r\n"
        + "openai-processing-ms: 5\r\nRetry-After: 2\r\n\r\n"
    )
    var output: [UInt8] = []
    HeadWriter.append(passing: head.fields, .client, to: &output)
    #expect(
      output.text == "Content-Type: text/event-stream\r\nx-request-id: r\r\n"
        + "openai-processing-ms: 5\r\nRetry-After: 2\r\n"
    )
  }
}

struct HTTPDateTests {
  @Test(
    "formats a second as an IMF-fixdate",
    arguments: [
      (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
      (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
      (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
      (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
      (.max, "Fri, 31 Dec 9999 23:59:59 GMT"), (.min, "Mon, 01 Jan 0001 00:00:00 GMT"),
    ] as [(Int64, String)]
  )
  func formats(seconds: Int64, expected: String) {
    #expect(HTTPDate.format(seconds) == expected)
  }

  @Test("reads back every day of four centuries and more")
  func roundTrips() {
    for day in stride(from: Int64(-200_000), to: 200_000, by: 37) {
      let seconds = day * 86_400 + (day & 0xFFFF)
      #expect(HTTPDate.parse(HTTPDate.format(seconds), now: 0) == seconds)
    }
  }

  @Test("reads the two obsolete forms")
  func obsolete() {
    let now: Int64 = 1_790_000_000
    #expect(HTTPDate.parse("Sunday, 06-Nov-94 08:49:37 GMT", now: now) == 784_111_777)
    #expect(HTTPDate.parse("Sun Nov  6 08:49:37 1994", now: now) == 784_111_777)
    #expect(HTTPDate.parse("Friday, 01-Jan-27 00:00:00 GMT", now: now) == 1_798_761_600)
  }

  @Test(
    "refuses what is no date",
    arguments: [
      "", "tomorrow", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
      "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 31 Feb 2024 00:00:00 GMT",
      "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT",
      "Xxx, 06 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 -8:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
    ]
  )
  func refuses(text: String) {
    #expect(HTTPDate.parse(text, now: 0) == nil)
  }

  @Test("reads Retry-After in both forms")
  func retryAfter() {
    #expect(RetryAfter.parse("120", now: 0) == 120)
    #expect(RetryAfter.parse("0", now: 0) == 0)
    #expect(RetryAfter.parse("Sun, 06 Nov 1994 08:49:37 GMT", now: 784_111_770) == 7)
    #expect(RetryAfter.parse("Sun, 06 Nov 1994 08:49:37 GMT", now: 784_111_800) == 0)
    for bad in ["", "-1", "1.5", "1s", "99999999999999999999", "soon"] {
      #expect(RetryAfter.parse(bad, now: 0) == nil)
    }
  }
}
