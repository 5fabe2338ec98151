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
  private let timeouts: Timeouts

  /// What the policy says of an upstream, in nanoseconds.
  struct Timeouts {
    let connect: Int64?
    let total: Int64?
    let firstByte: Int64?
    let idle: Int64?

    init(_ settings: UpstreamSettings.Timeouts) {
      connect = settings.connect?.nanoseconds
      total = settings.total?.nanoseconds
      firstByte = settings.firstByte?.nanoseconds
      idle = settings.idle?.nanoseconds
    }
  }

  init(startingAt now: Int64, timeouts: Timeouts, exchange: Int64) {
    connect = Self.after(timeouts.connect, now)
    total = Self.after(timeouts.total, now)
    self.timeouts = timeouts
    self.exchange = exchange
  }

  /// A deadline, with what it means when it passes.
  struct Deadline {
    var time: Int64
    var reason: Failure.Reason

    /// Ties go to what the upstream had least to do with.
    func or(_ other: Deadline) -> Deadline { other.time < time ? other : self }
  }

  /// For look-up and connection together.
  var forConnection: Deadline {
    Deadline(time: exchange, reason: .deadline)
      .or(Deadline(time: total, reason: .totalTimeout))
      .or(Deadline(time: connect, reason: .connectTimeout))
  }

  /// From the first byte of the request that is sent to the end of the reply's head.
  ///
  /// To its end, so that an upstream that drips its head does not escape.
  func forHead(sentAt now: Int64) -> Deadline {
    Deadline(time: exchange, reason: .deadline)
      .or(Deadline(time: total, reason: .totalTimeout))
      .or(Deadline(time: Self.after(timeouts.firstByte, now), reason: .firstByteTimeout))
  }

  /// For the next bytes of the body.
  func forBody(at now: Int64) -> Deadline {
    Deadline(time: total, reason: .totalTimeout)
      .or(Deadline(time: Self.after(timeouts.idle, now), reason: .idleTimeout))
  }

  private static func after(_ timeout: Int64?, _ now: Int64) -> Int64 {
    guard let timeout else { return .max }
    let (sum, overflowed) = now.addingReportingOverflow(timeout)
    return overflowed ? .max : sum
  }
}
