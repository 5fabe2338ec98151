import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceReactor
import SluiceTestSupport
import Testing

@testable import SluiceUpstream

@Suite struct TLSHandshakeTests {
  @Test("is served by the right host, which it names", arguments: [0x0303, 0x0304] as [Int32])
  func served(version: Int32) async throws {
    try await onLoop { loop in
      let authority = try Identity(at: loop.wallSeconds)
      let identity = try Identity(for: "api.test", by: authority, at: loop.wallSeconds)
      let peer = try TLSPeer(on: loop, as: identity, version: version)
      // The dot at a name's end is no part of it for TLS.
      for host in ["api.test", "API.test", "api.test."] {
        let upstream = try loop.secureUpstream(host, port: peer.port, trusting: authority.pem)
        loop.startTask {
          guard let talk = try? await peer.secured() else { return }
          #expect(talk.transport.tls?.version == Int(version))
          await talk.serve()
        }
        #expect(try await upstream.ask(in: loop) == "ok")
        #expect(peer.askedFor == "api.test")
        upstream.retire()
      }
    }
  }

  @Test("is served by the right address, which is never sent as a name")
  func servedByAddress() async throws {
    try await onLoop { loop in
      let authority = try Identity(at: loop.wallSeconds)
      let identity = try Identity(for: "IP:127.0.0.1", by: authority, at: loop.wallSeconds)
      let peer = try TLSPeer(on: loop, as: identity)
      let upstream = try loop.secureUpstream("127.0.0.1", port: peer.port, trusting: authority.pem)
      loop.startTask { await (try? await peer.secured())?.serve() }
      #expect(try await upstream.ask(in: loop) == "ok")
      #expect(peer.askedFor == nil)
      upstream.retire()
    }
  }

  @Test("trusts a server's own certificate where the file holds just that")
  func pinned() async throws {
    try await onLoop { loop in
      let authority = try Identity(at: loop.wallSeconds)
      let identity = try Identity(for: "api.test", by: authority, at: loop.wallSeconds)
      let peer = try TLSPeer(on: loop, as: identity)
      let upstream = try loop.secureUpstream(port: peer.port, trusting: identity.pem)
      loop.startTask { await (try? await peer.secured())?.serve() }
      #expect(try await upstream.ask(in: loop) == "ok")
      upstream.retire()
    }
  }

  enum Flaw: CaseIterable {
    case otherName, nameForAddress, addressForName, deeperName, expired, notYetValid
    case expiredAuthority, unknownIssuer, notInSystem, selfSigned, oldVersion

    var fault: TLSFault {
      switch self {
      case .otherName, .nameForAddress, .addressForName, .deeperName: .wrongHost
      case .expired, .expiredAuthority: .expired
      case .notYetValid: .notYetValid
      case .unknownIssuer, .notInSystem: .unknownIssuer
      case .selfSigned: .selfSigned
      case .oldVersion: .nothingInCommon
      }
    }

    /// What the certificate is for.
    var subject: String {
      switch self {
      case .otherName: "other.test"
      case .addressForName: "IP:127.0.0.1"
      case .deeperName: "*.test"
      default: "api.test"
      }
    }

    var host: String {
      switch self {
      case .nameForAddress: "127.0.0.1"
      case .deeperName: "api.eu.test"
      default: "api.test"
      }
    }
  }

