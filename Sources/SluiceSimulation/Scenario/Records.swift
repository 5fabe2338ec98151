package import SluiceCore
package import SluicePipeline
package import SluicePolicy
package import SluiceStages

/// When something happened: its place in the order of all that happened, and the time.
package struct Stamp: Sendable, Hashable, Comparable {
  package var order: Int
  package var moment: Moment

  package static func < (left: Self, right: Self) -> Bool { left.order < right.order }
}

/// How one attempt ended.
package enum AttemptEnding: Sendable, Equatable {
  /// The body was read to its end.
  case answered
  case failed(Failure.Reason)
  /// The reply was given up.
  case abandoned
}

/// One attempt, as the scripted upstream saw it.
package struct AttemptRecord: Sendable {
  package var number: Int
  package var upstream: String
  /// The exchange that asked, if one did.
  package var exchange: Int?
  /// The exchange that had it asked in the background, if one did.
  package var refreshed: Int?
  package var model: String
  package var question: String
  package var streams: Bool
  package var wantsUsage: Bool
  package var service = ModelSettings.Service.chat
  /// The most tokens of output that it was asked for.
  package var outputLimit: Int?
  /// The hold that was recorded for it, if one was.
  package var hold: HoldID?
  package var behaviour: Behaviour
  package var asked: Stamp
  /// Whether its stream came to `[DONE]`; all that follows is the end of the connection.
  package var saidDone = false
  package var endings: [(ending: AttemptEnding, stamp: Stamp)] = []

  /// The exchange that it was for, while that waited or later.
  package var origin: Int? { exchange ?? refreshed }
  package var ending: AttemptEnding? { endings.first?.ending }
  package var ended: Stamp? { endings.first?.stamp }
  /// Whether it was read to its end, and what was read was a whole answer.
  package var isWhole: Bool {
    (ending == .answered || saidDone) && behaviour.fault.map(\.leavesAnswerWhole) ?? true
  }
  /// What a breaker must make of it, judged from outside; `nil` while it is under way.
  package var report: AttemptReport? {
    guard let ending else { return nil }
    if isWhole { return .success }
    if case .failed(let reason) = ending {
      return [.clientLeft, .deadline, .draining].contains(reason) ? .neither : .failure
    }
    switch behaviour.fault {
    case .tooManyRequests: return .neither
    case .refuseRequest, .outOfQuota, .refuseKey: return ending == .answered ? .success : .neither
    case .status(let status, _, _):
      guard ending == .answered, status != 429 else { return .neither }
      return (400..<500).contains(status) ? .success : .failure
    case .html, .serverError, .overloaded, .malformedJSON, .endAfter:
      return ending == .answered ? .failure : .neither
    // Its body is of no interest.
    case .redirect: return .failure
    case nil, .refuseConnection, .resetBeforeHead, .stallBeforeHead, .stallAfter, .cutAfter,
      .wrongLength, .missingUsage, .missingDone, .finishedByLength:
      return .neither
    }
  }
  /// How long its reply asked for a pause, in nanoseconds.
  package var pause: Int64? {
    guard ending == .answered else { return nil }
    switch behaviour.fault {
    case .tooManyRequests(let seconds?), .overloaded(let seconds?),
      .status(_, _, let seconds?):
      return Int64(seconds) * 1_000_000_000
    default: return nil
    }
  }
  /// Whether the policy's cache may keep its answer.
  package var isStorable: Bool { isWhole && behaviour.fault != .finishedByLength }
}

/// How one exchange ended, as its edge saw it.
package enum ExchangeEnding: Sendable, Equatable {
  case replied(status: Int)
  case streamed
  case cut(Failure.Reason)
  case refused(status: Int, code: String)
  case abandoned
  /// The walk ended without an outcome.
  case nothing
}

/// What a client got.
package struct Received: Sendable {
  package var heads = 0
  /// When the first byte came.
  package var first: Stamp?
  package var status: Int?
  package var fields: [(name: String, value: String)] = []
  package var body: [UInt8] = []
  package var writes = 0
  /// How often the reply was ended as complete.
  package var completions = 0

  package func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}

/// One exchange, as its client and its edge saw it.
package struct ExchangeRecord: Sendable {
  package var number: Int
  package var ask: Ask
  package var generation: UInt64
  package var began: Stamp
  package var left: Stamp?
  package var received = Received()
  /// When its walk was over and all that it had taken was given back.
  package var walked: Stamp?
  package var endings: [(ending: ExchangeEnding, stamp: Stamp)] = []
  /// The nodes it passed, with the exits it took: `limit per-user:admitted`.
  package var trail: [String] = []

  package var ending: ExchangeEnding? { endings.first?.ending }
  package var ended: Stamp? { endings.first?.stamp }

  package func passed(_ step: String) -> Bool { trail.contains(step) }

  /// A line about it, for messages.
  package var line: String {
    let outcome = ending.map { "\($0)" } ?? "no end"
    return "exchange \(number) (\(ask.user) asks \(ask.question)): \(outcome)"
      + " [\(trail.joined(separator: " "))]"
  }
}

/// What an exchange had done in the background, where its walk ended.
package struct BackgroundRecord: Sendable {
  /// The exchange that began it.
  package var exchange: Int
  package var ended: Stamp
  package var trail: [String]
}

/// A model's breaker changed its state, as it said itself.
package struct BreakerTurn: Sendable {
  package var model: String
  package var from: Breaker.State
  package var to: Breaker.State
  package var stamp: Stamp

  package init(model: String, from: Breaker.State, to: Breaker.State, stamp: Stamp) {
    self.model = model
    self.from = from
    self.to = to
    self.stamp = stamp
  }
}

/// A kill switch went on or off.
package struct SwitchTurn: Sendable {
  package var transition: SwitchTable.Transition
  package var stamp: Stamp
}

/// Tokens that a stage reserved, or was refused.
package struct ReservationRecord: Sendable {
  package var limit: String
  package var key: String
  package var amount: Int
  /// `nil`: refused.
  package var reservation: Reservation?
  /// On the monotonic clock, as the stage said it.
  package var time: Int64
  package var stamp: Stamp
  package var settlements: [(used: Int, time: Int64, stamp: Stamp)] = []

  package var isAdmitted: Bool { reservation != nil }
}

/// Another generation went live.
package struct Publication: Sendable {
  package var generation: UInt64
  package var stamp: Stamp
}

/// Cached answers were forgotten, and the caller was told so.
package struct Invalidation: Sendable {
  package var selection: CacheSelection
  package var forgotten: Int
  package var acknowledged: Stamp
}
