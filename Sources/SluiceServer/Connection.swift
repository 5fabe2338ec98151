import SluiceCore
import SluiceHTTP
import SluiceReactor
import Synchronization

/// One client's connection, from the first byte to the last: where every request arrives.
///
/// Straight-line code in one task, pinned to one loop. "Would block" means: suspend until the
/// socket is ready. Requests are answered in the order in which they came; while one is answered
/// the next is left in the kernel's buffer, which slows a client down that sends faster than it
/// is served.
///
///     read head → (100 Continue) → read body → handler → write reply → again, or close
///
/// Isolation: its loop, `cancel` apart, which may be called from anywhere.
final class Connection: Sendable {
  private let stream: TCPStream
  private let connections: LoopConnections
  private let service: any RequestService
  /// Nanoseconds that it idles before its task ends.
  private let idleTask: Int64

  private struct State {
    /// Whether the next request is waited for.
    var isIdle = true
    var requests = 0
    /// Of the request that is being answered.
    var cancellation: Cancellation?
  }
  private let state = Mutex(State())

  init(
    _ stream: TCPStream,
    of connections: LoopConnections,
    serving service: any RequestService,
    idleTask: Duration = .milliseconds(Bounds.idleTaskMilliseconds)
  ) {
    self.stream = stream
    self.connections = connections
    self.service = service
    self.idleTask = idleTask.nanoseconds
  }

  /// Serves the connection until it ends or rests.
  func serve() async {
    if let deadline = await serveRequests() { rest(until: deadline) } else { end() }
  }

  private var now: Int64 { stream.loop.turn.monotonic }

  /// Serves requests as they come.
  ///
  /// - Returns: until when the connection may rest; `nil` when it is to end.
  private func serveRequests() async -> Int64? {
    var reader = RequestReader(stream, of: connections)
    while true {
      let limits = service.limits
      state.withLock { $0.isIdle = true }
      if connections.isDraining, state.withLock({ $0.requests > 0 }) { return nil }
      let idleDeadline = now + limits.idle
      switch await reader.waitForRequest(deadline: min(idleDeadline, now + idleTask)) {
      case .end: return nil
      case .nothing: return now < idleDeadline ? idleDeadline : nil
      case .request: break
      }
      state.withLock { $0.isIdle = false }

      // Absolute, from the first byte: a client that drips its head does not move it.
      switch await reader.readHead(deadline: now + limits.head) {
      case .left: return nil
      case .refused(let refusal):
        await turnAway(refusal, limits: limits, reader: reader)
        return nil
      case .got(let head):
        let goesOn = await answer(head, limits: limits, reader: &reader)
        reader.releaseBody()
        guard goesOn else { return nil }
      }
    }
  }

  /// Lets the connection rest without a task, which would be most of its memory.
  private func rest(until deadline: Int64) {
    stream.whenReadable(deadline: deadline) { [self] failure in
      if failure == nil { stream.loop.startTask { await self.serve() } } else { end() }
    }
  }

  private func end() {
    stream.close()
    connections.remove(self)
  }

  /// Answers one request; says whether the connection goes on.
  private func answer(
    _ head: RequestHead,
    limits: ConnectionLimits,
    reader: inout RequestReader
  ) async -> Bool {
    let headAt = stream.loop.turn
    let sink = ResponseSink(
      stream,
      of: connections,
      answering: head,
      keepAlive: head.keepAlive,
      writeTimeout: limits.idle
    )
    switch service.receive(head) {
    case .serve(let handler, let maximumBody, let bodyTimeout):
      let body = await reader.readBody(
        of: head,
        maximum: maximumBody,
        deadline: headAt.monotonic + bodyTimeout
      )
      switch body {
      case .left: return false
      case .refused(let refusal):
        await turnAway(refusal, answering: head, limits: limits, reader: reader)
        return false
      case .got(let body):
        await respond(to: head, body, at: headAt, by: handler, through: sink)
      }
    case .refuse(let reply):
      guard await drop(bodyOf: head, with: &reader) else {
        await turnAway(reply, answering: head, limits: limits, reader: reader)
        return false
      }
      guard await deliver(reply, through: sink) else { return false }
    }
    state.withLock { $0.requests += 1 }
    if sink.isComplete, sink.keepsAlive { return true }
    // A client that asked for the end sends nothing more; another may be about to.
    if sink.isComplete, head.keepAlive || reader.mayHaveMore { await linger() }
    return false
  }

