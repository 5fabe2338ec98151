import SluiceCore
package import SluiceHTTP
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
  /// An array that is empty and has room: a stream writes all its chunks into one.
  private var spare: [UInt8] = []
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
    // Copying so little is cheaper than telling the kernel of two places.
    let isCopied = !isForHead && reply.body.count <= Self.copiedBytes
    var head = makeHead(
      status: reply.status,
      fields: reply.fields,
      reserving: isCopied ? reply.body.count : 0
    )
    HeadWriter.append(Self.contentType, reply.contentType, to: &head)
    HeadWriter.append(.length(reply.body.count), to: &head)
    HeadWriter.end(&head)
    if isForHead || isCopied {
      if isCopied { head += reply.body }
      if let rest = try putNow(&head) { try await put(rest) }
    } else {
      try await put([head, reply.body])
    }
    state = .complete
  }

  /// Sends the head of a reply whose length is not known.
  ///
  /// In HTTP/1.0 its end is the end of the connection.
  package func begin(status: Int, fields: HeaderLines) async throws(IOFailure) {
    precondition(state == .fresh, "a request has one reply")
    if !isChunked { keepsAlive = false }
    var head = makeHead(status: status, fields: fields)
    if isChunked { HeadWriter.append(.chunked, to: &head) }
    HeadWriter.end(&head)
    state = .streaming
    if let rest = try putNow(&head) { try await put(rest) }
  }

  /// Sends bytes at once; none sends nothing.
  package func write(_ bytes: [UInt8]) async throws(IOFailure) {
    precondition(state == .streaming || state == .broken, "a stream is begun before it is written")
    guard !bytes.isEmpty, !isForHead else { return }
    guard isChunked else { return try await put(bytes[...]) }
    var chunk = takeSpare()
    if bytes.count <= Self.copiedBytes {
      ChunkWriter.append(bytes, to: &chunk)
      if let rest = try putNow(&chunk) { try await put(rest) }
    } else {
      ChunkWriter.begin(size: bytes.count, to: &chunk)
      try await put([chunk, bytes, ChunkWriter.lineEnd])
    }
  }

  /// Ends the stream as complete.
  package func finish() async throws(IOFailure) {
    precondition(state == .streaming || state == .broken, "a stream is begun before it ends")
    if isChunked, !isForHead {
      var last = takeSpare()
      ChunkWriter.appendLast(to: &last)
      if let rest = try putNow(&last) { try await put(rest) }
    }
    state = .complete
  }

  /// Bytes of a body that are copied behind what goes before them.
  private static let copiedBytes = 4_096
  private static let contentType = FieldName("Content-Type")

  private func makeHead(
    status: Int,
    fields: HeaderLines,
    reserving bodyBytes: Int = 0
  ) -> [UInt8] {
    // A connection that drains gives no new request a place.
    if connections.isDraining { keepsAlive = false }
    var head: [UInt8] = []
    head.reserveCapacity(256 + fields.bytes.count + bodyBytes)
    ResponseWriter.begin(
      status: status,
      date: connections.date,
      keepAlive: keepsAlive,
      to: &head
    )
    head += fields.bytes
    return head
  }

  private var deadline: Int64 { stream.loop.turn.monotonic + writeTimeout }

  /// The array that was sent last, empty.
  private func takeSpare() -> [UInt8] {
    var taken: [UInt8] = []
    swap(&taken, &spare)
    return taken
  }

  /// Hands over what the kernel takes now, which is nearly always all, and takes the array back.
  ///
  /// - Returns: what has to wait, if something has.
  private func putNow(_ bytes: inout [UInt8]) throws(IOFailure) -> ArraySlice<UInt8>? {
    let sent: Int
    do throws(IOFailure) {
      sent = try stream.writeNow(bytes, deadline: deadline)
    } catch {
      throw broke(error)
    }
    guard sent == bytes.count else { return bytes[sent...] }
    bytes.removeAll(keepingCapacity: true)
    swap(&bytes, &spare)
    return nil
  }

  private func put(_ rest: ArraySlice<UInt8>) async throws(IOFailure) {
    do throws(IOFailure) {
      try await stream.write(rest, deadline: deadline)
    } catch {
      throw broke(error)
    }
  }

  private func put(_ pieces: [[UInt8]]) async throws(IOFailure) {
    do throws(IOFailure) {
      try await stream.write(pieces, deadline: deadline)
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