  @Test(
    "refuses a server that is not to be trusted, says why, and tells it nothing",
    arguments: Flaw.allCases
  )
  func refused(flaw: Flaw) async throws {
    try await onLoop { loop in
      let now = loop.wallSeconds
      let authority = try Identity(at: now, lifetime: flaw == .expiredAuthority ? -60 : 3_600)
      let identity = try Identity(
        for: flaw.subject,
        by: flaw == .selfSigned ? nil : authority,
        at: now,
        notBefore: flaw == .notYetValid ? 60 : -3_600,
        lifetime: flaw == .expired ? -60 : 3_600
      )
      let peer = try TLSPeer(on: loop, as: identity, version: flaw == .oldVersion ? 0x0302 : 0)
      let authorities: [UInt8]? =
        switch flaw {
        case .notInSystem: nil
        case .unknownIssuer: try Identity(at: now).pem
        default: authority.pem
        }
      let upstream = try loop.secureUpstream(flaw.host, port: peer.port, trusting: authorities)
      async let accepted = peer.accept()
      async let refusal = upstream.refusal(in: loop)
      let talk = await accepted
      var heard: [UInt8] = []
      do {
        if try await talk.transport.handshake(deadline: .max) == nil {
          // With TLS 1.3 a server is done before it hears that its client is not.
          while try await talk.transport.read(into: &heard, deadline: .max) > 0 {}
        }
      } catch {
        #expect(error as? IOFailure == .reset)
      }
      #expect(heard.isEmpty)
      talk.transport.close()
      let failure = await refusal
      #expect(failure?.reason == .tlsFailed)
      #expect(failure?.detail == flaw.fault.message)
      #expect(failure.map { "\($0)" } == "tlsFailed: \(flaw.fault.message)")
      #expect(upstream.busyConnections + upstream.idleConnections == 0)
    }
  }

  @Test("refuses a server that speaks plain text, or leaves")
  func noTLS() async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.secureUpstream(port: peer.port, trusting: nil)
      loop.startTask {
        let plain = await peer.accept()
        try? await plain.say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        _ = await plain.seesEnd()
        let leaving = await peer.accept()
        _ = try? await leaving.stream.read()
        leaving.stream.close()
        let breaking = await peer.accept()
        _ = try? await breaking.stream.read()
        breaking.stream.reset()
      }
      #expect(await upstream.refusal(in: loop) == Failure(.notTLS))
      #expect(await upstream.refusal(in: loop) == Failure(.closed))
      #expect(
        await upstream.refusal(in: loop)
          == Failure(.tlsFailed)
      )
      #expect(upstream.busyConnections == 0)
    }
  }

  @Test("lets a stalled handshake not outlast the time to connect", arguments: [false, true])
  func stalls(afterItsHello: Bool) async throws {
    try await onLoop { loop in
      let now = loop.wallSeconds
      let authority = try Identity(at: now)
      let peer = try TLSPeer(on: loop, as: Identity(for: "api.test", by: authority, at: now))
      var timeouts = UpstreamSettings.Timeouts()
      timeouts.connect = .milliseconds(40)
      let upstream = try loop.secureUpstream(
        port: peer.port,
        trusting: authority.pem,
        timeouts: timeouts
      )
      loop.startTask {
        let talk = await peer.accept()
        guard afterItsHello, let input = try? await talk.transport.stream.read() else { return }
        _ = talk.transport.tls?.handshake(input)
        let hello = talk.transport.tls?.takeOutput() ?? []
        try? await talk.transport.stream.write(Array(hello.prefix(hello.count / 2)))
      }
      #expect(
        await upstream.refusal(in: loop)
          == Failure(.connectTimeout)
      )
      #expect(upstream.busyConnections == 0)
    }
  }

  @Test("ends the handshake of a client that leaves")
  func cancelled() async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.secureUpstream(port: peer.port, trusting: nil)
      let cancellation = Cancellation()
      async let failing = failure { () throws(Failure) in
        _ = try await upstream.send(.chat(), in: loop, cancellation: cancellation)
      }
      let talk = await peer.accept()
      #expect(try await !talk.stream.read().isEmpty)
      cancellation.cancel(.clientLeft)
      #expect(await talk.seesEnd())
      #expect(await failing == Failure(.clientLeft))
      #expect(upstream.busyConnections == 0)
    }
  }

  @Test("refuses a file of authorities that holds none, or a damaged one")
  func badAuthorities() async throws {
    try await onLoop { loop in
      let good = try Identity(at: loop.wallSeconds).pem
      _ = try loop.secureUpstream(port: 1, trusting: good + good)
      let damaged: [[UInt8]] = [
        [], Array("no certificate".utf8), good + good.dropLast(60), Array(good.dropFirst()),
      ]
      for authorities in damaged {
        #expect(throws: UpstreamSetupError.badAuthorities) {
          _ = try loop.secureUpstream(port: 1, trusting: authorities)
        }
      }
    }
  }
}