  /// Has the handler answer, while the client is watched.
  private func respond(
    to head: RequestHead,
    _ body: [UInt8],
    at headAt: Moment,
    by handler: any RequestHandler,
    through sink: ResponseSink
  ) async {
    let cancellation = Cancellation()
    state.withLock { $0.cancellation = cancellation }
    stream.onPeerClosed { cancellation.cancel(.clientLeft) }
    await handler.respond(
      to: ServerRequest(
        head: head,
        body: body,
        peer: stream.peer,
        loop: stream.loop,
        cancellation: cancellation,
        headAt: headAt
      ),
      through: sink
    )
    stream.ignorePeerClosed()
    state.withLock { $0.cancellation = nil }
    if !sink.hasBegun, cancellation.reason != .clientLeft {
      _ = await deliver(service.reply(to: .unanswered), through: sink)
    }
  }

  /// Refuses a request in whose bytes the next one cannot be found, and ends the connection.
  private func turnAway(
    _ refusal: ServerRefusal,
    answering head: RequestHead? = nil,
    limits: ConnectionLimits,
    reader: RequestReader
  ) async {
    await turnAway(
      service.reply(to: refusal),
      answering: head,
      limits: limits,
      reader: reader
    )
  }

  private func turnAway(
    _ reply: ServerReply,
    answering head: RequestHead?,
    limits: ConnectionLimits,
    reader: RequestReader
  ) async {
    let sink = ResponseSink(
      stream,
      of: connections,
      answering: head,
      keepAlive: false,
      writeTimeout: limits.idle
    )
    if await deliver(reply, through: sink) { await linger() }
  }

  /// Tells a client that there is no place for it, instead of `serve`.
  func refuse() async {
    let sink = ResponseSink(
      stream,
      of: connections,
      answering: nil,
      keepAlive: false,
      writeTimeout: Bounds.lingerSeconds * 1_000_000_000
    )
    if await deliver(service.reply(to: .overloaded), through: sink) { await linger() }
    end()
  }

  /// Sends a reply; says whether the client is still there.
  private func deliver(_ reply: ServerReply, through sink: ResponseSink) async -> Bool {
    do throws(IOFailure) {
      try await sink.send(reply)
      return true
    } catch {
      return false
    }
  }

  /// Reads past the body of a request that is refused; `false` if that is not worth it.
  private func drop(bodyOf head: RequestHead, with reader: inout RequestReader) async -> Bool {
    switch head.body {
    case .none, .length(0): return true
    case .untilClose, .chunked: return false
    case .length(let length):
      guard length <= Bounds.droppedBodyBytes, !head.expectsContinue else { return false }
      let body = await reader.readBody(
        of: head,
        maximum: length,
        deadline: now + Bounds.lingerSeconds * 1_000_000_000
      )
      if case .got = body { return true }
      return false
    }
  }

  /// Reads and drops what the client still sends, for a moment.
  ///
  /// Closing a socket with unread bytes breaks the connection off, and the reply may be lost on its
  /// way to the client (RFC 9112 section 9.6).
  private func linger() async {
    stream.shutDownWriting()
    let deadline = now + Bounds.lingerSeconds * 1_000_000_000
    var dropped = 0
    while dropped < Bounds.lingerBytes {
      var bytes: [UInt8] = []
      do throws(IOFailure) {
        let count = try await stream.read(into: &bytes, deadline: deadline)
        guard count > 0 else { return }
        dropped += count
      } catch {
        return
      }
    }
  }

  // MARK: Ending from outside

  /// Ends the connection if it waits for a request.
  ///
  /// - Parameter isForced: also if it never had one.
  func endIfIdle(isForced: Bool) {
    let ends = state.withLock { $0.isIdle && (isForced || $0.requests > 0) }
    if ends { stream.abort() }
  }

  /// Cancels the request that is being answered.
  func cancel(_ reason: Cancellation.Reason) {
    state.withLock { $0.cancellation }?.cancel(reason)
  }

  /// Breaks the connection off, whatever it is at.
  func abort() { stream.abort() }
}
