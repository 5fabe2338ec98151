import SluiceCore
import SluiceHTTP
import SluicePipeline
import SluiceReactor

/// A reply whose head was read, with the bytes that came with it.
struct ReplyBeginning {
  let transport: Transport
  let head: ResponseHead
  /// The body begins at `bodyStart`.
  let bytes: [UInt8]
  let bodyStart: Int
  /// Whether the upstream took the request whole.
  let requestWasTaken: Bool
}

/// One request on its way, up to the head of its reply.
struct RoundTrip {
  /// The head, and a short body behind it.
  let head: [UInt8]
  /// Empty where it is behind the head.
  let body: [UInt8]
  let clock: AttemptClock
  /// Whether a byte of the reply came.
  private(set) var replyBegan = false
  /// Whether the kernel took the request to its last byte, so that the upstream may have it whole.
  private(set) var mayHaveArrived = false

  init(head: [UInt8], body: [UInt8], clock: AttemptClock) {
    self.head = head
    self.body = body
    self.clock = clock
  }

  mutating func run(
    on transport: Transport,
    lease: Lease
  ) async throws(Failure) -> ReplyBeginning {
    let deadline = clock.forHead(sentAt: transport.stream.loop.turn.monotonic)
    var writeFailure: IOFailure?
    do throws(IOFailure) {
      try await transport.write(head, body, deadline: deadline.time)
      mayHaveArrived = true
    } catch {
      // An upstream may refuse a body before it has read it, and break off; its reply is there.
      guard error == .reset else {
        throw Failure(error, before: deadline, of: lease)
      }
      writeFailure = error
    }
    var bytes: [UInt8] = []
    var start = 0
    for _ in 0...Bounds.interimReplies {
      var parser = ResponseHeadParser()
      parsing: while true {
        switch parser.parse(bytes.span.extracting(start..<bytes.count)) {
        case .head(let head, let consumed):
          start += consumed
          if head.isInterim { break parsing }
          return ReplyBeginning(
            transport: transport,
            head: head,
            bytes: bytes,
            bodyStart: start,
            requestWasTaken: writeFailure == nil
          )
        case .refused: throw Failure(.invalidReply)
        case .needMore: break
        }
        let count: Int
        do throws(IOFailure) {
          count = try await transport.read(into: &bytes, deadline: deadline.time)
        } catch {
          throw Failure(error, before: deadline, of: lease)
        }
        guard count > 0 else { throw Failure(.connectionBroken) }
        replyBegan = true
      }
    }
    throw Failure(.invalidReply)
  }
}
