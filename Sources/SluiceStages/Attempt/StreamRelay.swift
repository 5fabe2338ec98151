import SluiceCore
import SluiceDialects
import SluiceHTTP
import SluicePipeline

/// Hands a stream from an upstream to a client, event by event, and sees what goes by.
///
/// A chunk leaves as it comes. The head of the reply is held back until the first event, so that a
/// stream that fails before it can still be answered by another candidate, or by a plain error.
struct StreamRelay {
  private let exchange: Exchange
  private let asked: ModelRequest
  private let model: String
  private let reply: any UpstreamReply
  /// Ends the attempt when the client has had nothing by its deadline.
  private let due: any ScheduledAction
  private var parser = EventStreamParser()
  private var reader: StreamReader
  private var tally: OutputTally
  private var output: [UInt8] = []
  private var hasBegun = false
  /// The client left, but others wait for the answer.
  private var clientLeft = false
  /// What the tally may count until the answer is beyond its hold.
  private let limit: Int
  private var isBeyondHold = false

  /// Relays `reply`; the first event is due when `due` runs, and the stream is cut once `tally` counts
  /// more than `limit`.
  init(
    exchange: Exchange,
    asked: ModelRequest,
    model: String,
    reply: any UpstreamReply,
    due: any ScheduledAction,
    tally: OutputTally,
    limit: Int
  ) {
    self.exchange = exchange
    self.asked = asked
    self.model = model
    self.tally = tally
    self.limit = limit
    self.due = due
    self.reply = reply
    reader = StreamReader(
      wantsUsage: asked.wantsUsage,
      assembles: exchange.flight != nil
    )
  }

  /// Relays to the end.
  ///
  /// - Returns: how it ended; the client has been told.
  /// - Throws: a failure before the client had anything.
  mutating func run() async throws(Failure) -> AttemptStage.Exit {
    do throws(Failure) {
      try await relay()
    } catch {
      reply.abandon()
      if isBeyondHold { return await endEarly(because: Failure(.beyondHold), isHeard: false) }
      if error.reason == .killed, hasBegun { return await endEarly(because: error) }
      return try await breakOff(because: error)
    }
    if isBeyondHold { return await endEarly(because: Failure(.beyondHold)) }
    guard reader.isWhole else {
      reply.abandon()
      let reason: Failure.Reason = reader.hasFailed ? .invalidReply : .connectionBroken
      return try await breakOff(because: Failure(reason))
    }
    if let body = reader.assembledReply {
      exchange.answer = WholeAnswer(body: body, isComplete: reader.isWholeAnswer)
    }
    await endClientStream()
    noteUse(isWhole: true)
    reply.release()
    return .answered
  }

  private mutating func relay() async throws(Failure) {
    while !reader.isDone && !reader.hasFailed && !isBeyondHold {
      guard let bytes = try await readTimed() else {
        if let last = parser.finish() { take(last) }
        try await forward()
        return
      }
      parser.append(bytes)
      try takeEvents()
      tally.trim()
      // The upstream stops first: its work is what costs.
      if isBeyondHold { reply.abandon() }
      try await forward()
    }
  }

  @inline(__always)
  private func readTimed() async throws(Failure) -> [UInt8]? {
    let start = exchange.world.monotonic
    defer { exchange.upstreamWait += exchange.world.monotonic - start }
    return try await reply.read()
  }

  private mutating func takeEvents() throws(Failure) {
    while true {
      switch parser.next() {
      case .needMore: return
      case .event(let event):
        take(event)
        if tally.exceeds(limit), !reader.isWhole {
          isBeyondHold = true
          return
        }
      case .tooLong: throw Failure(.replyTooLarge)
      }
    }
  }

  private mutating func take(_ event: StreamEvent) {
    switch reader.read(event, into: &tally.text) {
    case .pass, .done:
      output += event.frame
      if !event.isTerminated { output += "\n\n".utf8 }
    case .hide, .failed:
      break
    }
  }

  private mutating func forward() async throws(Failure) {
    defer { output.removeAll(keepingCapacity: true) }
    guard !output.isEmpty, !clientLeft else { return }
    do throws(Failure) {
      if !hasBegun {
        hasBegun = true
        due.withdraw()
        var fields: HeaderLines = ["content-type": "text/event-stream"]
        fields.append(exchange.replyFields)
        try await exchange.sink.begin(status: 200, fields: fields)
      }
      try await exchange.sink.write(output)
    } catch {
      guard error.reason == .clientLeft, exchange.flight?.hasFollowers == true else { throw error }
      clientLeft = true
    }
  }

  private mutating func endClientStream() async {
    guard !clientLeft else {
      exchange.outcome = .abandoned
      return
    }
    do throws(Failure) {
      // Some upstreams end without saying so; clients wait for it.
      if !reader.isDone { try await exchange.sink.write(Array("data: [DONE]\n\n".utf8)) }
      try await exchange.sink.finish()
      exchange.outcome = .streamed
    } catch {
      exchange.outcome = .abandoned
    }
  }

  /// Ends a stream that cannot be completed.
  ///
  /// - Throws: `failure` if the client has had nothing of it.
  private mutating func breakOff(
    because failure: Failure
  ) async throws(Failure) -> AttemptStage.Exit {
    noteUse(isWhole: false)
    exchange.failure = failure
    guard hasBegun else { throw failure }
    if clientLeft || failure.reason == .clientLeft {
      exchange.outcome = .abandoned
      return .cut
    }
    exchange.outcome = .cut(failure)
    do throws(Failure) {
      try await exchange.sink.write(RefuseStage.error(for: failure).streamEvent)
      try await exchange.sink.finish()
    } catch {
      exchange.outcome = .abandoned
    }
    return .cut
  }

  /// Ends a stream that has gone far enough, in a way that no client stumbles over.
  ///
  /// - Parameters:
  ///   - failure: why.
  ///   - isHeard: whether anybody is left to hear it.
  /// - Returns: `cut`.
  private mutating func endEarly(
    because failure: Failure,
    isHeard: Bool = true
  ) async -> AttemptStage.Exit {
    noteUse(isWhole: false)
    exchange.failure = failure
    guard isHeard, !clientLeft else {
      exchange.outcome = .abandoned
      return .cut
    }
    exchange.outcome = .cut(failure)
    var frames: [UInt8] = []
    CutEnding(
      asked.service,
      id: reader.id ?? exchange.id,
      model: reader.model ?? model,
      created: reader.created ?? exchange.startedAt.wallSeconds,
      open: reader.openChoices(of: asked.choiceCount)
    )
    .append(notice: exchange.hold?.notice, usage: asked.wantsUsage ? used : nil, to: &frames)
    do throws(Failure) {
      try await exchange.sink.write(frames)
      try await exchange.sink.finish()
    } catch {
      exchange.outcome = .abandoned
    }
    return .cut
  }

  /// What the client is told that a stream used which did not come to its end.
  private var used: Usage {
    let reported = reader.usage
    let prompt = reported.map(\.prompt) ?? 0
    return Usage(
      prompt: prompt > 0
        ? prompt : exchange.promptTokens(upTo: .max) ?? exchange.hold?.input ?? 0,
      completion: max(reported?.completion ?? 0, tally.total)
    )
  }

  private func noteUse(isWhole: Bool) {
    exchange.use = AttemptUse(reported: reader.usage, output: .stream(tally), isWhole: isWhole)
  }
}
