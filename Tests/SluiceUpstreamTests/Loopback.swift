import SluiceCore
import SluiceHTTP
import SluicePipeline
import SluicePolicy
import SluiceReactor
import Synchronization
import Testing

@testable import SluiceUpstream

/// An upstream that a test plays: it takes connections and says what it likes.
final class ScriptedPeer: Sendable {
  private struct State {
    var waiting: [TCPStream] = []
    var taker: CheckedContinuation<TCPStream, Never>?
    var accepted = 0
  }
  private let state = Mutex(State())
  let listener: TCPListener

  init(on loop: EventLoop) throws {
    listener = try TCPListener(
      try #require(SocketAddress("127.0.0.1:0")),
      on: loop
    )
    listener.start { [weak self] in self?.add($0) }
  }

  private func add(_ stream: TCPStream) {
    let taker = state.withLock { state -> CheckedContinuation<TCPStream, Never>? in
      state.accepted += 1
      if let taker = state.taker {
        state.taker = nil
        return taker
      }
      state.waiting.append(stream)
      return nil
    }
    taker?.resume(returning: stream)
  }

  /// The next connection that was made to it.
  func accept() async -> Talk {
    let stream = await withCheckedContinuation { continuation in
      let stream = state.withLock { state -> TCPStream? in
        if state.waiting.isEmpty {
          state.taker = continuation
          return nil
        }
        return state.waiting.removeFirst()
      }
      if let stream { continuation.resume(returning: stream) }
    }
    return Talk(stream)
  }

  /// Connections that were made so far.
  var accepted: Int { state.withLock { $0.accepted } }
  var port: UInt16 { listener.address.port }
  var url: String { "http://127.0.0.1:\(port)/v1" }
}

/// One side of a connection that speaks in plain text.
final class Talk: Sendable {
  let stream: TCPStream
  private let bytes = Mutex<[UInt8]>([])

  init(_ stream: TCPStream) { self.stream = stream }

  func say(_ text: String) async throws { try await stream.write(Array(text.utf8)) }

  /// Reads up to the empty line, and as many bytes more as the head announces.
  func request() async throws -> String {
    while true {
      let text = bytes.withLock { String(decoding: $0, as: UTF8.self) }
      if let end = text.firstRange(of: "\r\n\r\n") {
        let length =
          text[..<end.lowerBound].split(separator: "\r\n")
          .first { $0.lowercased().hasPrefix("content-length:") }
          .flatMap { Int($0.split(separator: " ").last ?? "") } ?? 0
        let total = text[..<end.upperBound].utf8.count + length
        if text.utf8.count >= total {
          bytes.withLock { $0.removeFirst(total) }
          return String(decoding: Array(text.utf8)[..<total], as: UTF8.self)
        }
      }
      let more = try await stream.read()
      guard !more.isEmpty else { throw Ended() }
      bytes.withLock { $0 += more }
    }
  }

  /// Whether the other side closes before it says anything more; returns when it does either.
  func seesEnd() async -> Bool {
    do {
      return try await stream.read().isEmpty
    } catch {
      return error == .reset
    }
  }

  struct Ended: Error {}
}

/// One thread for all look-ups of these tests.
private let blocking: BlockingExecutor = {
  do {
    return try BlockingExecutor(threads: 1)
  } catch {
    preconditionFailure("no thread for look-ups: \(error)")
  }
}()

extension EventLoop {
  func resolver(
    in world: (any World)? = nil,
    _ lookUp: @escaping Resolver.LookUp = { _ throws(IOFailure) in throw .notFound }
  )
    -> Resolver
  {
    Resolver(on: blocking, world: world ?? self, lookUp: lookUp)
  }

  func upstream(
    _ url: String,
    secret: String? = "sk-secret",
    timeouts: UpstreamSettings.Timeouts = UpstreamSettings.Timeouts(),
    resolver: Resolver? = nil,
    connections: Int = 16,
    onReplay: @escaping @Sendable () -> Void = {}
  ) throws -> HTTPUpstream {
    try HTTPUpstream(
      name: "test",
      url: url,
      secret: secret,
      timeouts: timeouts,
      version: "1.0",
      loops: [self],
      resolver: resolver ?? self.resolver(),
      connections: connections,
      onReplay: onReplay
    )
  }

  /// A deadline a little ahead of now.
  func soon(_ milliseconds: Int64 = 5) -> Int64 { now.monotonic + milliseconds * 1_000_000 }
}

extension UpstreamRequest {
  /// A request with the client's fields `fields`, each ending in CRLF.
  static func chat(
    _ body: String = "{}",
    fields: String = "",
    headDeadline: Int64 = .max
  ) -> UpstreamRequest {
    UpstreamRequest(
      path: "/chat/completions",
      fields: clientFields(fields),
      body: Array(body.utf8),
      headDeadline: headDeadline
    )
  }

  private static func clientFields(_ fields: String) -> HeaderFields {
    var parser = RequestHeadParser()
    let head = Array("POST / HTTP/1.1\r\nHost: gateway\r\n\(fields)\r\n".utf8)
    guard case .head(let parsed, _) = parser.parse(head.span) else {
      preconditionFailure("a well-formed head")
    }
    return parsed.fields
  }
}

extension UpstreamReply {
  /// The rest of the body.
  func text() async throws -> String {
    var all: [UInt8] = []
    while let bytes = try await read() { all += bytes }
    return String(decoding: all, as: UTF8.self)
  }
}

/// What `body` fails with.
func failure(of body: () async throws(Failure) -> Void) async -> Failure? {
  do {
    try await body()
    return nil
  } catch {
    return error
  }
}
