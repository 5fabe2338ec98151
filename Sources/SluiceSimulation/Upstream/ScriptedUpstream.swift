package import SluiceCore
package import SluicePipeline
internal import Synchronization

/// An upstream that does to each attempt what its plan says.
///
/// Its answers name the attempt that they answer, so that whoever gets one can be asked where it
/// came from. It waits in virtual time, and stops in the instant in which it is cancelled.
package final class ScriptedUpstream: Upstream {
  package let name: String
  /// Nanoseconds without a head after which it gives up, as the real client does.
  private let firstByteNanoseconds: Int64
  /// Nanoseconds without a byte of the body after which it gives up.
  private let idleNanoseconds: Int64
  /// Nanoseconds after which it gives up whatever comes.
  private let totalNanoseconds: Int64
  private let history: History
  private let faults: PortFaults?
  private let script: Mutex<Script>

  private struct Script {
    var plan: any AttemptScript
    var random: SeededRandom
    var asked = 0
  }

  package init(
    name: String,
    plan: any AttemptScript,
    random: SeededRandom,
    history: History,
    faults: PortFaults? = nil,
    firstByteNanoseconds: Int64 = 20_000_000_000,
    idleNanoseconds: Int64 = 15_000_000_000,
    totalNanoseconds: Int64 = .max
  ) {
    self.name = name
    self.firstByteNanoseconds = firstByteNanoseconds
    self.idleNanoseconds = idleNanoseconds
    self.totalNanoseconds = totalNanoseconds
    self.history = history
    self.faults = faults
    script = Mutex(Script(plan: plan, random: random))
  }

  /// How many attempts it was sent.
  package var asked: Int { script.withLock { $0.asked } }

  /// Follows another plan from now on.
  package func follow(_ plan: FaultPlan) {
    script.withLock {
      var plan = plan
      plan.listed = Array(repeating: .wellBehaved, count: $0.asked) + plan.listed
      $0.plan = plan
    }
  }

  package func send(
    _ request: UpstreamRequest,
    in world: any World,
    cancellation: Cancellation
  ) async throws(Failure) -> any UpstreamReply {
    let moment = world.now
    var behaviour = script.withLock { script in
      defer { script.asked += 1 }
      return script.plan.behaviour(
        ofAttempt: script.asked,
        request,
        at: moment.monotonic,
        &script.random
      )
    }
    if let faults, faults.strikes("send") { behaviour.fault = .refuseConnection }
    let attempt = history.ask(upstream: name, request, behaviour: behaviour)
    do throws(Failure) {
      try await reachHead(behaviour, request, in: world, cancellation)
    } catch {
      history.endAttempt(attempt, .failed(error.reason))
      throw error
    }
    return ScriptedReply(
      attempt: history.attempt(attempt),
      idleNanoseconds: idleNanoseconds,
      deadline: deadline(from: moment),
      world: world,
      cancellation: cancellation,
      history: history,
      faults: faults
    )
  }

  /// When an attempt that began at `moment` is given up.
  private func deadline(from moment: Moment) -> Int64 {
    let (deadline, overflows) = moment.monotonic.addingReportingOverflow(totalNanoseconds)
    return overflows ? .max : deadline
  }

  /// Waits until the head of the reply has come.
  private func reachHead(
    _ behaviour: Behaviour,
    _ request: UpstreamRequest,
    in world: any World,
    _ cancellation: Cancellation
  ) async throws(Failure) {
    if let reason = cancellation.reason { throw Failure(cancelledBy: reason) }
    let now = world.now.monotonic
    let arrival = now + behaviour.headDelay
    let (first, overflows) = now.addingReportingOverflow(firstByteNanoseconds)
    let total = deadline(from: world.now)
    let patience = min(overflows ? .max : first, total)
    let deadline = min(request.headDeadline, patience)
    let stalls = behaviour.fault == .stallBeforeHead || arrival > deadline
    if let reason = await Pause.until(stalls ? deadline : arrival, in: world, unless: cancellation)
    {
      throw Failure(cancelledBy: reason)
    }
    if stalls {
      throw patience < request.headDeadline
        ? Failure(patience == total ? .totalTimeout : .firstByteTimeout)
        : Failure(.deadline)
    }
    switch behaviour.fault {
    case .refuseConnection:
      throw Failure(.connectRefused)
    case .resetBeforeHead:
      throw Failure(.connectionBroken)
    case nil, .stallBeforeHead, .stallAfter, .cutAfter, .wrongLength, .endAfter, .html,
      .tooManyRequests, .refuseRequest, .serverError, .overloaded, .outOfQuota, .refuseKey,
      .redirect, .malformedJSON, .status, .missingUsage, .missingDone, .finishedByLength:
      return
    }
  }
}

extension Failure {
  /// What an attempt ends with whose cancellation was cancelled.
  init(cancelledBy reason: Cancellation.Reason) {
    switch reason {
    case .clientLeft: self.init(.clientLeft)
    case .deadline: self.init(.deadline)
    case .draining: self.init(.draining)
    case .killed: self.init(.killed)
    }
  }
}
