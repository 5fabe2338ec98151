import SluiceDialects
import SluiceHTTP
import SluiceJSON
import SluiceTestSupport
import Testing

/// Bytes that nobody meant: nothing may crash, and nothing damaged may look whole by accident.
struct DamageTests {
  private static let request = [UInt8](
    #"{"model":"auto","stream":true,"stream_options":{"include_usage":false},"n":2,"tools":[{}],"messages":[{"role":"user","content":[{"type":"text","text":"h\u00e9"},{"type":"image_url"}]}]}"#
  )
  private static let reply = [UInt8](
    #"{"id":"c","object":"chat.completion","created":7,"model":"g","choices":[{"index":0,"message":{"role":"assistant","content":"a\ud83d\ude00b","refusal":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"one","arguments":"{}"}}]},"logprobs":{"content":[{"t":1}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":1}}}"#
  )

  private func damaged(_ bytes: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    let spicy = [UInt8]("{}[]:,\"\\0-eEn \n")
    var bytes = bytes
    for _ in 0..<(1 + random.below(3)) where !bytes.isEmpty {
      let byte = spicy[random.below(spicy.count)]
      switch random.below(4) {
      case 0: bytes[random.below(bytes.count)] = byte
      case 1: bytes.remove(at: random.below(bytes.count))
      case 2: bytes.insert(byte, at: random.below(bytes.count))
      default:
        // Another value in place of one: this stays valid most often.
        let values = ["null", "7", "\"x\"", "[]", "{}", "[{}]", "-1"]
        guard let document = try? JSONDocument(bytes) else { break }
        var places: [JSONValue] = [document.root]
        var edit = JSONEdit(document)
        var at = 0
        while at < places.count {
          places += document.members(of: places[at]).map(\.value)
          places += document.elements(of: places[at])
          at += 1
        }
        edit.replace(
          places[random.below(places.count)],
          by: [UInt8](values[random.below(values.count)])
        )
        bytes = edit.apply()
      }
    }
    return bytes
  }

  @Test("a damaged request is refused or stays valid JSON upstream", arguments: 0..<20)
  func requests(seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    for _ in 0..<300 {
      let body = damaged(Self.request, &random)
      guard let request = try? ModelRequest(body) else { continue }
      _ = (request.lastUserText, request.allText, request.hasImages, request.temperature)
      let sent = try ModelRequest(request.upstreamBody(model: "up"))
      #expect(sent.model == "up")
      #expect(sent.wantsUsage == sent.isStreaming)
    }
  }

  @Test("a damaged reply replays as valid events, and a damaged stream is read", arguments: 0..<20)
  func replies(seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    for _ in 0..<200 {
      let body = damaged(Self.reply, &random)
      guard let reply = ModelReply(body) else { continue }
      var replayed: [UInt8] = []
      ReplayStream(reply.document, includesUsage: true).append(to: &replayed)
      for event in events(replayed).dropLast() { _ = try JSONDocument(event.data) }
      _ = read(replayed, assembles: true).reader.assembledReply
      let (reader, _) = read(damaged(replayed, &random), assembles: true)
      if let assembled = reader.assembledReply { _ = try JSONDocument(assembled) }
    }
  }
}
