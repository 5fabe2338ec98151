import SluiceCore
import SluiceHTTP
import SluicePipeline
import SluiceReactor

/// A reply whose body is handed on as it comes.
///
/// As soon as the last byte of the body has come the connection rests in its pool, if the reply's
/// framing left no doubt about where it ended.
final class HTTPReply: UpstreamReply {
  private enum Rest {
    case length(Int)
    case chunked(ChunkedDecoder)
    case untilClose
    /// What follows is no chunk.
    case refused
    case ended
  }

  private let head: ResponseHead
  private let transport: Transport
  private let lease: Lease
  private let clock: AttemptClock
  private let cancellation: Cancellation
  private let registration: UInt64
  private let mayRest: Bool
  /// Bytes that came and were not handed on, from `offset`.
  private var bytes: [UInt8]
  private var offset: Int
  private var rest: Rest

  init(
    _ beginning: ReplyBeginning,
    lease: Lease,
    clock: AttemptClock,
    of cancellation: Cancellation,
    _ registration: UInt64
  ) {
    head = beginning.head
    transport = beginning.transport
    bytes = beginning.bytes
    offset = beginning.bodyStart
    mayRest = beginning.requestWasTaken && beginning.head.keepAlive
    self.lease = lease
    self.clock = clock
    self.cancellation = cancellation
    self.registration = registration
    switch head.body {
    case .none, .length(0): rest = .length(0)
    case .length(let length): rest = .length(length)
    case .chunked: rest = .chunked(ChunkedDecoder())
    case .untilClose: rest = .untilClose
    }
    if case .length(0) = rest { end(isWhole: true) }
  }

  /// A reply that is forgotten takes its lease with it, which closes the connection on its loop.
  deinit { cancellation.remove(registration) }

  var status: Int { head.status }

  func field(_ name: String) -> String? { head.fields.first(name) }

  func read() async throws(Failure) -> [UInt8]? {
    while true {
      if case .ended = rest { return nil }
      if let piece = try takePiece() { return piece }
      if case .ended = rest { return nil }
      try await fill()
    }
  }

  func abandon() { end(isWhole: false) }

  func release() {
    // What is left has come already, as a rule: then nobody has to wait for it.
    do {
      while try takePiece() != nil {}
    } catch {
      // What cannot be read is closed by now.
      return
    }
    if case .ended = rest { return }
    guard mayRest, lease.cutReason == nil, let remainder = Remainder(rest) else {
      end(isWhole: false)
      return
    }
    rest = .ended
    cancellation.remove(registration)
    remainder.drain(transport, lease)
  }

  /// Room for bytes that a stream holds while it waits for the next chunk.
  private static let keptBytes = 4_096

  /// What of the body is in the bytes that came; `nil` if nothing is.
  private func takePiece() throws(Failure) -> [UInt8]? {
    guard offset < bytes.count else { return nil }
    switch rest {
    case .ended: return nil
    case .untilClose: return take(bytes.count)
    case .length(let left):
      let count = min(left, bytes.count - offset)
      let piece = take(offset + count)
      rest = .length(left - count)
      if left == count { end(isWhole: true) }
      return piece
    case .chunked(var decoder):
      let piece = decode(&decoder)
      if case .refused = rest, piece.isEmpty { fallthrough }
      return piece.isEmpty ? nil : piece
    case .refused:
      end(isWhole: false)
      throw Failure(.invalidReply)
    }
  }

  /// Takes the bytes up to `end`; without a copy where that is all there is.
  private func take(_ end: Int) -> [UInt8] {
    if offset == 0, end == bytes.count {
      defer { bytes = [] }
      return bytes
    }
    let piece = Array(bytes[offset..<end])
    offset = end
    return piece
  }

  /// What came before anything that is no chunk, so that how bytes are cut into packets decides
  /// nothing.
  private func decode(_ decoder: inout ChunkedDecoder) -> [UInt8] {
    var piece: [UInt8] = []
    while true {
      switch decoder.next(bytes.span, from: offset) {
      case .data(let range):
        piece += bytes[range]
        offset = range.upperBound
      case .needMore:
        offset = bytes.count
        rest = .chunked(decoder)
        return piece
      case .end(let next):
        offset = next
        end(isWhole: true)
        return piece
      case .refused:
        rest = .refused
        return piece
      }
    }
  }

  /// Waits for more of the body.
  @inline(__always)
  private func fill() async throws(Failure) {
    let deadline = clock.forBody(at: transport.stream.loop.turn.monotonic)
    // Taken out, so that its storage is filled again, unless that is much to hold while waiting.
    var input: [UInt8] = []
    swap(&input, &bytes)
    offset = 0
    input.removeAll(keepingCapacity: input.capacity <= Self.keptBytes)
    let count: Int
    do throws(IOFailure) {
      count = try await transport.read(into: &input, deadline: deadline.time)
    } catch {
      let failure = Failure(error, before: deadline, of: lease)
      end(isWhole: false)
      throw failure
    }
    bytes = input
    guard count == 0 else { return }
    guard case .untilClose = rest else {
      end(isWhole: false)
      throw Failure(.connectionBroken)
    }
    end(isWhole: true)
  }

  private func end(isWhole: Bool) {
    if case .ended = rest { return }
    rest = .ended
    cancellation.remove(registration)
    // Bytes behind the end belong to no request: a connection that has them is never used again.
    if isWhole, mayRest, offset == bytes.count { lease.giveBack() } else { lease.end() }
    bytes = []
    offset = 0
  }

  /// What is left of a body that nobody reads, and how its end is known.
  private enum Remainder: Sendable {
    case length(Int)
    case chunked(ChunkedDecoder)

    /// - Returns: `nil` where only the end of the connection ends it.
    init?(_ rest: Rest) {
      switch rest {
      case .length(let length): self = .length(length)
      case .chunked(let decoder): self = .chunked(decoder)
      case .untilClose, .ended, .refused: return nil
      }
    }

    /// Reads it and gives the connection back, or else closes it.
    func drain(_ transport: Transport, _ lease: Lease) {
      let loop = transport.stream.loop
      let deadline = loop.turn.monotonic + Bounds.releaseMilliseconds * 1_000_000
      loop.startTask {
        if await hasEnded(transport, before: deadline) { lease.giveBack() } else { lease.end() }
      }
    }

    /// Whether the body ended in time, and nothing came behind it.
    private func hasEnded(_ transport: Transport, before deadline: Int64) async -> Bool {
      var rest = self
      var dropped = 0
      while dropped <= Bounds.releasedBytes {
        let bytes: [UInt8]
        do throws(IOFailure) {
          bytes = try await transport.read(deadline: deadline)
        } catch {
          // Only this connection is lost.
          return false
        }
        guard !bytes.isEmpty else { return false }
        dropped += bytes.count
        switch rest {
        case .length(let left):
          if bytes.count >= left { return bytes.count == left }
          rest = .length(left - bytes.count)
        case .chunked(var decoder):
          if let end = Self.end(of: &decoder, in: bytes) { return end == bytes.count }
          rest = .chunked(decoder)
        }
      }
      return false
    }

    /// Where the body ends in `bytes`; `nil` if it goes on; beyond them if it cannot be read.
    private static func end(of decoder: inout ChunkedDecoder, in bytes: [UInt8]) -> Int? {
      var offset = 0
      while true {
        switch decoder.next(bytes.span, from: offset) {
        case .data(let range): offset = range.upperBound
        case .needMore: return nil
        case .end(let next): return next
        case .refused: return .max
        }
      }
    }
  }
}
