import SluiceCore
import SluiceHTTP
import SluiceReactor

/// Takes requests off a connection's bytes, one after the other.
///
/// Holds no buffer while there is nothing in it: an idle connection costs none.
struct RequestReader {
  enum Result<Value> {
    case got(Value)
    /// The client left, or the connection is to end without a word.
    case left
    case refused(ServerRefusal)
  }

  private let stream: TCPStream
  private let connections: LoopConnections
  /// Bytes of the body at hand that count against what the loop holds.
  private var held = 0
  /// Bytes that came and belong to no message yet, from `offset`.
  private var bytes: [UInt8] = []
  private var offset = 0

  init(_ stream: TCPStream, of connections: LoopConnections) {
    self.stream = stream
    self.connections = connections
  }

  /// Whether bytes of the client are at hand, or may be.
  var mayHaveMore: Bool { offset < bytes.count || stream.mayHaveUnread }

  /// Whether no byte behind the last message has come.
  private var isEmpty: Bool { offset == bytes.count }

  enum Arrival {
    case request
    /// The deadline passed.
    case nothing
    /// The client left, or we are stopping.
    case end
  }

  /// Waits for the first byte of the next head.
  mutating func waitForRequest(deadline: Int64) async -> Arrival {
    guard isEmpty else { return .request }
    bytes = []
    offset = 0
    do throws(IOFailure) {
      return try await stream.read(into: &bytes, deadline: deadline) > 0 ? .request : .end
    } catch {
      return error == .timedOut ? .nothing : .end
    }
  }

  mutating func readHead(deadline: Int64) async -> Result<RequestHead> {
    var parser = RequestHeadParser()
    while true {
      switch parser.parse(bytes.span.extracting(offset..<bytes.count)) {
      case .head(let head, let consumed):
        offset += consumed
        return .got(head)
      case .refused(let refusal): return .refused(.malformed(refusal))
      case .needMore: break
      }
      if let ended: Result<RequestHead> = await readMore(deadline: deadline) { return ended }
    }
  }

  mutating func readBody(
    of head: RequestHead,
    maximum: Int,
    deadline: Int64
  ) async -> Result<[UInt8]> {
    switch head.body {
    case .none, .untilClose, .length(0): return .got([])
    case .length(let length):
      guard length <= maximum else { return .refused(.bodyTooLarge(limit: maximum)) }
      if bytes.count - offset >= length {
        defer { offset += length }
        return .got(Array(bytes[offset..<offset + length]))
      }
      if let ended = await invite(head, deadline: deadline) { return ended }
      return await readLength(length, deadline: deadline)
    case .chunked:
      if let ended = await invite(head, deadline: deadline) { return ended }
      return await readChunks(maximum: maximum, deadline: deadline)
    }
  }

  /// Tells a client that waits for it to send the body (RFC 9110 section 10.1.1).
  private func invite(_ head: RequestHead, deadline: Int64) async -> Result<[UInt8]>? {
    guard head.expectsContinue, isEmpty else { return nil }
    do throws(IOFailure) {
      try await stream.write(ResponseWriter.continueHead, deadline: deadline)
      return nil
    } catch {
      return .left
    }
  }

  private mutating func readLength(
    _ length: Int,
    deadline: Int64
  ) async -> Result<[UInt8]> {
    var body = Array(bytes[offset...])
    bytes = []
    offset = 0
    // Grows as bytes come: what a client announces is no reason to set memory aside.
    while body.count < length {
      let count: Int
      do throws(IOFailure) {
        count = try await stream.read(
          into: &body,
          maximum: length - body.count,
          deadline: deadline
        )
      } catch {
        return Self.ended(by: error)
      }
      guard count > 0 else { return .left }
      guard hold(count) else { return .refused(.overloaded) }
    }
    return .got(body)
  }

  /// Counts bytes of a body that came in pieces, if the loop may hold so many.
  private mutating func hold(_ count: Int) -> Bool {
    guard connections.holdBody(count) else { return false }
    held += count
    return true
  }

  /// Gives back what the last body counted, once its request was answered.
  mutating func releaseBody() {
    if held > 0 { connections.releaseBody(held) }
    held = 0
  }

  private mutating func readChunks(
    maximum: Int,
    deadline: Int64
  ) async -> Result<[UInt8]> {
    var decoder = ChunkedDecoder()
    var body: [UInt8] = []
    while true {
      switch decoder.next(bytes.span, from: offset) {
      case .data(let range):
        guard body.count + range.count <= maximum else {
          return .refused(.bodyTooLarge(limit: maximum))
        }
        guard hold(range.count) else { return .refused(.overloaded) }
        body += bytes[range]
        offset = range.upperBound
      case .end(let next):
        offset = next
        return .got(body)
      case .refused(let refusal): return .refused(.malformed(refusal))
      case .needMore:
        bytes = []
        offset = 0
        if let ended: Result<[UInt8]> = await readMore(deadline: deadline) { return ended }
      }
    }
  }

  /// Appends what comes next.
  ///
  /// - Returns: how it ended, if nothing came.
  private mutating func readMore<Value>(deadline: Int64) async -> Result<Value>? {
    do throws(IOFailure) {
      return try await stream.read(into: &bytes, deadline: deadline) > 0 ? nil : .left
    } catch {
      return Self.ended(by: error)
    }
  }

  private static func ended<Value>(by failure: IOFailure) -> Result<Value> {
    failure == .timedOut ? .refused(.tooSlow) : .left
  }
}
