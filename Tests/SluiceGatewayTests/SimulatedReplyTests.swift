import SluiceCore
import SluiceDialects
import SluiceHTTP
import SluiceJSON
import SluicePolicy
import Testing

@testable import SluiceGateway

@Suite("The simulated model")
struct SimulatedReplyTests {
  private func settings(output: Int = 30, seed: UInt64 = 1) -> UpstreamSettings.Simulated {
    var settings = UpstreamSettings.Simulated()
    settings.output = output
    settings.seed = seed
    return settings
  }

  private func chat(_ extra: String = "", text: String = "hello") throws -> ModelRequest {
    let body = #"{"model":"m","messages":[{"role":"user","content":"\#(text)"}]\#(extra)}"#
    return try ModelRequest(Array(body.utf8))
  }

  private func reply(
    _ chat: ModelRequest,
    _ settings: UpstreamSettings.Simulated
  ) -> SimulatedReply {
    SimulatedReply(to: chat, settings: settings, created: 1)
  }

  @Test("says the same to the same question, and something else to another, or under another seed")
  func isDeterministic() throws {
    let one = reply(try chat(), settings()).body
    #expect(one == reply(try chat(), settings()).body)
    #expect(one != reply(try chat(text: "hallo"), settings()).body)
    #expect(one != reply(try chat(), settings(seed: 2)).body)
  }

  @Test("counts the tokens that it says, and stops by itself")
  func usage() throws {
    let read = try #require(ModelReply(reply(try chat(), settings(output: 30)).body))
    #expect(read.usage?.completion == 30)
    #expect(read.usage?.total == 30 + (read.usage?.prompt ?? 0))
    #expect(read.finishReasons == ["stop"])
    #expect(read.isWhole)
  }

  @Test(
    "stops where the client says, and says so",
    arguments: [#","max_tokens":7"#, #","max_completion_tokens":7,"max_tokens":9"#]
  )
  func isCut(limit: String) throws {
    let read = try #require(ModelReply(reply(try chat(limit), settings()).body))
    #expect(read.usage?.completion == 7)
    #expect(read.finishReasons == ["length"])
  }

  @Test(
    "streams what it would have said at once",
    arguments: ["", #","n":3"#, #","max_tokens":5"#, #","max_tokens":1"#]
  )
  func streams(extra: String) throws {
    let plain = reply(try chat(extra), settings())
    let options = #","stream":true,"stream_options":{"include_usage":true}"#
    let stream = reply(try chat(extra + options), settings())
    var parser = EventStreamParser()
    var reader = StreamReader(wantsUsage: true, assembles: true)
    var output = OutputText()
    for event in stream.events {
      parser.append(event)
      guard case .event(let event) = parser.next() else {
        Issue.record("an event is one event")
        return
      }
      _ = reader.read(event, into: &output)
    }
    #expect(reader.isDone)
    #expect(reader.usage == ModelReply(plain.body)?.usage)
    let assembled = try #require(reader.assembledReply)
    #expect(try texts(assembled) == texts(plain.body))
  }

  @Test("answers each prompt of a completion, plain and streamed alike")
  func completion() throws {
    func completion(_ extra: String) throws -> ModelRequest {
      let body = #"{"model":"m","prompt":["one","two"],"n":2\#(extra)}"#
      return try ModelRequest(Array(body.utf8), for: .completions)
    }
    let plain = reply(try completion(""), settings()).body
    let read = try #require(ModelReply(plain, for: .completions))
    #expect(read.finishReasons.count == 4 && read.isWhole)
    let stream = reply(try completion(#","stream":true"#), settings())
    var parser = EventStreamParser()
    var reader = StreamReader(wantsUsage: false, assembles: true)
    var output = OutputText()
    for event in stream.events {
      parser.append(event)
      while case .event(let event) = parser.next() { _ = reader.read(event, into: &output) }
    }
    let assembled = try #require(reader.assembledReply.flatMap { ModelReply($0) })
    func texts(_ reply: ModelReply) -> [String?] {
      let choices = reply.document.member("choices", of: reply.document.root)
      return choices.map { choices in
        reply.document.elements(of: choices)
          .map { choice in
            reply.document.member("text", of: choice).flatMap { reply.document.string($0) }
          }
      } ?? []
    }
    #expect(texts(assembled) == texts(read) && !texts(read).contains(nil))
  }

  @Test("makes vectors of length 1, the same for the same text, of as many dimensions as asked")
  func embeddings() throws {
    func vectors(_ input: String) throws -> [[Double]] {
      let request = try ModelRequest(
        Array(#"{"model":"m","input":\#(input),"dimensions":8}"#.utf8),
        for: .embeddings
      )
      let body = try SimulatedEmbeddings(to: request, seed: 1).body
      let reply = try #require(ModelReply(body, for: .embeddings))
      let document = reply.document
      let data = try #require(document.member("data", of: document.root))
      return document.elements(of: data)
        .map { item in
          let vector = document.member("embedding", of: item)
          return vector.map { document.elements(of: $0).compactMap { document.double($0) } } ?? []
        }
    }
    let three = try vectors(#"["a","b","a"]"#)
    #expect(three.count == 3 && three[0] == three[2] && three[0] != three[1])
    for vector in three {
      #expect(vector.count == 8)
      #expect(abs(vector.reduce(0) { $0 + $1 * $1 } - 1) < 0.001)
    }
    #expect(try vectors("[1,2]").count == 1)
    #expect(throws: APIError.self) {
      let body = #"{"model":"m","input":"a","dimensions":99999999}"#
      _ = try SimulatedEmbeddings(
        to: ModelRequest(Array(body.utf8), for: .embeddings),
        seed: 1
      )
    }
  }

  @Test("leaves usage out of a stream that was not asked for it")
  func noUsage() throws {
    let stream = reply(try chat(#","stream":true"#), settings())
    let text = stream.events.map { String(decoding: $0, as: UTF8.self) }.joined()
    #expect(!text.contains("usage"))
    #expect(text.hasSuffix("data: [DONE]\n\n"))
  }

  @Test("refuses more than it may say at once")
  func bounds() throws {
    #expect(throws: APIError.self) {
      try SimulatedReply.check(try chat(#","n":129"#), settings())
    }
    #expect(throws: APIError.self) {
      try SimulatedReply.check(try chat(#","n":2"#), settings(output: 1_000_000))
    }
    #expect(throws: Never.self) {
      try SimulatedReply.check(try chat(#","n":128"#), settings())
    }
  }

  @Test("fails about as often as it is told to, and at the same requests again")
  func failures() {
    var settings = settings()
    let numbers = 0..<10_000 as Range<UInt64>
    #expect(!numbers.contains { SimulatedService.fails($0, settings) })
    settings.failures = 0.02
    let failed = numbers.filter { SimulatedService.fails($0, settings) }
    #expect((150...250).contains(failed.count))
    #expect(failed == numbers.filter { SimulatedService.fails($0, settings) })
    settings.failures = 1
    #expect(numbers.allSatisfy { SimulatedService.fails($0, settings) })
  }

  @Test("fails in the shape of an error that clients read")
  func failureBody() {
    #expect(APIError.isErrorBody(SimulatedReply.failure))
  }

  private func texts(_ body: [UInt8]) throws -> [String] {
    let document = try JSONDocument(body)
    let choices = try #require(document.member("choices", of: document.root))
    return document.elements(of: choices)
      .map { choice in
        let message = document.member("message", of: choice)
        let content = message.flatMap { document.member("content", of: $0) }
        return content.flatMap { document.string($0) } ?? ""
      }
  }
}
