internal import SluiceCore
internal import SluicePipeline

/// Whoever gets an answer that another exchange asked for may have it, and gets it as it was.
///
/// Scope, question, model, wholeness, age and invalidation, all judged by the attempt that the
/// answer names.
package struct CachedAnswersAreTheirOwn: Invariant {
  package let claim = "a cached answer is the stored one, in its scope and its time"
  private let scope: @Sendable (Ask) -> String?
  private let ttl: Int64

  /// Checks runs with a cache whose answers live for `ttl` nanoseconds.
  ///
  /// `scope` says who shares answers with whom; `nil` is an ask that the cache does not take.
  package init(scope: @escaping @Sendable (Ask) -> String?, ttl: Int64) {
    self.scope = scope
    self.ttl = ttl
  }

  package func violations(in run: Run) -> [String] {
    run.exchanges.flatMap { exchange -> [String] in
      guard let number = exchange.received.attempt else { return [] }
      guard run.attempts.indices.contains(number) else { return ["no attempt \(number)"] }
      let attempt = run.attempts[number]
      guard let asker = attempt.exchange else { return ["nobody asked for attempt \(number)"] }
      guard asker != exchange.number else { return [] }
      return findings(about: exchange, answeredBy: attempt, askedBy: run.exchanges[asker], in: run)
        .map { "\($0): attempt \(number) for \(exchange.line)" }
    } + differences(in: run)
  }

  private func findings(
    about exchange: ExchangeRecord,
    answeredBy attempt: AttemptRecord,
    askedBy leader: ExchangeRecord,
    in run: Run
  ) -> [String] {
    var findings: [String] = []
    let shared = scope(exchange.ask)
    if shared == nil || shared != scope(leader.ask) { findings.append("crosses its scope") }
    if leader.ask.question != exchange.ask.question { findings.append("answers something else") }
    if leader.ask.model != exchange.ask.model { findings.append("was asked of another model") }
    if !attempt.isStorable { findings.append("was not fit to be kept") }
    if exchange.received.field("x-sluice-cache") == "miss" { findings.append("is called a miss") }
    // It was kept no later than when its leader's walk was over.
    if let stored = leader.walked, exchange.began.moment.monotonic >= stored.moment.monotonic + ttl
    {
      findings.append("is older than its time")
    }
    for invalidation in run.invalidations
    where invalidation.acknowledged < exchange.began && attempt.asked < invalidation.acknowledged
      && invalidation.selection.concerns(leader.ask)
    {
      findings.append("outlived its invalidation")
    }
    return findings
  }

  /// All that got one attempt's answer in one form have the same bytes.
  private func differences(in run: Run) -> [String] {
    let answered = run.exchanges.filter { exchange in
      exchange.ending == .replied(status: 200) && exchange.received.completions == 1
        && exchange.received.attempt != nil
    }
    let groups = answered.grouped { exchange in
      "attempt \(exchange.received.attempt ?? 0)"
        + (exchange.ask.streams ? " streamed" : " plain")
        + (exchange.ask.wantsUsage ? " with usage" : "")
    }
    return groups.compactMap { key, exchanges in
      let bodies = exchanges.grouped { $0.received.body }
      return bodies.count == 1 ? nil : "\(bodies.count) different bodies of \(key)"
    }
  }
}

extension CacheSelection {
  /// Whether it names answers to `ask`; tags and keys are not known from outside.
  func concerns(_ ask: Ask) -> Bool {
    switch self {
    case .everything: true
    case .product(let product): ask.product == product
    case .tag, .key: false
    }
  }
}
