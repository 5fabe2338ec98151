import SluiceCore
import SluicePipeline
import SluicePolicy

/// The deadlines of one attempt, in monotonic nanoseconds.
///
/// Each wait has one: the earliest of those that bind it. Which one it was tells why it ended.
struct AttemptClock {
  private let connect: Int64
  private let total: Int64
  /// The exchange's own, up to the head of the reply.
  private let exchange: Int64
  private let firstByteTimeout: Int64?
  private let idleTimeout: Int64?

  init(startingAt now: Int64, timeouts: UpstreamSettings.Timeouts, exchange: Int64) {
    connect = Self.after(timeouts.connect?.nanoseconds, now)
    total = Self.after(timeouts.total?.nanoseconds, now)
    firstByteTimeout = timeouts.firstByte?.nanoseconds
    idleTimeout = timeouts.idle?.nanoseconds
    self.exchange = exchange
  }

  /// A deadline, with what it means when it passes.
  struct Deadline {
    var time: Int64
    var reason: Failure.Reason

    /// Ties go to what the upstream had least to do with.
    static func earliest(_ all: Deadline...) -> Deadline {
      all.dropFirst().reduce(all[0]) { $1.time < $0.time ? $1 : $0 }
    }
  }

  /// For look-up and connection together.
  var forConnection: Deadline {
    .earliest(
      Deadline(time: exchange, reason: .deadline),
      Deadline(time: total, reason: .totalTimeout),
      Deadline(time: connect, reason: .connectTimeout)
    )
  }

  /// From the first byte of the request that is sent to the end of the reply's head.
  ///
  /// To its end, so that an upstream that drips its head does not escape.
  func forHead(sentAt now: Int64) -> Deadline {
    .earliest(
      Deadline(time: exchange, reason: .deadline),
      Deadline(time: total, reason: .totalTimeout),
      Deadline(time: Self.after(firstByteTimeout, now), reason: .firstByteTimeout)
    )
  }

  /// For the next bytes of the body.
  func forBody(at now: Int64) -> Deadline {
    .earliest(
      Deadline(time: total, reason: .totalTimeout),
      Deadline(time: Self.after(idleTimeout, now), reason: .idleTimeout)
    )
  }

  private static func after(_ timeout: Int64?, _ now: Int64) -> Int64 {
    guard let timeout else { return .max }
    let (sum, overflowed) = now.addingReportingOverflow(timeout)
    return overflowed ? .max : sum
  }
}
