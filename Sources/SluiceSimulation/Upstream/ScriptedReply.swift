internal import SluiceCore
internal import SluicePipeline

/// A reply whose body comes as its script says.
final class ScriptedReply: UpstreamReply {
  let status: Int
  private let fields: [(name: String, value: String)]
  private var pieces: ArraySlice<[UInt8]>
  private let ending: ReplyScript.Ending
  private let gap: Int64
  private let idleNanoseconds: Int64
  private let world: any World
  private let cancellation: Cancellation
  private var finish: ((AttemptEnding) -> Void)?

  init(
    script: ReplyScript,
    behaviour: Behaviour,
    idleNanoseconds: Int64,
    world: any World,
    cancellation: Cancellation,
    finish: @escaping (AttemptEnding) -> Void
  ) {
    status = script.status
    fields = script.fields
    pieces = script.pieces[...]
    ending = script.ending
    gap = behaviour.gap
    self.idleNanoseconds = idleNanoseconds
    self.world = world
    self.cancellation = cancellation
    self.finish = finish
  }

  deinit { end(.abandoned) }

  func field(_ name: String) -> String? {
    fields.first { $0.name == name.lowercased() }?.value
  }

  func read() async throws(Failure) -> [UInt8]? {
    guard finish != nil else {
      throw Failure(.connectionBroken, origin: .upstream, retry: .never)
    }
    let stalls = pieces.isEmpty && ending == .stalls
    try await pass(nanoseconds: stalls ? idleNanoseconds : gap)
    if let piece = pieces.popFirst() { return piece }
    switch ending {
    case .whole:
      end(.answered)
      return nil
    case .stalls: throw failed(Failure(.idleTimeout, origin: .upstream, retry: .never))
    case .breaks: throw failed(Failure(.connectionBroken, origin: .upstream, retry: .never))
    }
  }

  func abandon() { end(.abandoned) }

  private func pass(nanoseconds: Int64) async throws(Failure) {
    let reason =
      if let reason = cancellation.reason {
        reason as Cancellation.Reason?
      } else if nanoseconds > 0 {
        await world.wait(untilMonotonic: world.now.monotonic + nanoseconds, or: cancellation)
      } else {
        nil as Cancellation.Reason?
      }
    if let reason { throw failed(Failure(cancelledBy: reason)) }
  }

  private func failed(_ failure: Failure) -> Failure {
    end(.failed(failure.reason))
    return failure
  }

  private func end(_ ending: AttemptEnding) {
    finish?(ending)
    finish = nil
  }
}
