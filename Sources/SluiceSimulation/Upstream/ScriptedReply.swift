internal import SluiceCore
internal import SluicePipeline

/// A reply whose body comes as its script says.
final class ScriptedReply: UpstreamReply {
  let status: Int
  private let fields: [(name: String, value: String)]
  private var pieces: ArraySlice<[UInt8]>
  private let ending: ReplyScript.Ending
  private let saysDone: Bool
  private let attempt: AttemptRecord
  private let idleNanoseconds: Int64
  /// When it is given up whatever comes, on the monotonic clock.
  private let deadline: Int64
  private let world: any World
  private let cancellation: Cancellation
  private let history: History
  private let faults: PortFaults?
  private var hasEnded = false
  private var isWhole = false

  init(
    attempt: AttemptRecord,
    idleNanoseconds: Int64,
    deadline: Int64,
    world: any World,
    cancellation: Cancellation,
    history: History,
    faults: PortFaults?
  ) {
    let script = ReplyScript(attempt: attempt, behaviour: attempt.behaviour)
    status = script.status
    fields = script.fields
    pieces = script.pieces[...]
    ending = script.ending
    saysDone = script.saysDone
    self.attempt = attempt
    self.idleNanoseconds = idleNanoseconds
    self.deadline = deadline
    self.world = world
    self.cancellation = cancellation
    self.history = history
    self.faults = faults
  }

  deinit { end(.abandoned) }

  func field(_ name: String) -> String? {
    fields.first { $0.name == name.lowercased() }?.value
  }

  func read() async throws(Failure) -> [UInt8]? {
    if isWhole { return nil }
    guard !hasEnded else {
      throw Failure(.connectionBroken)
    }
    let stalls = pieces.isEmpty && ending == .stalls
    try await pass(nanoseconds: stalls ? idleNanoseconds : attempt.behaviour.gap)
    if let faults, faults.strikes("read of attempt \(attempt.number)") { throw broken() }
    if let piece = pieces.popFirst() {
      if pieces.isEmpty, saysDone { history.finishStream(attempt.number) }
      return piece
    }
    switch ending {
    case .whole:
      isWhole = true
      end(.answered)
      return nil
    case .stalls: throw failed(Failure(.idleTimeout))
    case .breaks: throw broken()
    }
  }

  private func broken() -> Failure {
    failed(Failure(.connectionBroken))
  }

  func abandon() { end(.abandoned) }

  func release() {
    end(ending == .whole ? .answered : .abandoned)
  }

  private func pass(nanoseconds: Int64) async throws(Failure) {
    let left = max(0, deadline - world.now.monotonic)
    let isLate = nanoseconds > left
    let nanoseconds = min(nanoseconds, left)
    let reason =
      if let reason = cancellation.reason {
        reason as Cancellation.Reason?
      } else if nanoseconds > 0 {
        await Pause.until(world.now.monotonic + nanoseconds, in: world, unless: cancellation)
      } else {
        nil as Cancellation.Reason?
      }
    if let reason { throw failed(Failure(cancelledBy: reason)) }
    if isLate { throw failed(Failure(.totalTimeout)) }
  }

  private func failed(_ failure: Failure) -> Failure {
    end(.failed(failure.reason))
    return failure
  }

  private func end(_ ending: AttemptEnding) {
    guard !hasEnded else { return }
    hasEnded = true
    history.endAttempt(attempt.number, ending)
  }
}
