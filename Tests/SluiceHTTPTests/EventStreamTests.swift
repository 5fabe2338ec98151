import SluiceCore
import SluiceHTTP
import SluiceTestSupport
import Testing

struct EventStreamTests {
  private struct Seen: Hashable {
    var name = ""
    var data: String?
  }

  /// Feeds `bytes` in pieces and gives the events, after checking that no byte was lost.
  private func events(_ bytes: [UInt8], pieces size: Int) -> [Seen] {
    var parser = EventStreamParser()
    var seen: [Seen] = []
    var frames: [UInt8] = []
    func note(_ event: StreamEvent) {
      frames += event.frame
      seen.append(
        Seen(
          name: String(decoding: event.name, as: UTF8.self),
          data: event.hasData ? String(decoding: event.data, as: UTF8.self) : nil
        )
      )
    }
    var start = 0
    while start < bytes.count {
      parser.append(Array(bytes[start..<min(start + size, bytes.count)]).span)
      reading: while true {
        switch parser.next() {
        case .event(let event): note(event)
        case .needMore: break reading
        case .tooLong:
          Issue.record("too long")
          return seen
        }
      }
      start += size
    }
    let rest = parser.pendingBytes
    if let last = parser.finish() { note(last) }
    #expect(bytes.starts(with: frames))
    #expect(bytes.count - frames.count <= max(rest, 2))
    return seen
  }

  @Test("reads the three line ends, whole and in pieces", arguments: ["\n", "\r\n", "\r"])
  func lineEnds(end: String) {
    let lines = [
      ": hello", "", "data: one", "", "event: x", "data: two", "data:  three", "data", "", "",
      "id: 7", "retry: 5", "", "data:[DONE]", "", "",
    ]
    let bytes = [UInt8](lines.joined(separator: end))
    let expected = [
      Seen(), Seen(data: "one"), Seen(name: "x", data: "two\n three\n"), Seen(),
      Seen(data: "[DONE]"),
    ]
    for size in [1, 2, 3, 7, 1_000] { #expect(events(bytes, pieces: size) == expected) }
  }

  @Test("hands out an event as soon as its empty line is there")
  func isPrompt() {
    for end in ["\n\n", "\r\n\r\n", "\r\r"] {
      var parser = EventStreamParser()
      parser.append([UInt8]("data: a" + end))
      guard case .event(let event) = parser.next() else {
        Issue.record("waits for more after \(end.debugDescription)")
        continue
      }
      #expect(event.frame.elementsEqual(("data: a" + end).utf8))
      #expect(event.isTerminated)
    }
  }

  @Test("skips a byte order mark, and sees data behind it")
  func byteOrderMark() {
    for size in [1, 2, 4, 100] {
      #expect(
        events([0xEF, 0xBB, 0xBF] + [UInt8]("data: a\n\n"), pieces: size) == [Seen(data: "a")]
      )
    }
  }

  @Test("hands out what is left at the end, marked")
  func unterminated() throws {
    var parser = EventStreamParser()
    parser.append([UInt8]("data: [DONE]"))
    guard case .needMore = parser.next() else {
      Issue.record("no empty line came")
      return
    }
    let finished = parser.finish()
    let last = try #require(finished)
    #expect(last.isDone)
    #expect(!last.isTerminated)
    #expect(parser.finish() == nil)
  }

  @Test("keeps an event that was handed out while more comes")
  func eventsStay() {
    var parser = EventStreamParser()
    parser.append([UInt8]("data: one\n\ndata: tw"))
    guard case .event(let first) = parser.next(), case .needMore = parser.next() else {
      Issue.record("expected one event")
      return
    }
    parser.append([UInt8]("o\n\n"))
    guard case .event(let second) = parser.next() else {
      Issue.record("expected the second")
      return
    }
    #expect(first.data.elementsEqual("one".utf8))
    #expect(second.data.elementsEqual("two".utf8))
  }

  @Test("bounds one event, in one line or in many")
  func bounds() {
    for line in [
      String(repeating: "x", count: 1_000), "data: " + String(repeating: "x", count: 990) + "\n",
    ] {
      var parser = EventStreamParser()
      var isTooLong = false
      for _ in 0..<(Bounds.eventBytes / 900) where !isTooLong {
        parser.append([UInt8](line))
        if case .tooLong = parser.next() { isTooLong = true }
      }
      #expect(isTooLong)
    }
  }

  @Test("reads what the writer wrote")
  func writes() {
    var output: [UInt8] = []
    EventStreamWriter.append(data: "{}".utf8, to: &output)
    EventStreamWriter.appendComment(to: &output)
    EventStreamWriter.append(data: "a\nb\r\nc\rd".utf8, name: "error", to: &output)
    #expect(
      events(output, pieces: 5) == [
        Seen(data: "{}"), Seen(), Seen(name: "error", data: "a\nb\nc\nd"),
      ]
    )
  }

  @Test("sees the same whole and byte by byte, and never crashes", arguments: 0..<20)
  func survivesDamage(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let usual = [UInt8]("data: {\"a\":1}\r\n\r\n: c\n\nevent: e\rdata: x\r\rdata: [DONE]\n\n")
    for round in 0..<200 {
      let bytes = usual.damaged(by: &random)
      let (one, whole) = (events(bytes, pieces: 1), events(bytes, pieces: bytes.count + 1))
      #expect(one == whole, "seed \(seed), round \(round)")
    }
  }
}
