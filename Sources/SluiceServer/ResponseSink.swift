import SluiceCore
import SluiceHTTP
package import SluiceReactor

/// Where the reply to one request goes.
///
/// One reply: `send`, or `begin`, any number of `write`, and `finish`. Each write is one system
/// call, made at once: a chunk never waits for the next one. A client that takes nothing for as
/// long as the idle timeout is given up, so that it cannot hold a reply in memory for ever.
///
/// Used on the connection's loop, by one task.
package final class ResponseSink {
  private enum State { case fresh, streaming, complete, broken }

  private let stream: TCPStream
  private let connections: LoopConnections
  private let isForHead: Bool
  private let isChunked: Bool
  private let writeTimeout: Int64
  private var state = State.fresh
  /// Whether the connection goes on after this reply.
  private(set) var keepsAlive: Bool

  init(
    _ stream: TCPStream,
    of connections: LoopConnections,
    answering head: RequestHead?,
    keepAlive: Bool,
    writeTimeout: Int64
  ) {
    self.stream = stream
    self.connections = connections
    isForHead = head?.method == .head
    isChunked = head?.version != .http10
    keepsAlive = keepAlive
    self.writeTimeout = writeTimeout
  }

  /// Whether anything was sent.
  package var hasBegun: Bool { state != .fresh }

  /// Whether the reply was handed to the kernel to its end.
  package var isComplete: Bool { state == .complete }

  /// Sends a whole reply.
  ///
  /// - Throws: what befell the connection, which then ends.
  package func send(_ reply: ServerReply) async throws(IOFailure) {
    precondition(state == .fresh, "a request has one reply")
    let isCopied = !isForHead && reply.body.count <= Self.copiedBytes
    var head = beginHead(
      status: reply.status,
      fields: reply.fields,
      reserving: isCopied ? reply.body.count : 0
    )
    HeadWriter.append("Content-Type", reply.contentType, to: &head)
    HeadWriter.append(.length(reply.body.count), to: &head)
    HeadWriter.end(&head)
    if isForHead {
      try await put(head)
    } else if isCopied {
      // Copying so little is cheaper than telling the kernel of two places.
      head += reply.body
      try await put(head)
    } else {
      try await put([head, reply.body])
    }
    state = .complete
  }

  /// Sends the head of a reply whose length is not known.
  ///
  /// In HTTP/1.0 its end is the end of the connection.
  package func begin(
    status: Int,
    fields: [(name: String, value: String)]
  ) async throws(IOFailure) {
    precondition(state == .fresh, "a request has one reply")
    // A connection that drains gives no new request a place.
    if connections.isDraining { keepsAlive = false }
    if !isChunked { keepsAlive = false }
    var head = beginHead(status: status, fields: fields)
    if isChunked { HeadWriter.append(.chunked, to: &head) }
    HeadWriter.end(&head)
    state = .streaming
    try await put(head)
  }

  /// Sends bytes at once; none sends nothing.
  package func write(_ bytes: [UInt8]) async throws(IOFailure) {
    precondition(state == .streaming || state == .broken, "a stream is begun before it is written")
    guard !bytes.isEmpty, !isForHead else { return }
    guard isChunked else { return try await put(bytes) }
    var chunk: [UInt8] = []
    if bytes.count <= Self.copiedBytes {
      chunk.reserveCapacity(bytes.count + 16)
      ChunkWriter.append(bytes, to: &chunk)
      try await put(chunk)
    } else {
      var end: [UInt8] = []
      ChunkWriter.begin(size: bytes.count, to: &chunk)
      ChunkWriter.end(&end)
      try await put([chunk, bytes, end])
    }
  }

  /// Ends the stream as complete.
  package func finish() async throws(IOFailure) {
    precondition(state == .streaming || state == .broken, "a stream is begun before it ends")
    if isChunked, !isForHead {
      var last: [UInt8] = []
      ChunkWriter.appendLast(to: &last)
      try await put(last)
    }
    state = .complete
  }

  /// Bytes of a body that are copied behind what goes before them.
  private static let copiedBytes = 4_096

  private func beginHead(
    status: Int,
    fields: [(name: String, value: String)],
    reserving bodyBytes: Int = 0
  ) -> [UInt8] {
    if connections.isDraining { keepsAlive = false }
    var head: [UInt8] = []
    head.reserveCapacity(1_024 + bodyBytes)
    ResponseWriter.begin(
      status: status,
      date: connections.date,
      keepAlive: keepsAlive,
      to: &head
    )
    for field in fields { HeadWriter.append(field.name, field.value, to: &head) }
    return head
  }

  private func put(_ bytes: [UInt8]) async throws(IOFailure) {
    do throws(IOFailure) {
      try await stream.write(bytes, deadline: stream.loop.turn.monotonic + writeTimeout)
    } catch {
      throw broke(error)
    }
  }

  private func put(_ pieces: [[UInt8]]) async throws(IOFailure) {
    do throws(IOFailure) {
      try await stream.write(pieces, deadline: stream.loop.turn.monotonic + writeTimeout)
    } catch {
      throw broke(error)
    }
  }

  private func broke(_ failure: IOFailure) -> IOFailure {
    state = .broken
    keepsAlive = false
    // What the kernel still holds for a client that takes nothing is given up as well.
    if failure == .timedOut { stream.reset() }
    return failure
  }
}
