import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceStages
import Testing

@Suite("The breaker")
struct BreakerTests {
  private static let second: Int64 = 1_000_000_000
  private let rules = UpstreamSettings.Breaker.consecutive(3, recovery: .seconds(60), probes: 2)

  private func opened(at now: Int64 = 0) -> Breaker {
    var breaker = Breaker()
    for _ in 0..<3 { breaker.report(.failure, ticket: nil, under: rules, at: now) }
    return breaker
  }

  @Test("opens after its tolerance, and refuses until its recovery time has passed")
  func opens() {
    var breaker = Breaker()
    for _ in 0..<2 {
      breaker.report(.failure, ticket: nil, under: rules, at: 0)
      #expect(breaker.advise(under: rules, at: 0) == .forward)
    }
    breaker.report(.failure, ticket: nil, under: rules, at: 0)
    #expect(breaker.state(at: 0) == .open)
    let refusal = breaker.advise(under: rules, at: 59 * Self.second)
    #expect(refusal == .refuse(retryAt: 60 * Self.second, because: .failures))
  }

  @Test("a success between failures starts the count again")
  func interrupted() {
    var breaker = Breaker()
    for report in [AttemptReport.failure, .failure, .success, .failure, .failure] {
      breaker.report(report, ticket: nil, under: rules, at: 0)
    }
    #expect(breaker.state(at: 0) == .closed)
  }

  @Test("what says nothing about the model counts as nothing")
  func neither() {
    var breaker = Breaker()
    for report in [AttemptReport.failure, .failure, .neither, .failure] {
      breaker.report(report, ticket: nil, under: rules, at: 0)
    }
    #expect(breaker.state(at: 0) == .open)
  }

  @Test("lets exactly its probes through, and closes when all of them succeeded")
  func probes() throws {
    var breaker = opened()
    let now = 60 * Self.second
    guard case .probe(let first) = breaker.advise(under: rules, at: now),
      case .probe(let second) = breaker.advise(under: rules, at: now),
      case .refuse = breaker.advise(under: rules, at: now)
    else {
      Issue.record("two probes, no more")
      return
    }
    breaker.report(.success, ticket: first, under: rules, at: now)
    #expect(breaker.state(at: now) == .halfOpen)
    breaker.report(.success, ticket: second, under: rules, at: now)
    #expect(breaker.state(at: now) == .closed)
    #expect(breaker.advise(under: rules, at: now) == .forward)
  }

