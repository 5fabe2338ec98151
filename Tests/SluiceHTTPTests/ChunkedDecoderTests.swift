import SluiceCore
import SluiceHTTP
import SluiceTestSupport
import Testing

struct ChunkedDecoderTests {
  private enum Result: Hashable {
    case complete(body: String, rest: String)
    case incomplete(body: String)
    case refused(HTTPRefusal)
  }

  /// Feeds `bytes` in pieces of `size`.
  private func decode(_ bytes: [UInt8], pieces size: Int) -> Result {
    var decoder = ChunkedDecoder()
    var body: [UInt8] = []
    var start = 0
    while start < bytes.count {
      let piece = Array(bytes[start..<min(start + size, bytes.count)])
      var offset = 0
      feeding: while true {
        switch decoder.next(piece.span, from: offset) {
        case .needMore: break feeding
        case .data(let range):
          body += piece[range]
          offset = range.upperBound
        case .end(let end):
          return .complete(body: body.text, rest: Array(bytes[(start + end)...]).text)
        case .refused(let refusal): return .refused(refusal)
        }
      }
      start += size
    }
    return .incomplete(body: body.text)
  }

  @Test(
    "takes chunks apart in pieces of any size",
    arguments: [
      ("0\r\n\r\n", "", ""), ("3\r\nabc\r\n0\r\n\r\n", "abc", ""),
      ("3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\nGET /", "abc0123456789", "GET /"),
      ("0003\r\nabc\r\n000\r\n\r\n", "abc", ""),
      ("a\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n\r\n\r\n\r\n", ""),
      ("3;a=b;c\r\nabc\r\n0;z\r\n\r\n", "abc", ""),
      ("3;a=\"x\\\"y;\"\r\nabc\r\n0\r\n\r\n", "abc", ""),
      ("1\r\na\r\n0\r\nX: y\r\nZ:\r\n\r\nrest", "a", "rest"),
    ]
  )
  func decodes(text: String, body: String, rest: String) {
    for size in [1, 2, 3, 5, 1_000] {
      #expect(decode([UInt8](text), pieces: size) == .complete(body: body, rest: rest))
    }
  }

  @Test(
    "refuses what is not exact",
    arguments: [
      ("\r\n", .badChunkSize), ("g\r\n", .badChunkSize), ("-1\r\n", .badChunkSize),
      ("+1\r\n", .badChunkSize), ("0x1\r\n", .badChunkSize), (" 1\r\n", .badChunkSize),
      ("1 \r\na", .badChunkSize), ("1\n", .badChunkSize), ("1\r\r\n", .badChunkSize),
      ("1\ra", .badChunkSize), ("1_0\r\n", .badChunkSize),
      ("FFFFFFFFFFFFFFFF\r\n", .chunkTooLarge), ("0000000000000000\r\n", .chunkTooLarge),
      ("1\r\nab\r\n", .badChunkEnd), ("1\r\na\n", .badChunkEnd), ("1\r\na\rx", .badChunkEnd),
      ("1\r\na0\r\n\r\n", .badChunkEnd), ("1;a\n", .badChunkExtension),
      ("1;a\u{0}\r\n", .badChunkExtension), ("1;\"a\r\n\"\r\n", .badChunkExtension),
      ("1;\\a\r\n", .badChunkExtension), ("1;a\rb", .badChunkSize),
      ("0\r\n\n", .badTrailer), ("0\r\nX y: z\r\n", .badTrailer), ("0\r\n: z\r\n", .badTrailer),
      ("0\r\n X: z\r\n", .badTrailer), ("0\r\nX: a\n", .badTrailer), ("0\r\nX: a\rb", .badTrailer),
      ("0\r\nX: \u{1}\r\n", .badTrailer), ("0\r\nX\r\n", .badTrailer), ("0\r\n\rx", .badTrailer),
    ] as [(String, HTTPRefusal)]
  )
  func refuses(text: String, refusal: HTTPRefusal) {
    for size in [1, 3, 1_000] {
      #expect(decode([UInt8](text), pieces: size) == .refused(refusal))
    }
  }

  @Test("bounds extensions and trailers over the whole body")
  func bounds() {
    let long = String(repeating: "x", count: Bounds.chunkExtrasBytes)
    #expect(decode([UInt8]("1;\(long)"), pieces: 1_000) == .refused(.chunkExtrasTooLong))
    #expect(decode([UInt8]("0\r\nX: \(long)"), pieces: 1_000) == .refused(.chunkExtrasTooLong))
    // Many small ones are no better than a long one.
    let many = String(repeating: "1;abcdefgh\r\nz\r\n", count: Bounds.chunkExtrasBytes / 8)
    #expect(decode([UInt8](many), pieces: 1_000) == .refused(.chunkExtrasTooLong))
  }

  @Test("reads what the writer wrote")
  func roundTrips() {
    var output: [UInt8] = []
    ChunkWriter.append([UInt8]("hello"), to: &output)
    ChunkWriter.append([], to: &output)
    ChunkWriter.append([UInt8](repeating: 0x61, count: 300)[...], to: &output)
    ChunkWriter.append([UInt8]("!").span, to: &output)
    ChunkWriter.appendLast(to: &output)
    #expect(
      decode(output, pieces: 7)
        == .complete(body: "hello" + String(repeating: "a", count: 300) + "!", rest: "")
    )
  }

  @Test("decides the same whole and byte by byte, and never crashes", arguments: 0..<20)
  func survivesDamage(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let usual = [UInt8](
      "5;a=\"b\"\r\nhello\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nX: y\r\n\r\n"
    )
    for round in 0..<300 {
      let bytes = usual.damaged(by: &random)
      #expect(
        decode(bytes, pieces: 1) == decode(bytes, pieces: bytes.count + 1),
        "seed \(seed), round \(round)"
      )
    }
  }
}
