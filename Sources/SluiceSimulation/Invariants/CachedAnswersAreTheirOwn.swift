internal import SluiceCore
internal import SluicePipeline

/// Whoever gets an answer that another exchange asked for may have it, and gets it as it was.
///
/// Scope, question, model, wholeness, age and invalidation, all judged by the attempt that the
/// answer names.
package struct CachedAnswersAreTheirOwn: Invariant {
  package let claim = "a cached answer is the stored one, in its scope and its time"
  private let cache: CacheRules

  package init(cache: CacheRules) { self.cache = cache }

  package func violations(in run: Run) -> [String] {
    run.exchanges.flatMap { exchange -> [String] in
      guard let number = exchange.received.attempt else { return [] }
      guard run.attempts.indices.contains(number) else { return ["no attempt \(number)"] }
      let attempt = run.attempts[number]
      guard let asker = attempt.origin else { return ["nobody asked for attempt \(number)"] }
      guard asker != exchange.number || attempt.refreshed != nil else { return [] }
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
    let key = cache.key(exchange)
    if key == nil || key != cache.key(leader) { findings.append("crosses its scope") }
    let isSame = leader.ask.question == exchange.ask.question
    if cache.meaning(leader.ask.question) != cache.meaning(exchange.ask.question) {
      findings.append("answers something else")
    }
    if leader.ask.model != exchange.ask.model { findings.append("was asked of another model") }
    if !attempt.isStorable || !cache.keeps(attempt, leader) {
      findings.append("was not fit to be kept")
    }
    let word = exchange.received.field("x-sluice-cache")
    let isStale = word == "stale"
    if !isStale, word != "semantic", word != "exact" { findings.append("is not called a hit") }
    if !isSame, word != "semantic" { findings.append("is not called semantic") }
    // It was kept no later than when the walk that asked was over. A stale one is looked up when all
    // else has failed, at the end of the exchange; any other may have been when it began.
    let age = cache.ttl(leader.ask) + (isStale ? cache.stale(leader.ask) : 0)
    let found = isStale ? exchange.walked ?? exchange.began : exchange.began
    if let stored = run.kept(attempt), found.moment.monotonic >= stored.moment.monotonic + age {
      findings.append("is older than its time")
    }
    for invalidation in run.invalidations
    where invalidation.acknowledged < found && attempt.asked < invalidation.acknowledged
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