  @Test("opens again at the first probe that fails")
  func probeFails() {
    var breaker = opened()
    let now = 60 * Self.second
    guard case .probe(let ticket) = breaker.advise(under: rules, at: now) else {
      Issue.record("a probe is due")
      return
    }
    breaker.report(.failure, ticket: ticket, under: rules, at: now)
    #expect(
      breaker.advise(under: rules, at: now)
        == .refuse(retryAt: now + 60 * Self.second, because: .probe)
    )
  }

  @Test("a probe whose client left gives its place back")
  func probeAbandoned() {
    var breaker = opened()
    let now = 60 * Self.second
    guard case .probe(let ticket) = breaker.advise(under: rules, at: now),
      case .probe = breaker.advise(under: rules, at: now)
    else {
      Issue.record("two probes are due")
      return
    }
    breaker.report(.neither, ticket: ticket, under: rules, at: now)
    guard case .probe = breaker.advise(under: rules, at: now) else {
      Issue.record("the place is free again")
      return
    }
  }

  @Test("reports from before it opened, or of an earlier round, decide nothing")
  func late() {
    var breaker = opened()
    breaker.report(.success, ticket: nil, under: rules, at: 1)
    #expect(breaker.state(at: 1) == .open)
    var now = 60 * Self.second
    guard case .probe(let old) = breaker.advise(under: rules, at: now) else {
      Issue.record("a probe is due")
      return
    }
    breaker.report(.failure, ticket: old, under: rules, at: now)
    now += 60 * Self.second
    guard case .probe = breaker.advise(under: rules, at: now) else {
      Issue.record("a probe is due")
      return
    }
    breaker.report(.failure, ticket: old, under: rules, at: now)
    #expect(breaker.state(at: now) == .halfOpen)
  }

  @Test("by ratio, opens only with enough calls in the window")
  func ratio() {
    let rules = UpstreamSettings.Breaker.ratio(
      0.5,
      minimumCalls: 10,
      window: .seconds(30),
      recovery: .seconds(60),
      probes: 1
    )
    var breaker = Breaker()
    for index in 0..<9 {
      breaker.report(index % 2 == 0 ? .failure : .success, ticket: nil, under: rules, at: 0)
    }
    #expect(breaker.state(at: 0) == .closed)
    breaker.report(.failure, ticket: nil, under: rules, at: 0)
    #expect(breaker.state(at: 0) == .open)

    var slow = Breaker()
    for index in 0..<40 {
      slow.report(.failure, ticket: nil, under: rules, at: Int64(index) * 4 * Self.second)
    }
    #expect(slow.state(at: 160 * Self.second) == .closed)
  }

  @Test("cools down as long as the upstream asked, without counting a failure")
  func coolsDown() {
    var breaker = Breaker()
    breaker.coolDown(until: 7 * Self.second)
    #expect(
      breaker.advise(under: rules, at: 0) == .refuse(retryAt: 7 * Self.second, because: .coolDown)
    )
    #expect(breaker.advise(under: rules, at: 7 * Self.second) == .forward)
  }

  @Test("does as a person says until the person gives it back")
  func forced() {
    var breaker = Breaker()
    breaker.force(.open)
    guard case .refuse = breaker.advise(under: rules, at: 1_000 * Self.second) else {
      Issue.record("forced open")
      return
    }
    breaker.force(.closed)
    for _ in 0..<9 { breaker.report(.failure, ticket: nil, under: rules, at: 0) }
    #expect(breaker.advise(under: rules, at: 0) == .forward)
    breaker.force(nil)
    #expect(breaker.state(at: 0) == .closed)
  }

  @Test("an upstream that is down is refused until its check finds it up, and counts as no failure")
  func unhealthy() {
    var breaker = Breaker()
    breaker.setUnhealthy(until: 20 * Self.second)
    let refusal = Breaker.Advice.refuse(retryAt: 20 * Self.second, because: .unhealthy)
    #expect(breaker.advise(under: rules, at: 0) == refusal)
    #expect((breaker.state(at: 0), breaker.cause(at: 0)) == (.open, .unhealthy))
    #expect(breaker.retryAt(0) == 20 * Self.second)
    // No time of its own makes it try.
    let late = Breaker.Advice.refuse(retryAt: 101 * Self.second, because: .unhealthy)
    #expect(breaker.advise(under: rules, at: 100 * Self.second) == late)
    breaker.setUnhealthy(until: nil)
    #expect(breaker.advise(under: rules, at: 100 * Self.second) == .forward)
    #expect(breaker.cause(at: 100 * Self.second) == nil)
  }

  @Test("what its attempts did goes on counting behind a check, and a person stands above both")
  func precedence() {
    var breaker = opened()
    breaker.setUnhealthy(until: 5 * Self.second)
    #expect(breaker.cause(at: 0) == .unhealthy)
    breaker.force(.closed)
    #expect(breaker.advise(under: rules, at: 0) == .forward)
    #expect(breaker.retryAt(0) == nil)
    breaker.force(.open)
    #expect(breaker.cause(at: 0) == .forced)
    breaker.force(nil)
    // Released, it is what the check says; what was counted before is forgotten.
    #expect(breaker.cause(at: 0) == .unhealthy)
    breaker.setUnhealthy(until: nil)
    #expect(breaker.state(at: 0) == .closed)
  }

  @Test("says what opened it, and what it counts")
  func explains() {
    var breaker = opened()
    #expect(breaker.cause(at: 0) == .failures)
    let now = 60 * Self.second
    #expect(breaker.cause(at: now) == .failures)
    guard case .probe(let ticket) = breaker.advise(under: rules, at: now) else {
      Issue.record("a probe is due")
      return
    }
    breaker.report(.failure, ticket: ticket, under: rules, at: now)
    #expect(breaker.cause(at: now) == .probe)
    #expect(breaker.retryAt(now) == 120 * Self.second)
    var cooling = Breaker()
    cooling.coolDown(until: 7 * Self.second)
    #expect(cooling.cause(at: 0) == .coolDown)
    #expect(cooling.coolDown(at: 0) == 7 * Self.second)
    cooling.report(.failure, ticket: nil, under: rules, at: 8 * Self.second)
    #expect(cooling.counts(under: rules, at: 8 * Self.second).failures == 1)
    let ratio = UpstreamSettings.Breaker.ratio(
      0.5,
      minimumCalls: 20,
      window: .seconds(30),
      recovery: .seconds(60),
      probes: 1
    )
    var shared = Breaker()
    shared.report(.failure, ticket: nil, under: ratio, at: 0)
    shared.report(.success, ticket: nil, under: ratio, at: 0)
    let counts = shared.counts(under: ratio, at: Self.second)
    #expect((counts.failures, counts.calls) == (1, 2))
    #expect(shared.counts(under: ratio, at: 90 * Self.second).calls == 0)
  }

  @Test("open, it forwards nothing but its probes, whatever happens", arguments: 0..<200)
  func promise(seed: UInt64) {
    var generator = Seeded(seed: seed)
    var breaker = Breaker()
    var now: Int64 = 0
    var probes: [Breaker.Ticket] = []
    for _ in 0..<500 {
      now += Int64(generator.next() % UInt64(20 * Self.second))
      let before = breaker.state(at: now)
      switch breaker.advise(under: rules, at: now) {
      case .forward: #expect(before == .closed)
      case .probe(let ticket):
        #expect(before == .halfOpen)
        probes.append(ticket)
      case .refuse(let retryAt, _):
        #expect(before != .closed)
        #expect(retryAt > now)
      }
      let report = [AttemptReport.success, .failure, .failure, .neither][
        Int(generator.next() % 4)
      ]
      let ticket = generator.next() % 2 == 0 ? probes.popLast() : nil
      breaker.report(report, ticket: ticket, under: rules, at: now)
    }
  }

  @Test("the table tells of each change of state once")
  func transitions() {
    let seen = Seen()
    let table = BreakerTable { seen.add($0) }
    for _ in 0..<4 { table.report(.failure, of: "m", ticket: nil, under: rules, at: 0) }
    #expect(seen.all == [.init(model: "m", from: .closed, to: .open, cause: .failures)])
    #expect(table.state(of: "other", at: 0) == .closed)
  }

  @Test("the table tells what time has changed when it is next asked")
  func transitionsByTime() {
    let seen = Seen()
    let table = BreakerTable { seen.add($0) }
    table.coolDown("cool", until: 7 * Self.second, at: 0)
    _ = table.advise("cool", under: rules, at: 8 * Self.second)
    for _ in 0..<3 { table.report(.failure, of: "m", ticket: nil, under: rules, at: 0) }
    _ = table.advise("m", under: rules, at: 60 * Self.second)
    #expect(
      seen.all == [
        .init(model: "cool", from: .closed, to: .open, cause: .coolDown),
        .init(model: "cool", from: .open, to: .closed),
        .init(model: "m", from: .closed, to: .open, cause: .failures),
        .init(model: "m", from: .open, to: .halfOpen, cause: .failures),
      ]
    )
    // It began when its time had come, not when somebody asked.
    #expect(table.status(of: "m", under: rules, at: 70 * Self.second).since == 60 * Self.second)
  }

  @Test("each change begins where the one before ended, whoever makes them")
  func order() async {
    let seen = Seen()
    let table = BreakerTable { seen.add($0) }
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for turn in 0..<500 {
            let to: Breaker.Force = turn % 2 == 0 ? .open : .closed
            table.force("m", .init(to: to, reason: "r", by: "b"), at: 0)
          }
        }
      }
    }
    let all = seen.all
    #expect(all.count > 100)
    #expect(zip(all, all.dropFirst()).allSatisfy { $0.to == $1.from })
    #expect(all.last?.to == table.state(of: "m", at: 0))
  }

  @Test("the table says who forced a breaker and why, until the decision is given back")
  func forcing() {
    let table = BreakerTable()
    let forcing = BreakerTable.Forcing(to: .open, reason: "vendor maintenance", by: "ada")
    table.force("m", forcing, at: 5)
    var status = table.status(of: "m", under: rules, at: 9)
    #expect((status.state, status.cause, status.since) == (.open, .forced, 5))
    #expect((status.forcing, status.forcedAt, status.retryAt) == (forcing, 5, nil))
    table.force("m", nil, at: 9)
    status = table.status(of: "m", under: rules, at: 9)
    #expect((status.state, status.cause, status.since) == (.closed, nil, 9))
    #expect((status.forcing, status.forcedAt) == (nil, nil))
  }

  @Test("a model that goes takes its breaker along")
  func forgets() {
    let table = BreakerTable()
    for model in ["stays", "goes"] {
      table.force(model, .init(to: .open, reason: "r", by: "b"), at: 0)
    }
    table.keep(["stays"])
    #expect(table.state(of: "stays", at: 0) == .open)
    #expect(table.state(of: "goes", at: 0) == .closed)
  }
}

