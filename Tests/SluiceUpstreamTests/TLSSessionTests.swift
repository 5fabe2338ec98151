import SluiceReactor
import SluiceTestSupport
import Testing

@testable import SluiceUpstream

@Suite struct TLSSessionTests {
  private struct Pair {
    let client: TLSSession
    let server: TLSSession

    /// Carries what each has to say to the other, in pieces, until neither has.
    ///
    /// - Returns: what both understood.
    func talk(inPiecesOf size: Int) -> (client: [UInt8], server: [UInt8]) {
      var heard: (client: [UInt8], server: [UInt8]) = ([], [])
      var isQuiet = false
      // A client speaks first, unasked.
      step(client, [], &heard.client)
      while !isQuiet {
        isQuiet = true
        for piece in pieces(client.takeOutput(), size) {
          step(server, piece, &heard.server)
          isQuiet = false
        }
        for piece in pieces(server.takeOutput(), size) {
          step(client, piece, &heard.client)
          isQuiet = false
        }
      }
      return heard
    }

    private func pieces(_ bytes: [UInt8], _ size: Int) -> [[UInt8]] {
      stride(from: 0, to: bytes.count, by: size)
        .map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
    }

    private func step(_ session: TLSSession, _ bytes: [UInt8], _ heard: inout [UInt8]) {
      if session.isConnected {
        session.receive(bytes, into: &heard)
      } else if session.handshake(bytes) == .done {
        // What came behind the handshake must not be lost.
        session.receive([], into: &heard)
      }
    }
  }

  private func pair(on loop: EventLoop) throws -> Pair {
    let now = loop.wallSeconds
    let authority = try Identity(at: now)
    let peer = try TLSPeer(on: loop, as: Identity(for: "api.test", by: authority, at: now))
    return Pair(
      client: TLSSession(
        try TLSContext(authorities: authority.pem),
        host: "api.test",
        isAddress: false,
        at: now,
        ticket: nil
      ),
      server: peer.session()
    )
  }

  @Test("carries bytes both ways however they are cut", arguments: [1, 7, 1_000, 1 << 20])
  func pieces(size: Int) async throws {
    try await onLoop { loop in
      let pair = try pair(on: loop)
      _ = pair.talk(inPiecesOf: size)
      #expect(pair.client.isConnected && pair.server.isConnected)
      let length = min(3_000 * size, 100_000)
      let text = Array(repeating: UInt8(ascii: "x"), count: length) + Array("end".utf8)
      #expect(pair.client.send(text, 0..<text.count))
      #expect(pair.server.send(text, length..<length + 3))
      let heard = pair.talk(inPiecesOf: size)
      #expect(heard.server.elementsEqual(text))
      #expect(heard.client == Array("end".utf8))
      #expect(!pair.client.hasUnread && !pair.client.hasEnded)
      pair.server.end()
      _ = pair.talk(inPiecesOf: size)
      #expect(pair.client.hasEnded && !pair.client.hasFailed)
    }
  }

  @Test("keeps what came with the end of the handshake")
  func early() async throws {
    try await onLoop { loop in
      let pair = try pair(on: loop)
      #expect(pair.client.handshake([]) == .needMore)
      #expect(pair.server.handshake(pair.client.takeOutput()) == .needMore)
      #expect(pair.client.handshake(pair.server.takeOutput()) == .done)
      #expect(pair.client.send(Array("request".utf8), 0..<7))
      #expect(pair.server.handshake(pair.client.takeOutput()) == .done)
      #expect(pair.server.hasUnread)
      var heard: [UInt8] = []
      pair.server.receive([], into: &heard)
      #expect(heard == Array("request".utf8))
      #expect(!pair.server.hasUnread)
    }
  }

  @Test("knows that a part of a record came")
  func half() async throws {
    try await onLoop { loop in
      let pair = try pair(on: loop)
      _ = pair.talk(inPiecesOf: 1 << 20)
      #expect(pair.server.send(Array("reply".utf8), 0..<5))
      let sent = pair.server.takeOutput()
      var heard: [UInt8] = []
      pair.client.receive(Array(sent.prefix(3)), into: &heard)
      #expect(heard.isEmpty)
      #expect(pair.client.hasUnread)
      pair.client.receive(Array(sent.dropFirst(3)), into: &heard)
      #expect(heard == Array("reply".utf8))
      #expect(!pair.client.hasUnread)
    }
  }

  @Test("takes no damaged byte for a good one")
  func damage() async throws {
    try await onLoop { loop in
      let pair = try pair(on: loop)
      _ = pair.talk(inPiecesOf: 1 << 20)
      #expect(pair.server.send(Array("reply".utf8), 0..<5))
      var sent = pair.server.takeOutput()
      sent[sent.count - 1] ^= 1
      var heard: [UInt8] = []
      pair.client.receive(sent, into: &heard)
      #expect(heard.isEmpty)
      #expect(pair.client.hasFailed)
      #expect(!pair.client.send(sent, 0..<1))
    }
  }
}
