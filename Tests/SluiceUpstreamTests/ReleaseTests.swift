import SluiceCore
import SluicePipeline
import SluiceReactor
import Testing
import SluiceTestSupport

@testable import SluiceUpstream

@Suite("A reply that is released", .timeLimit(.minutes(1)))
struct ReleaseTests {
  private static let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
  private static let done = "8\r\n[DONE]\n\n\r\n"

  private func released(
    _ head: String = head + done,
    then rest: [String],
    cancel: Bool = false,
    expectsIdle idle: Int
  ) async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.upstream(peer.url)
      let cancellation = Cancellation()
      async let accepted = peer.accept()
      async let sending = upstream.send(.chat(), in: loop, cancellation: cancellation)
      let talk = await accepted
      _ = try await talk.request()
      try await talk.say(head)
      let reply = try await sending
      _ = try await reply.read()
      reply.release()
      if cancel { cancellation.cancel(.clientLeft) }
      for piece in rest { try? await talk.say(piece) }
      while upstream.busyConnections > 0 { await loop.yield() }
      #expect(upstream.idleConnections == idle)
      #expect(try await reply.read() == nil)
      upstream.retire()
    }
  }

  @Test("gives its connection back when the end of the body comes", arguments: [false, true])
  func givesBack(cancel: Bool) async throws {
    try await released(then: ["0\r\n", "\r\n"], cancel: cancel, expectsIdle: 1)
  }

  @Test("gives its connection back at once when the end is there")
  func atOnce() async throws {
    try await released(Self.head + Self.done + "0\r\n\r\n", then: [], expectsIdle: 1)
  }

  @Test("drops what is left of a body of known length")
  func length() async throws {
    try await released(
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
      then: ["def", "ghi"],
      expectsIdle: 1
    )
  }

  @Test("closes its connection when no end comes in time")
  func late() async throws {
    try await released(then: [], expectsIdle: 0)
  }

  @Test("closes its connection when too much comes")
  func tooMuch() async throws {
    let chunk = "1000\r\n" + String(repeating: "x", count: 0x1000) + "\r\n"
    try await released(then: Array(repeating: chunk, count: 32), expectsIdle: 0)
  }

  @Test(
    "closes its connection when the end is none, or more than one",
    arguments: ["nonsense\r\n", "0\r\n\r\nHTTP/1.1 200 OK\r\n"]
  )
  func unsound(rest: String) async throws {
    try await released(then: [rest], expectsIdle: 0)
  }

  @Test("closes the connection of a body that only its end ends")
  func untilClose() async throws {
    try await released("HTTP/1.1 200 OK\r\n\r\nabc", then: [], expectsIdle: 0)
  }
}
