import SluiceCore
import SluiceHTTP
import SluicePipeline
import SluiceSimulation
import Synchronization
import Testing

@Suite("A scripted upstream")
struct ScriptedUpstreamTests {
  /// What one request came to.
  private struct Result: Sendable {
    var status: Int?
    var body = ""
    var retryAfter: String?
    var failure: Failure?
    /// Nanoseconds from the request to the end.
    var took: Int64 = 0
  }

  /// Asks once; the client leaves after `leaving` nanoseconds.
  private func ask(
    _ behaviour: Behaviour,
    streams: Bool = false,
    wantsUsage: Bool = false,
    leaving: Int64? = nil
  ) -> (result: Result, attempt: AttemptRecord) {
    let world = SimulatedWorld(seed: 1)
    let history = History(world: world)
    let upstream = ScriptedUpstream(
      name: "one",
      plan: FaultPlan(listed: [behaviour]),
      random: SeededRandom(seed: 1),
      history: history
    )
    let loop = world.loops[0]
    let result = Mutex(Result())
    loop.start {
      let start = loop.now.monotonic
      let cancellation = Cancellation()
      if let leaving {
        _ = loop.schedule(atMonotonic: start + leaving) { cancellation.cancel(.clientLeft) }
      }
      var mine = Result()
      do throws(Failure) {
        let ask = Ask(question: "why", streams: streams, wantsUsage: wantsUsage)
        let reply = try await upstream.send(
          UpstreamRequest(
            path: "/chat/completions",
            fields: HeaderFields(),
            body: ask.body,
            headDeadline: start + 60_000_000_000
          ),
          in: loop,
          cancellation: cancellation
        )
        mine.status = reply.status
        mine.retryAfter = reply.field("Retry-After")
        while let bytes = try await reply.read() {
          mine.body += String(decoding: bytes, as: UTF8.self)
        }
      } catch {
        mine.failure = error
      }
      mine.took = loop.now.monotonic - start
      result.withLock { [mine] in $0 = mine }
    }
    world.run()
    return (result.withLock { $0 }, history.run.attempts[0])
  }

  @Test("answers in one piece, naming the attempt, with its usage")
  func plain() {
    let (result, attempt) = ask(.wellBehaved)
    #expect(result.status == 200)
    #expect(result.body.contains(#""content":"attempt-0 word-1 word-2""#))
    #expect(result.body.contains(#""total_tokens":15"#))
    #expect(attempt.ending == .answered)
    #expect(attempt.question == "why")
    #expect(attempt.isWhole)
  }

  @Test("streams one event for each word, with usage only where it was asked for")
  func streams() {
    let (without, _) = ask(Behaviour(pieces: 4, gap: 1_000_000), streams: true)
    #expect(without.body.hasSuffix("data: [DONE]\n\n"))
    #expect(without.body.split(separator: "\n\n").count == 6)
    #expect(!without.body.contains("usage"))
    // The head after 2 ms, six pieces and the end a millisecond apart.
    #expect(without.took == 9_000_000)
    let (with, _) = ask(.wellBehaved, streams: true, wantsUsage: true)
    #expect(with.body.contains(#""choices":[],"usage""#))
  }

  @Test(
    "fails before the head as its script says",
    arguments: [
      (Fault.refuseConnection, Failure.Reason.connectRefused, 2_000_000 as Int64),
      (.resetBeforeHead, .connectionBroken, 2_000_000),
      (.stallBeforeHead, .firstByteTimeout, 20_000_000_000),
    ]
  )
  func noHead(fault: Fault, reason: Failure.Reason, took: Int64) {
    let (result, attempt) = ask(Behaviour(fault: fault))
    #expect(result.failure == Failure(reason))
    #expect(result.took == took)
    #expect(attempt.ending == .failed(reason))
  }

  @Test(
    "breaks a body off as its script says",
    arguments: [
      (Fault.stallAfter(pieces: 1), Failure.Reason.idleTimeout),
      (.cutAfter(pieces: 1), .connectionBroken), (.cutAfter(pieces: 0), .connectionBroken),
      (.wrongLength, .connectionBroken),
    ],
    [true, false]
  )
  func brokenBody(_ expected: (fault: Fault, reason: Failure.Reason), streams: Bool) {
    let (result, attempt) = ask(Behaviour(fault: expected.fault), streams: streams)
    #expect(result.status == 200)
    #expect(result.failure?.reason == expected.reason)
    #expect(!result.body.contains("[DONE]"))
    #expect(!attempt.isWhole)
  }

  @Test("says no in the ways that upstreams and proxies do")
  func refusals() {
    let limited = ask(Behaviour(fault: .tooManyRequests(retryAfterSeconds: 7))).result
    #expect(limited.status == 429)
    #expect(limited.retryAfter == "7")
    let silent = ask(Behaviour(fault: .tooManyRequests(retryAfterSeconds: nil))).result
    #expect(silent.retryAfter == nil)
    #expect(ask(Behaviour(fault: .serverError)).result.status == 500)
    #expect(ask(Behaviour(fault: .html)).result.body.hasPrefix("<html>"))
    #expect(ask(Behaviour(fault: .malformedJSON)).result.body.hasSuffix("[{"))
    #expect(!ask(Behaviour(fault: .missingUsage)).result.body.contains("usage"))
    #expect(ask(Behaviour(fault: .finishedByLength)).result.body.contains(#""length""#))
  }

  @Test(
    "stops in the instant in which it is cancelled",
    arguments: [
      Behaviour(headDelay: 50_000_000), Behaviour(fault: .stallBeforeHead),
      Behaviour(gap: 50_000_000), Behaviour(fault: .stallAfter(pieces: 1)),
    ]
  )
  func cancels(behaviour: Behaviour) {
    let (result, attempt) = ask(behaviour, streams: true, leaving: 7_000_000)
    #expect(result.failure == Failure(.clientLeft))
    #expect(result.took == 7_000_000)
    #expect(attempt.ending == .failed(.clientLeft))
    #expect(attempt.endings.count == 1)
  }

  @Test("notices that a reply was given up")
  func abandons() {
    let world = SimulatedWorld(seed: 1)
    let history = History(world: world)
    let upstream = ScriptedUpstream(
      name: "one",
      plan: FaultPlan.quiet,
      random: SeededRandom(seed: 1),
      history: history
    )
    let loop = world.loops[0]
    loop.start {
      for isForgotten in [true, false] {
        do throws(Failure) {
          let reply = try await upstream.send(
            UpstreamRequest(
              path: "/chat/completions",
              fields: HeaderFields(),
              body: Ask(question: "why").body,
              headDeadline: .max
            ),
            in: loop,
            cancellation: Cancellation()
          )
          if !isForgotten {
            reply.abandon()
            reply.abandon()
          }
        } catch {
          Issue.record("\(error)")
        }
      }
    }
    world.run()
    #expect(history.run.attempts.map(\.ending) == [.abandoned, .abandoned])
    #expect(history.run.attempts.allSatisfy { $0.endings.count == 1 })
    #expect(upstream.asked == 2)
  }
}
