package import SluiceCore
package import SluiceHTTP
package import SluiceReactor

/// What a server serves: traffic, or an operator.
///
/// Isolation: any loop, many at a time.
package protocol RequestService: Sendable {
  /// What binds a connection between requests; read before each.
  var limits: ConnectionLimits { get }

  /// Looks at a head before its body is read, and says who answers.
  ///
  /// Called once a request; what it reads from then on concerns this request to its end.
  func receive(_ head: RequestHead) -> Reception

  /// The body of a refusal that the server gives by itself, in the service's own dialect.
  func reply(to refusal: ServerRefusal) -> ServerReply
}

/// Deadlines of a connection, in nanoseconds.
package struct ConnectionLimits: Sendable, Equatable {
  /// From the last byte of a reply to the first of the next request; also how long a client may
  /// take no byte of what is written to it.
  package var idle: Int64
  /// From the first byte of a head to its last.
  package var head: Int64

  package init(idle: Duration, head: Duration) {
    self.idle = idle.nanoseconds
    self.head = head.nanoseconds
  }
}

/// What is done with a request whose head has come.
package enum Reception {
  /// The body, up to `maximumBody` bytes, is read within `bodyTimeout` nanoseconds and handed over.
  case serve(any RequestHandler, maximumBody: Int, bodyTimeout: Int64)
  /// The body is not wanted.
  case refuse(ServerReply)
}

/// Who answers one request.
package protocol RequestHandler {
  /// Answers through `sink`, once. Runs on the connection's loop and returns there.
  ///
  /// A reply that was begun and not finished on return is cut.
  func respond(to request: ServerRequest, through sink: ResponseSink) async
}

/// A whole request, and where it came from.
package struct ServerRequest {
  package let head: RequestHead
  package let body: [UInt8]
  package let peer: SocketAddress
  package let loop: EventLoop
  /// Cancelled when the client leaves, or when the server may wait no longer.
  package let cancellation: Cancellation
  /// When the head was complete.
  package let headAt: Moment
}

/// A reply in one piece; the server adds `Date`, the length and what concerns the connection.
package struct ServerReply: Sendable {
  package var status: Int
  package var contentType: String
  package var body: [UInt8]
  package var fields: HeaderLines

  package init(
    status: Int,
    contentType: String = "application/json",
    body: [UInt8],
    fields: HeaderLines = HeaderLines()
  ) {
    self.status = status
    self.contentType = contentType
    self.body = body
    self.fields = fields
  }
}

/// Why the server itself answers "no".
package enum ServerRefusal: Hashable, Sendable {
  case malformed(HTTPRefusal)
  case bodyTooLarge(limit: Int)
  case tooSlow
  /// A bound was reached: connections, or bytes of bodies that wait.
  case overloaded
  /// The handler returned without an answer.
  case unanswered
}
