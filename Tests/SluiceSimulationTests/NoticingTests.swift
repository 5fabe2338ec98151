import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceSimulation
import Synchronization
import Testing

/// Checkers that never find anything prove nothing: these plant what each must find.
@Suite("The invariants")
struct NoticingTests {
  /// What a store gets wrong.
  enum Fault: CaseIterable {
    case answersUnderAnyKey
    case ignoresInvalidations
    case ignoresTime
    case findsNothing
    case keepsNothing
    case admitsEverybody
    case admitsOneTooMany
    case admitsOneTooFew
    case neverGivesBack
    case admitsAnyTokens
    case forgetsDebts
    case keepsTokens

    /// The beginning of the claim that it breaks.
    var claim: String {
      switch self {
      case .answersUnderAnyKey, .ignoresInvalidations, .ignoresTime: "a cached answer"
      case .findsNothing, .keepsNothing: "one flight"
      case .admitsEverybody: "limit rate"
      case .admitsOneTooMany, .admitsOneTooFew, .neverGivesBack: "limit in-flight"
      case .admitsAnyTokens, .forgetsDebts, .keepsTokens: "limit tokens"
      }
    }
  }

  @Test("notice a store that is wrong", arguments: Fault.allCases)
  func notices(fault: Fault) {
    var disguise = Disguise()
    disguise.cache = { FaultyStore(cache: $0, fault: fault) }
    disguise.counters = { FaultyCounts(counters: $0, fault: fault) }
    let found = (0..<60 as Range<UInt64>)
      .contains { seed in
        let found: [String]
        switch fault {
        case .admitsAnyTokens, .forgetsDebts, .keepsTokens:
          found = TokenScenario.mixed(seed: seed, disguise: disguise).history.run
            .violations(of: TokenScenario.invariants)
        case .answersUnderAnyKey, .ignoresInvalidations, .ignoresTime, .findsNothing,
          .keepsNothing, .admitsEverybody, .admitsOneTooMany, .admitsOneTooFew, .neverGivesBack:
          found = Scenario.mixed(seed: seed, disguise: disguise).history.run
            .violations(of: Scenario.invariants)
        }
        return found.contains { $0.hasPrefix(fault.claim) }
      }
    #expect(found)
  }

  @Test("are tried by runs that take every exit and end in every way")
  func coverage() {
    var steps: Set<String> = []
    var endings: Set<String> = []
    var hits = 0
    var followersLeft = 0
    for seed in 0..<150 as Range<UInt64> {
      let run = Scenario.mixed(seed: seed).history.run
      for exchange in run.exchanges {
        for step in exchange.trail where exchange.generation == 1 { steps.insert(step) }
        switch exchange.ending {
        case .replied(let status): endings.insert("replied \(status)")
        case .refused(_, let code): endings.insert("refused \(code)")
        case .cut(let reason): endings.insert("cut \(reason)")
        case .streamed: endings.insert("streamed")
        case .abandoned: endings.insert("abandoned")
        case .nothing, nil: endings.insert("nothing")
        }
        if exchange.received.field("x-sluice-cache") == "exact" { hits += 1 }
        if exchange.left != nil, exchange.passed("cache both-g1:gave_up") { followersLeft += 1 }
      }
    }
    let wanted: Set<String> = [
      "identity:known", "request:understood", "limit rate:admitted", "limit rate:refused",
      "limit in-flight:admitted", "limit in-flight:refused", "route:both-g1",
      "cache both-g1:hit", "cache both-g1:miss", "cache both-g1:bypass", "cache both-g1:gave_up",
      "attempt both-g1/first-g1:answered", "attempt both-g1/first-g1:declined",
      "attempt both-g1/first-g1:skipped", "attempt both-g1/first-g1:failed",
      "attempt both-g1/first-g1:gave_up", "attempt both-g1/first-g1:cut",
      "attempt both-g1/second-g1:answered", "attempt both-g1/second-g1:failed", "settle:settled",
      "settle:estimated", "store:stored", "store:kept_out", "refuse:refused",
    ]
    #expect(wanted.subtracting(steps).sorted() == [])
    let wantedEndings: Set<String> = [
      "replied 200", "replied 400", "replied 429", "replied 500", "replied 529", "streamed",
      "abandoned", "cut connectionBroken", "cut idleTimeout", "refused rate_limit_exceeded",
      "refused too_many_concurrent_requests", "refused upstream_cut", "refused upstream_failed",
      "refused upstream_idle_timeout", "refused upstream_invalid_reply",
      "refused upstream_redirected", "refused upstream_refused_key", "refused upstream_timeout",
      "refused upstream_unreachable",
    ]
    #expect(wantedEndings.subtracting(endings).sorted() == [])
    #expect(hits > 100)
    #expect(followersLeft > 0)
  }
}

