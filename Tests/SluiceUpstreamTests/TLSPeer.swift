import CTLSFixtures
import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceReactor
import Synchronization
import Testing

@testable import SluiceUpstream

/// A certificate with its key, made for a test.
@safe
final class Identity: @unchecked Sendable {
  fileprivate let pointer: OpaquePointer

  /// Makes one for a name, or for `IP:` and an address; an authority for neither.
  ///
  /// It signs itself where nobody else does. `now` is in seconds since 1970, what it is valid from
  /// and how long count from there.
  init(
    for host: String? = nil,
    by issuer: Identity? = nil,
    at now: Int64,
    notBefore: Int64 = -3_600,
    lifetime: Int64 = 3_600
  ) throws {
    func make(_ host: UnsafePointer<CChar>?) -> OpaquePointer? {
      unsafe fixture_identity_new(host, issuer?.pointer, now + notBefore, now + lifetime)
    }
    let made = if let host { unsafe host.withCString { unsafe make($0) } } else { unsafe make(nil) }
    unsafe pointer = try #require(unsafe made)
  }

  deinit { unsafe fixture_identity_free(pointer) }

  /// The certificate, as a file holds it.
  var pem: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 8_192)
    let count = unsafe bytes.withUnsafeMutableBufferPointer {
      unsafe fixture_identity_pem(pointer, $0.baseAddress, $0.count)
    }
    return Array(bytes.prefix(count))
  }
}

/// An upstream that a test plays inside TLS.
@safe
final class TLSPeer: @unchecked Sendable {
  let plain: ScriptedPeer
  private let context: TLSContext
  private let pointer: OpaquePointer

  /// Listens; speaks one version, 0x0303 and the like, or with 0 any that is good.
  init(on loop: EventLoop, as identity: Identity, version: Int32 = 0) throws {
    plain = try ScriptedPeer(on: loop)
    unsafe pointer = try #require(unsafe fixture_server_context(identity.pointer, version))
    unsafe context = TLSContext(owning: pointer)
  }

  /// Shows another certificate from now on.
  func show(_ identity: Identity) {
    #expect(unsafe fixture_server_show(pointer, identity.pointer) == 1)
  }

  /// The name that the last client asked for.
  var askedFor: String? {
    unsafe fixture_server_asked_for(pointer).map { unsafe String(cString: $0) }
  }

  /// The next connection that was made to it, before any handshake.
  func accept() async -> TLSTalk {
    TLSTalk(Transport(stream: await plain.accept().stream, tls: session()))
  }

  /// The next connection, after a good handshake.
  func secured() async throws -> TLSTalk {
    let talk = await accept()
    #expect(try await talk.transport.handshake(deadline: .max) == nil)
    return talk
  }

  func session() -> TLSSession { TLSSession(accepting: context) }

  var accepted: Int { plain.accepted }
  var port: UInt16 { plain.port }
}

/// One side of a connection that speaks in plain text inside TLS.
final class TLSTalk: Sendable {
  let transport: Transport

  init(_ transport: Transport) { self.transport = transport }

  var wasResumed: Bool { transport.tls?.wasResumed ?? false }

  func say(_ text: String) async throws {
    try await transport.write(Array(text.utf8), [], deadline: .max)
  }

  /// Reads up to the empty line, and as many bytes more as the head announces.
  func request() async throws -> String {
    var bytes: [UInt8] = []
    var total: Int?
    while total.map({ bytes.count < $0 }) ?? true {
      guard try await transport.read(into: &bytes, deadline: .max) > 0 else { throw Talk.Ended() }
      if total == nil { total = Self.total(String(decoding: bytes.prefix(4_096), as: UTF8.self)) }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func total(_ text: String) -> Int? {
    guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
    let length =
      text[..<end.lowerBound].split(separator: "\r\n")
      .first { $0.lowercased().hasPrefix("content-length:") }
      .flatMap { Int($0.split(separator: " ").last ?? "") } ?? 0
    return text[..<end.upperBound].utf8.count + length
  }

  /// How the other side ended: `true` with a farewell, `false` without.
  func seesFarewell() async -> Bool {
    do {
      return try await transport.read(deadline: .max).isEmpty
    } catch {
      return false
    }
  }

  /// Answers one request after the other until the other side ends.
  func serve(_ reply: String = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") async {
    do {
      while true {
        _ = try await request()
        try await say(reply)
      }
    } catch {
      transport.close()
    }
  }
}

/// A loop's world at another time.
final class ShiftedWorld: World {
  private let loop: EventLoop
  private let shift: Mutex<Int64>

  init(_ loop: EventLoop, by seconds: Int64 = 0) {
    self.loop = loop
    shift = Mutex(seconds)
  }

  func advance(by seconds: Int64) { shift.withLock { $0 += seconds } }

  var now: Moment { loop.now.advanced(byNanoseconds: shift.withLock { $0 } * 1_000_000_000) }

  func random() -> UInt64 { loop.random() }

  func schedule(
    atMonotonic deadline: Int64,
    _ action: @escaping @Sendable () -> Void
  ) -> any ScheduledAction {
    loop.schedule(atMonotonic: deadline, action)
  }

  func sleep(untilMonotonic deadline: Int64) async throws {
    try await loop.sleep(untilMonotonic: deadline)
  }

  func startWork(_ work: @escaping @Sendable () async -> Void) { loop.startWork(work) }
  func atEndOfTurn(_ action: @escaping @Sendable () -> Void) { loop.atEndOfTurn(action) }
}

extension EventLoop {
  var wallSeconds: Int64 { now.wallSeconds }

  /// An upstream at `host`, which is wherever `port` listens.
  func secureUpstream(
    _ host: String = "api.test",
    port: UInt16,
    trusting authorities: [UInt8]?,
    timeouts: UpstreamSettings.Timeouts = UpstreamSettings.Timeouts()
  ) throws -> HTTPUpstream {
    try HTTPUpstream(
      name: "test",
      url: "https://\(host):\(port)/v1",
      secret: "sk-secret",
      timeouts: timeouts,
      version: "1.0",
      loops: [self],
      resolver: resolver { _ throws(IOFailure) in
        [SocketAddress("127.0.0.1:0")].compactMap { $0 }
      },
      authorities: authorities,
      connections: 16
    )
  }
}

extension HTTPUpstream {
  /// The body of the reply to a small request.
  func ask(_ body: String = "{}", in world: any World) async throws -> String {
    try await send(.chat(body), in: world, cancellation: Cancellation()).text()
  }

  /// What a small request fails with.
  func refusal(in world: any World) async -> Failure? {
    await failure { () throws(Failure) in
      _ = try await send(.chat(), in: world, cancellation: Cancellation())
    }
  }
}
