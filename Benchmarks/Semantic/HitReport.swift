import SluiceCore
import SluiceStages

/// Hits and wrong hits of every strategy, by source, over the file's order and two shuffles.
struct HitReport {
  private let asked: [Asked]
  private let orders: [[Int]]
  private let sources: [String]

  /// What ships, with and without answers to compare.
  private static let bars: [Float] = [0.81, 0.83, 0.85, 0.87, 0.89, 0.91]
  /// Sources whose licence allows evaluation only: never used to pick anything.
  private static let readOnly: Set<String> = ["qqp"]
  /// The wrong share, in what is picked on, that a bar may have.
  private static let target = 0.005

  init(_ asked: [Asked]) {
    self.asked = asked
    let file = Array(asked.indices)
    orders =
      [file]
      + ([1, 2] as [UInt64])
      .map { seed in
        var random = SplitMix(state: seed)
        return file.shuffled(using: &random)
      }
    sources = Set(asked.map(\.source)).sorted()
  }

  func text() -> String {
    var lines: [String] = []
    let exact = tallies(.exact)
    let all = total(exact, sources)
    lines.append("\(asked.count) requests; exact repeats \(percent(all.exact, all.requests))")
    lines.append(
      "Semantic hits are beyond exact repeats, in % of requests; then the share of them that is wrong,"
    )
    lines.append(
      "with its two-sided 95 % interval by Clopper and Pearson. Means of three orders, each as large as"
    )
    lines.append(
      "the stream: counts are divided by three before the interval is taken. Answers are simulated:"
    )
    lines.append(
      "comparisons say yes in 80 % of pairs that agree, and in 5 % of those that do not."
    )
    lines.append("")
    let ours = Verifier.Rule()
    for (name, strategy) in [
      ("cosine 0.95", .cosine(0.95)), ("cosine 0.90", .cosine(0.90)),
      ("the study's rule, bar 0.88", .study(bar: 0.88)),
      ("ours, answers not compared", .ours(ours, hasAnswers: false)),
      ("ours", .ours(ours, hasAnswers: true)),
    ] as [(String, Strategy)] {
      lines.append(contentsOf: line(name, tallies(strategy)))
    }
    lines.append("")
    lines.append("File order only:")
    for (name, strategy) in [
      ("cosine 0.95", .cosine(0.95)),
      ("ours, answers not compared", .ours(ours, hasAnswers: false)),
      ("ours", .ours(ours, hasAnswers: true)),
    ] as [(String, Strategy)] {
      lines.append(contentsOf: line(name, tallies(strategy, in: [orders[0]])))
    }
    lines.append("")
    lines.append(
      "Held out: the lowest bar with \(percent(Self.target)) wrong or less on some, read on others."
    )
    for mode in Mode.allCases { lines += heldOut(mode) }
    return lines.joined(separator: "\n") + "\n"
  }

  // MARK: Held out

  /// What compared answers are good for.
  private enum Mode: String, CaseIterable {
    case none = "answers not compared, as a threshold is served"
    case objection = "answers compared, which may object, as a share is served"
    case support = "answers compared, which may object, and count for a hit where neighbours agree"
  }

  private func heldOut(_ mode: Mode) -> [String] {
    var lines: [String] = []
    let runs = Self.bars.map { bar in
      var rule = Verifier.Rule()
      rule.bar = bar
      if mode != .support { rule.supportWeight = 0 }
      return (bar: bar, tallies: tallies(.ours(rule, hasAnswers: mode != .none)))
    }
    lines.append("  \(mode.rawValue)")
    for run in runs {
      lines.append(contentsOf: line("  bar \(run.bar)", run.tallies))
    }
    let products = Set(asked.map(\.product)).sorted()
    let allowed = products.filter { product in
      !asked.contains { $0.product == product && Self.readOnly.contains($0.source) }
    }
    let base = tallies(.cosine(0.95))
    for held in [products.filter { !allowed.contains($0) }] + allowed.map({ [$0] }) {
      let picked = allowed.filter { !held.contains($0) }
      guard !held.isEmpty, !picked.isEmpty else { continue }
      let best = runs.first { run in
        let tally = sum(run.tallies, picked)
        return Double(tally.wrong) <= Self.target * Double(tally.hits)
      }
      guard let best else {
        lines.append("  read on \(held.joined(separator: ", ")): no bar is good enough")
        continue
      }
      lines.append(
        "  picked on \(picked.joined(separator: ", ")): bar \(best.bar); read on "
          + "\(held.joined(separator: ", ")): \(figures(sum(best.tallies, held)))"
          + "; cosine 0.95 there: \(figures(sum(base, held)))"
      )
    }
    return lines
  }

  // MARK: Counting

  /// By product, over all orders.
  private func tallies(_ strategy: Strategy, in orders: [[Int]]? = nil) -> [String: Tally] {
    var all: [String: Tally] = [:]
    let orders = orders ?? self.orders
    for (index, order) in orders.enumerated() {
      var replay = Replay(strategy, seed: UInt64(7 + index))
      for (product, tally) in replay.run(order.lazy.map { asked[$0] }) {
        all[product, default: Tally()] += tally
      }
    }
    return all.mapValues { tally in
      Tally(
        requests: tally.requests / orders.count,
        exact: rounded(tally.exact, orders.count),
        hits: rounded(tally.hits, orders.count),
        wrong: rounded(tally.wrong, orders.count)
      )
    }
  }

  private func rounded(_ count: Int, _ divisor: Int) -> Int { (count + divisor / 2) / divisor }

  private func sum(_ tallies: [String: Tally], _ products: [String]) -> Tally {
    products.reduce(into: Tally()) { $0 += tallies[$1] ?? Tally() }
  }

  private func total(_ tallies: [String: Tally], _ sources: [String]) -> Tally {
    let products = Set(asked.lazy.filter { sources.contains($0.source) }.map(\.product))
    return sum(tallies, products.sorted())
  }

  // MARK: Words

  private func line(_ name: String, _ tallies: [String: Tally]) -> [String] {
    let parts =
      [("all", sources)] + sources.map { ($0, [$0]) }
    return [
      name,
      parts.map { "    \($0.0): \(figures(total(tallies, $0.1)))" }.joined(separator: "\n"),
    ]
  }

  private func figures(_ tally: Tally) -> String {
    let low = WrongShare.lowerBound(wrong: tally.wrong, of: tally.hits, confidence: 0.975)
    let high = WrongShare.upperBound(wrong: tally.wrong, of: tally.hits, confidence: 0.975)
    return "\(percent(tally.hits, tally.requests)) hits, \(tally.wrong) of \(tally.hits) wrong: "
      + "\(percent(tally.wrong, max(1, tally.hits))) (\(percent(low)) to \(percent(high)))"
  }

  private func percent(_ part: Int, _ whole: Int) -> String {
    percent(Double(part) / Double(max(1, whole)))
  }

  private func percent(_ share: Double) -> String {
    let hundredths = Int((share * 10_000).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) %"
  }
}