/// A cache with one fault.
private final class FaultyStore: ReplyCache {
  private let cache: any ReplyCache
  private let fault: NoticingTests.Fault
  private let last = Mutex<CachedReply?>(nil)

  init(cache: any ReplyCache, fault: NoticingTests.Fault) {
    self.cache = cache
    self.fault = fault
  }

  func reply(for key: Digest, at moment: Moment) -> CachedReply? {
    switch fault {
    case .answersUnderAnyKey: last.withLock { $0 }
    case .findsNothing: nil
    case .ignoresTime: cache.reply(for: key, at: Moment(monotonic: 0, wall: 0))
    case .ignoresInvalidations, .keepsNothing, .admitsEverybody, .admitsOneTooMany,
      .admitsOneTooFew, .neverGivesBack, .admitsAnyTokens, .forgetsDebts, .keepsTokens:
      cache.reply(for: key, at: moment)
    }
  }

  func staleReply(for key: Digest, at moment: Moment) -> CachedReply? {
    cache.staleReply(for: key, at: moment)
  }

  func epoch(of product: String) -> UInt64 { cache.epoch(of: product) }

  func store(_ reply: CachedReply, for key: Digest, epoch: UInt64, at moment: Moment) -> Bool {
    if fault == .keepsNothing { return true }
    last.withLock { $0 = reply }
    return cache.store(reply, for: key, epoch: epoch, at: moment)
  }

  func invalidate(_ selection: CacheSelection) -> Int {
    fault == .ignoresInvalidations ? 0 : cache.invalidate(selection)
  }
}

/// Counters with one fault.
private struct FaultyCounts: Counters {
  let counters: any Counters
  let fault: NoticingTests.Fault

  func take(
    limit: String,
    key: String,
    rate: LimitSettings.Rate,
    burst: Int,
    at moment: Moment
  ) -> RateDecision {
    var decision = counters.take(limit: limit, key: key, rate: rate, burst: burst, at: moment)
    if fault == .admitsEverybody { decision.verdict = .admitted }
    return decision
  }

  func reserve(
    _ amount: Int,
    limit: String,
    key: String,
    rate: LimitSettings.Rate,
    burst: Int,
    at moment: Moment
  ) -> (decision: RateDecision, reservation: Reservation?) {
    let burst = fault == .admitsAnyTokens ? burst + 1_000 : burst
    return counters.reserve(
      amount,
      limit: limit,
      key: key,
      rate: rate,
      burst: burst,
      at: moment
    )
  }

  func settle(
    _ reservation: Reservation,
    used: Int,
    limit: String,
    key: String,
    rate: LimitSettings.Rate,
    burst: Int,
    at moment: Moment
  ) {
    let told =
      switch fault {
      case .forgetsDebts: min(used, reservation.amount)
      case .keepsTokens: max(used, reservation.amount)
      case .answersUnderAnyKey, .ignoresInvalidations, .ignoresTime, .findsNothing,
        .keepsNothing, .admitsEverybody, .admitsOneTooMany, .admitsOneTooFew, .neverGivesBack,
        .admitsAnyTokens:
        used
      }
    counters.settle(
      reservation,
      used: told,
      limit: limit,
      key: key,
      rate: rate,
      burst: burst,
      at: moment
    )
  }

  func enter(limit: String, key: String, maximum: Int) -> Bool {
    let change =
      switch fault {
      case .admitsOneTooMany: 1
      case .admitsOneTooFew: -1
      case .answersUnderAnyKey, .ignoresInvalidations, .ignoresTime, .findsNothing,
        .keepsNothing, .admitsEverybody, .neverGivesBack, .admitsAnyTokens, .forgetsDebts,
        .keepsTokens:
        0
      }
    return counters.enter(limit: limit, key: key, maximum: maximum + change)
  }

  func leave(limit: String, key: String) {
    if fault != .neverGivesBack { counters.leave(limit: limit, key: key) }
  }
}
