import SluiceCore
import SluiceDialects
import SluiceHTTP
import SluicePipeline
import SluicePolicy
import SluiceSimulation
import SluiceTelemetry
import Synchronization

/// The smallest stages that make a gateway, so that the simulation is tested before anything else.
enum SmallGraph {
  /// `gate` (if there are counters) → `ask` → end.
  static func generation(
    _ number: UInt64 = 1,
    counters: (any Counters)? = nil,
    upstream: any Upstream,
    mistake: Mistake? = nil
  ) -> Generation {
    var builder = GraphBuilder()
    if let counters {
      builder.add(
        .limit,
        "gate",
        place: .builtIn,
        stage: GateStage(counters: counters),
        exits: ["admitted": "ask-g\(number)", "refused": nil]
      )
    }
    builder.add(
      .attempt,
      "ask-g\(number)",
      place: .builtIn,
      waiting: AskStage(model: "model-g\(number)", upstream: upstream, mistake: mistake),
      exits: ["answered": nil, "failed": nil]
    )
    builder.enter(.chat, at: counters == nil ? "ask-g\(number)" : "gate")
    return Generation(
      number: number,
      hash: "",
      policy: Policy(),
      graph: builder.build { _, _ in Counter() },
      features: []
    )
  }

  /// The generation that a name ends with: `ask-g3`.
  static func generation(ofName name: String) -> UInt64? {
    name.split(separator: "-g").last.flatMap { UInt64($0) }
  }
}

/// What a stage gets wrong, to see that somebody notices.
enum Mistake: CaseIterable {
  case callsCutStreamsDone
  case ignoresLeaving
  case forgetsItsOutcome
  case answersTwice
}

/// Two in flight for each user.
struct GateStage: Stage {
  enum Exit: Int, StageExit { case admitted, refused }
  let exits = Exit.names
  let counters: any Counters

  private struct Place: Obligation {
    let counters: any Counters
    let key: String
    func finish(_ exchange: Exchange, at moment: Moment) {
      counters.leave(limit: "in-flight", key: key)
    }
  }

  func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    let key = exchange.request.fields.first("authorization") ?? ""
    guard counters.enter(limit: "in-flight", key: key, maximum: 2) else {
      exchange.refuse(.tooManyConcurrent(limit: "in-flight"))
      return Exit.refused.index
    }
    exchange.atEnd(Place(counters: counters, key: key))
    return Exit.admitted.index
  }
}

/// Asks the one upstream and hands on what it says.
struct AskStage: WaitingStage {
  enum Exit: Int, StageExit { case answered, failed }
  let exits = Exit.names
  let model: String
  let upstream: any Upstream
  let mistake: Mistake?

  func decide(_ exchange: Exchange) async -> ExitIndex {
    let cancellation = mistake == .ignoresLeaving ? Cancellation() : exchange.cancellation
    var hasBegun = false
    do throws(Failure) {
      let reply = try await upstream.send(
        UpstreamRequest(
          path: "/chat/completions",
          fields: exchange.request.fields,
          body: Self.renamed(exchange.request.body, to: model),
          headDeadline: exchange.deadline
        ),
        in: exchange.world,
        cancellation: cancellation
      )
      let isStream = reply.field("content-type") == "text/event-stream"
      var body: [UInt8] = []
      while let bytes = try await reply.read() {
        guard isStream else {
          body += bytes
          continue
        }
        if !hasBegun {
          hasBegun = true
          var fields: HeaderLines = ["content-type": "text/event-stream"]
          fields.append(exchange.replyFields)
          try await exchange.sink.begin(status: 200, fields: fields)
        }
        try await exchange.sink.write(bytes)
      }
      if mistake == .forgetsItsOutcome { return Exit.answered.index }
      if isStream {
        // An upstream may end a stream without a word of it.
        guard hasBegun else { throw Failure(.connectionBroken) }
        try await exchange.sink.finish()
        if mistake == .answersTwice { try await exchange.sink.finish() }
        exchange.outcome = .streamed
      } else {
        exchange.outcome = .reply(Reply(status: reply.status, body: body))
      }
      return Exit.answered.index
    } catch {
      await fail(exchange, error, hasBegun)
      return Exit.failed.index
    }
  }

  private func fail(_ exchange: Exchange, _ failure: Failure, _ hasBegun: Bool) async {
    guard failure.reason != .clientLeft else {
      exchange.outcome = .abandoned
      return
    }
    guard hasBegun else {
      exchange.refuse(.upstreamUnreachable)
      return
    }
    exchange.outcome = .cut(failure)
    do throws(Failure) {
      try await exchange.sink.write(APIError.upstreamCut.streamEvent)
      if mistake == .callsCutStreamsDone {
        try await exchange.sink.write(Array("data: [DONE]\n\n".utf8))
      }
      try await exchange.sink.finish()
    } catch {
      exchange.outcome = .abandoned
    }
  }

  private static func renamed(_ body: [UInt8], to model: String) -> [UInt8] {
    let text = String(decoding: body, as: UTF8.self)
    let parts = text.split(separator: #""auto""#, maxSplits: 1)
    return Array(parts.joined(separator: "\"\(model)\"").utf8)
  }
}

/// Counters that count places in flight, or forget to.
final class PlainCounters: Counters {
  private let places = Mutex<[String: Int]>([:])
  private let neverRefuses: Bool

  init(neverRefuses: Bool = false) { self.neverRefuses = neverRefuses }

  var inFlight: Int { places.withLock { $0.values.reduce(0, +) } }

  func take(
    limit: String,
    key: String,
    rate: LimitSettings.Rate,
    burst: Int,
    at moment: Moment
  ) -> RateDecision {
    RateDecision(verdict: .admitted, quota: 0, remaining: 0, resetNanoseconds: 0)
  }

  func reserve(
    _ amount: Int,
    limit: String,
    key: String,
    rate: LimitSettings.Rate,
    burst: Int,
    at moment: Moment
  ) -> (decision: RateDecision, reservation: Reservation?) {
    let decision = RateDecision(verdict: .admitted, quota: 0, remaining: 0, resetNanoseconds: 0)
    return (decision, Reservation(amount: amount, slotEnd: 0))
  }

  func settle(
    _ reservation: Reservation,
    used: Int,
    limit: String,
    key: String,
    rate: LimitSettings.Rate,
    burst: Int,
    at moment: Moment
  ) {}

  func enter(limit: String, key: String, maximum: Int) -> Bool {
    places.withLock { places in
      guard neverRefuses || places[key, default: 0] < maximum else { return false }
      places[key, default: 0] += 1
      return true
    }
  }

  func leave(limit: String, key: String) {
    places.withLock { $0[key, default: 0] -= 1 }
  }
}
