import SluiceCore
import SluiceDialects
import SluiceHTTP
import SluiceReactor
import SluiceTestSupport
import Synchronization
import Testing

@testable import SluiceServer

func anyLoopback() throws -> SocketAddress { try #require(SocketAddress("127.0.0.1:0")) }

/// A service of which a test says what it does.
struct ScriptedService: RequestService {
  typealias Answer = @Sendable (ServerRequest, ResponseSink) async throws -> Void

  var limits = ConnectionLimits(idle: .seconds(60), head: .seconds(60))
  var maximumBody = 1_000_000
  var bodyTimeout = Duration.seconds(60)
  var refusedPath = "/refused"
  let answer: Answer

  func receive(_ head: RequestHead) -> Reception {
    if head.hasPath(refusedPath) { return .refuse(ServerReply(APIError.notFound)) }
    return .serve(
      Handler(answer: answer),
      maximumBody: maximumBody,
      bodyTimeout: bodyTimeout.nanoseconds
    )
  }

  func reply(to refusal: ServerRefusal) -> ServerReply { TrafficService.reply(to: refusal) }

  private struct Handler: RequestHandler {
    let answer: Answer

    func respond(to request: ServerRequest, through sink: ResponseSink) async {
      // A client that left is part of several tests.
      do { try await answer(request, sink) } catch {}
    }
  }

  /// Answers with the method, the path and the body.
  static let echo = ScriptedService { request, sink in
    let head = "\(request.head.method.name) \(request.head.path) "
    try await sink.send(
      ServerReply(status: 200, contentType: "text/plain", body: Array(head.utf8) + request.body)
    )
  }
}

/// Serves `service` on a loop of its own, on which `body` is the client.
func serving(
  _ service: any RequestService,
  connectionsPerLoop: Int = 100,
  _ body: @escaping @Sendable (EventLoop, SocketAddress, HTTPServer) async throws -> Void
) async throws {
  try await onLoop { loop in
    let server = HTTPServer(service, on: [loop], connectionsPerLoop: connectionsPerLoop)
    let binding = try server.bind([try anyLoopback()])
    server.listen(on: binding)
    try await body(loop, binding.addresses[0], server)
  }
}

/// A client that says exactly what a test wants it to.
final class Client {
  let stream: TCPStream
  private var bytes: [UInt8] = []

  init(_ stream: TCPStream) { self.stream = stream }

  deinit { stream.close() }

  static func connect(to address: SocketAddress, on loop: EventLoop) async throws -> Client {
    Client(try await TCPConnector(on: loop).connect(to: address))
  }

  func say(_ text: String) async throws { try await stream.write(Array(text.utf8)) }

  struct Reply {
    var status = 0
    var fields = HeaderFields()
    var keepAlive = false
    var body = ""
  }

  struct Ended: Error {}

  /// The next reply, as its framing says.
  func reply(toHead: Bool = false) async throws -> Reply {
    let head = try await head(toHead: toHead)
    var reply = Reply(status: head.status, fields: head.fields, keepAlive: head.keepAlive)
    var body: [UInt8] = []
    switch head.body {
    case .none: break
    case .length(let length):
      while bytes.count < length { try await more() }
      body = Array(bytes[..<length])
      bytes.removeFirst(length)
    case .chunked:
      while let chunk = try await chunk() { body += chunk }
    case .untilClose:
      do { while true { try await more() } } catch is Ended {}
      body = bytes
    }
    reply.body = String(decoding: body, as: UTF8.self)
    return reply
  }

  func head(toHead: Bool = false) async throws -> ResponseHead {
    while true {
      var parser = ResponseHeadParser(answersHead: toHead)
      switch parser.parse(bytes.span) {
      case .head(let head, let consumed):
        bytes.removeFirst(consumed)
        return head
      case .refused(let refusal): throw refusal
      case .needMore: try await more()
      }
    }
  }

  private var decoder = ChunkedDecoder()

  /// What comes next of a chunked body; `nil` at its end.
  func chunk() async throws -> [UInt8]? {
    while true {
      switch decoder.next(bytes.span, from: 0) {
      case .data(let range):
        let data = Array(bytes[range])
        bytes.removeFirst(range.upperBound)
        return data
      case .needMore:
        bytes = []
        try await more()
      case .end(let next):
        bytes.removeFirst(next)
        decoder = ChunkedDecoder()
        return nil
      case .refused(let refusal): throw refusal
      }
    }
  }

  /// Whether the server closes without saying anything more.
  func seesEnd() async -> Bool {
    guard bytes.isEmpty else { return false }
    do {
      return try await stream.read().isEmpty
    } catch {
      return error == .reset
    }
  }

  private func more() async throws {
    guard try await stream.read(into: &bytes) > 0 else { throw Ended() }
  }
}

/// One value that a test waits for.
final class Signal<Value: Sendable>: Sendable {
  private struct State {
    var value: Value?
    var waiter: CheckedContinuation<Value, Never>?
  }
  private let state = Mutex(State())

  func send(_ value: Value) {
    let waiter = state.withLock { state -> CheckedContinuation<Value, Never>? in
      guard let waiter = state.waiter else {
        state.value = value
        return nil
      }
      state.waiter = nil
      return waiter
    }
    waiter?.resume(returning: value)
  }

  func wait() async -> Value {
    await withCheckedContinuation { continuation in
      let value = state.withLock { state -> Value? in
        if let value = state.value {
          state.value = nil
          return value
        }
        state.waiter = continuation
        return nil
      }
      if let value { continuation.resume(returning: value) }
    }
  }
}