@Suite("Retries")
struct RetryTests {
  private func settings(jitter: UpstreamSettings.Retry.Jitter) -> UpstreamSettings.Retry {
    .init(attempts: 5, base: .seconds(1), factor: 2, jitter: jitter, budget: 0.2)
  }

  @Test("full jitter draws between nothing and twice as long each time")
  func fullJitter() {
    let backoff = Backoff(settings(jitter: .full))
    for (failures, ceiling) in [(1, 1), (2, 2), (3, 4), (9, Bounds.backoffSeconds)] {
      #expect(backoff.wait(after: failures, random: 0) == 0)
      #expect(backoff.wait(after: failures, random: .max) == Int64(ceiling) * 1_000_000_000)
    }
  }

  @Test("bounded jitter adds to the backoff")
  func boundedJitter() {
    let backoff = Backoff(settings(jitter: .bounded(.milliseconds(100))))
    #expect(backoff.wait(after: 2, random: 0) == 2_000_000_000)
    #expect(backoff.wait(after: 2, random: .max) == 2_100_000_000)
  }

  @Test("retries are never more than their share and the reserve", arguments: 0..<50)
  func budget(seed: UInt64) {
    var generator = Seeded(seed: seed)
    var budget = RetryBudget()
    var first = 0
    var retries = 0
    for _ in 0..<5_000 {
      if generator.next() % 2 == 0 {
        first += 1
        budget.earn(share: 0.2)
      } else if budget.spend() {
        retries += 1
      }
      #expect(retries <= first / 5 + Bounds.savedRetries)
    }
    #expect(retries > first / 6)
  }
}
