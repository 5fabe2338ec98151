import SluiceCore
import SluiceDialects
import SluiceHTTP
import SluicePipeline
import SluicePolicy
import SluiceReactor

/// One request of a client on its way through the graph.
struct TrafficHandler: RequestHandler {
  let service: Service
  /// As stages read it.
  let path: String
  let generation: Generation
  /// Nanoseconds.
  let requestTimeout: Int64
  let observer: any ExchangeObserver

  func respond(to request: ServerRequest, through sink: ResponseSink) async {
    let loop = request.loop
    let exchange = Exchange(
      id: Self.makeID(loop),
      request: ClientRequest(
        service: service,
        method: request.head.method.name,
        path: path,
        fields: request.head.fields,
        body: request.body,
        peer: HostAddress(high: request.peer.high, low: request.peer.low)
      ),
      generation: generation,
      world: loop,
      sink: ClientSink(sink),
      cancellation: request.cancellation,
      startedAt: loop.now,
      deadline: request.headAt.monotonic + requestTimeout
    )
    observer.began(exchange)
    await GraphRunner.run(exchange, service: service)
    let status = await send(exchange, through: sink)
    observer.finished(exchange, status: status, at: loop.now)
  }

  /// Sends what the graph decided; says what status the client got.
  private func send(_ exchange: Exchange, through sink: ResponseSink) async -> Int {
    if sink.hasBegun { return 200 }
    if exchange.cancellation.reason == .clientLeft { return 0 }
    let fields = exchange.replyFields
    let reply: ServerReply
    switch exchange.outcome {
    case .reply(let answer): reply = ServerReply(answer, behind: fields)
    case .refused(let error): reply = ServerReply(error, behind: fields)
    // A stream is begun through the sink, and a graph ends with an outcome.
    case .pending, .streamed, .cut: reply = ServerReply(.internalError, behind: fields)
    case .abandoned: return 0
    }
    do throws(IOFailure) {
      try await sink.send(reply)
      return reply.status
    } catch {
      return 0
    }
  }

  private static let prefix = Array("req_".utf8)

  /// `req_` and 24 hexadecimal digits.
  private static func makeID(_ loop: EventLoop) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(28)
    bytes += prefix
    var bits = loop.random()
    for place in 0..<24 {
      if place == 16 { bits = loop.random() }
      let digit = UInt8(truncatingIfNeeded: bits & 15)
      bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
      bits >>= 4
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension ServerReply {
  /// A reply of the graph, its own fields behind those that every reply has.
  fileprivate init(_ reply: Reply, behind fields: HeaderLines) {
    self.init(
      status: reply.status,
      contentType: reply.contentType,
      body: reply.body,
      fields: fields
    )
    self.fields.append(reply.fields)
  }
}

/// The client's side of an exchange, in the words of the pipeline.
///
/// Every way in which a client stops taking its reply is "the client left": it closed, it broke
/// the connection off, or it took nothing for too long.
private final class ClientSink: ReplySink {
  private let sink: ResponseSink

  init(_ sink: ResponseSink) { self.sink = sink }

  func begin(status: Int, fields: HeaderLines) async throws(Failure) {
    do throws(IOFailure) {
      try await sink.begin(status: status, fields: fields)
    } catch {
      throw Self.clientLeft
    }
  }

  func write(_ bytes: [UInt8]) async throws(Failure) {
    do throws(IOFailure) {
      try await sink.write(bytes)
    } catch {
      throw Self.clientLeft
    }
  }

  func finish() async throws(Failure) {
    do throws(IOFailure) {
      try await sink.finish()
    } catch {
      throw Self.clientLeft
    }
  }

  private static let clientLeft = Failure(.clientLeft)
}

/// Percent-encoding of paths (RFC 3986 section 2.1).
package enum PercentEncoding {
  /// Decodes once; a malformed triplet stands for itself.
  package static func decoded(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
    let bytes = Array(text.utf8)
    var output: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
        let high = hexDigit(bytes[index + 1]), let low = hexDigit(bytes[index + 2])
      {
        output.append(high << 4 | low)
        index += 3
      } else {
        output.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: output, as: UTF8.self)
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
