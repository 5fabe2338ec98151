import SluiceCore
import SluicePipeline
import SluiceReactor
import SluiceTestSupport
import Testing

@testable import SluiceUpstream

/// What is trusted after the first handshake, and for how long.
@Suite struct TLSTrustTests {
  private static let closing = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"

  @Test("shortens the next handshake with the same server", arguments: [0x0303, 0x0304] as [Int32])
  func resumes(version: Int32) async throws {
    try await onLoop { loop in
      let now = loop.wallSeconds
      let authority = try Identity(at: now)
      let identity = try Identity(for: "api.test", by: authority, at: now)
      let peer = try TLSPeer(on: loop, as: identity, version: version)
      let upstream = try loop.secureUpstream(port: peer.port, trusting: authority.pem)
      for wasResumed in [false, true, true] {
        async let asking = upstream.ask(in: loop)
        let talk = try await peer.secured()
        #expect(talk.wasResumed == wasResumed)
        _ = try await talk.request()
        try await talk.say(Self.closing)
        #expect(try await asking == "ok")
        #expect(await talk.seesFarewell())
      }
    }
  }

  @Test("takes a connection that was cut for no reason to forget its ticket")
  func resumesAfterCut() async throws {
    try await onLoop { loop in
      let now = loop.wallSeconds
      let authority = try Identity(at: now)
      let peer = try TLSPeer(on: loop, as: Identity(for: "api.test", by: authority, at: now))
      let upstream = try loop.secureUpstream(port: peer.port, trusting: authority.pem)
      for wasResumed in [false, true, true] {
        async let sending = upstream.send(.chat(), in: loop, cancellation: Cancellation())
        let talk = try await peer.secured()
        #expect(talk.wasResumed == wasResumed)
        _ = try await talk.request()
        try await talk.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        try await sending.abandon()
        _ = await talk.seesFarewell()
      }
    }
  }

  @Test("neither a ticket nor a resting connection outlives the certificate", arguments: [0, -120])
  func expires(authorityLives: Int64) async throws {
    try await onLoop { loop in
      let now = loop.wallSeconds
      // Whichever of both ends first.
      let authority = try Identity(at: now, lifetime: 3_600 + authorityLives)
      let identity = try Identity(for: "api.test", by: authority, at: now, lifetime: 3_600)
      let peer = try TLSPeer(on: loop, as: identity)
      let upstream = try loop.secureUpstream(port: peer.port, trusting: authority.pem)
      loop.startTask { await (try? await peer.secured())?.serve() }
      #expect(try await upstream.ask(in: loop) == "ok")
      let before = ShiftedWorld(loop, by: 3_500 + authorityLives)
      #expect(try await upstream.ask(in: before) == "ok")
      #expect(peer.accepted == 1)
      #expect(upstream.idleConnections == 1)

      async let refusal = upstream.refusal(in: ShiftedWorld(loop, by: 3_601 + authorityLives))
      let talk = await peer.accept()
      _ = try? await talk.transport.handshake(deadline: .max)
      #expect(!talk.wasResumed)
      #expect(await refusal == Failure(.expired))
      #expect(upstream.busyConnections + upstream.idleConnections == 0)
    }
  }

  @Test("refuses the server once it shows a bad certificate")
  func turnsBad() async throws {
    try await onLoop { loop in
      let now = loop.wallSeconds
      let authority = try Identity(at: now)
      let good = try Identity(for: "api.test", by: authority, at: now)
      let peer = try TLSPeer(on: loop, as: good)
      let upstream = try loop.secureUpstream(port: peer.port, trusting: authority.pem)
      let others: [(Identity, TLSFault)] = [
        (try Identity(for: "api.test", by: authority, at: now, lifetime: -1), .expired),
        (try Identity(for: "api.test", at: now), .selfSigned),
        (try Identity(for: "api.test", by: Identity(at: now), at: now), .unknownIssuer),
        (try Identity(for: "evil.test", by: authority, at: now), .wrongHost),
      ]
      for (bad, fault) in others {
        // Whoever takes the place of a server cannot read its tickets.
        for (shown, expected) in [(good, nil), (bad, fault)] {
          let place = try TLSPeer(on: loop, as: shown)
          async let answer = answer(upstream, loop)
          // The connection is made to the one, and answered by the other.
          let stream = await peer.plain.accept().stream
          let talk = TLSTalk(Transport(stream: stream, tls: place.session()))
          if try await talk.transport.handshake(deadline: .max) == nil, expected == nil {
            _ = try await talk.request()
            try await talk.say(Self.closing)
          }
          #expect(!talk.wasResumed)
          #expect(await answer == expected.map { Failure($0) })
          talk.transport.close()
        }
      }
    }
  }

  /// What a request fails with; `nil` if it is answered.
  private func answer(_ upstream: HTTPUpstream, _ loop: EventLoop) async -> Failure? {
    do {
      #expect(try await upstream.ask(in: loop) == "ok")
      return nil
    } catch {
      return error as? Failure
    }
  }
}
