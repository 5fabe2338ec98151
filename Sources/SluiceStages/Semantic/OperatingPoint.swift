package import SluiceCore
package import SluicePolicy

/// The score that the hits of one product need, raised by itself when more of them are wrong than the
/// policy allows.
///
/// Pure: comparisons of kept answers with fresh ones go in, what to do about them comes out. It only
/// ever tightens; a lower bar takes a person: `reset`, or terms that say something new.
///
/// More wrong than allowed is told by a bet that loses money as long as the bound holds, whatever is
/// bet on: the likelihood of what was seen under larger shares, against that under the allowed one,
/// averaged. Its chance of ever growing twentyfold is a twentieth (Ville's inequality), so it may be
/// looked at after each comparison. It begins anew every `Bounds.shadowBlock` comparisons, so that a
/// good past does not hide a bad present, and after each change of the bar.
///
/// Whoever compares must count as wrong only what is: the judgement's own mistakes count here as wrong
/// hits.
package struct OperatingPoint: Sendable, Equatable {
  /// What the policy says of a product.
  package struct Terms: Sendable, Equatable {
    /// The score that a hit needs.
    package var bar: Double
    /// The share of hits that may be wrong; `nil`: none is named, so that nothing tightens.
    package var maxWrong: Double?
    /// Names the evidence that the bar was picked by; of none: the digest of nothing.
    package var basis: Digest

    package init(bar: Double, maxWrong: Double?, basis: Digest = Digest(of: [])) {
      self.bar = bar
      self.maxWrong = maxWrong
      self.basis = basis
    }

    package init(_ semantic: ProductSettings.Semantic, evidence: SemanticEvidence?) {
      self.init(
        bar: semantic.bar,
        maxWrong: semantic.maxWrong,
        basis: evidence?.digest ?? Digest(of: [])
      )
    }
  }

  /// That the bar was raised.
  package struct Tightening: Sendable, Equatable {
    package let from: Double
    /// `nil`: no hit is given any more.
    package let to: Double?
    /// What was seen at the old bar.
    package let estimate: Estimate
  }

  /// How often hits are wrong, of the last comparisons.
  package struct Estimate: Sendable, Equatable {
    package let wrong: Int
    package let judged: Int

    /// 0 where nothing was judged.
    package var share: Double { judged == 0 ? 0 : Double(wrong) / Double(judged) }

    /// The two-sided 95 % interval of Clopper and Pearson.
    package var interval: ClosedRange<Double> {
      let low = WrongShare.lowerBound(wrong: wrong, of: judged, confidence: 0.975)
      return low...max(low, WrongShare.upperBound(wrong: wrong, of: judged, confidence: 0.975))
    }
  }

  private static let bars = SemanticEvidence.bars

  package let terms: Terms
  /// The score that a hit needs now; `nil`: none is given.
  package private(set) var bar: Double?
  private var bet: Bet
  /// Comparisons since the bet began.
  private var current = Tally()
  /// Those of the block before.
  private var previous = Tally()

  package init(_ terms: Terms) {
    self.terms = terms
    bar = terms.bar
    bet = Bet(against: terms.maxWrong)
  }

  /// Goes on where another left off, if its terms are the same; else begins anew.
  package init(_ terms: Terms, resuming other: OperatingPoint?) {
    if let other, other.terms == terms { self = other } else { self.init(terms) }
  }

  package var isTightened: Bool { bar != terms.bar }

  package func admits(_ score: Float) -> Bool { bar.map { score >= Float($0) } ?? false }

  /// Of hits at the bar that holds; where there are none, at the declared one.
  package var estimate: Estimate {
    let (one, other) = (current.from(bar ?? terms.bar), previous.from(bar ?? terms.bar))
    return Estimate(wrong: one.wrong + other.wrong, judged: one.judged + other.judged)
  }

  /// What the last comparisons say of bars from `bar` on, as evidence would be read; for a person who
  /// wants to reset.
  package func reading(from bar: Double = 0) -> SemanticEvidence.Reading? {
    guard let maxWrong = terms.maxWrong else { return nil }
    return SemanticEvidence.reading(
      of: Self.bars.filter { $0 >= bar }
        .map {
          let (one, other) = (current.from($0), previous.from($0))
          return SemanticEvidence.Point(
            bar: $0,
            accepted: one.judged + other.judged,
            wrong: one.wrong + other.wrong
          )
        },
      for: maxWrong
    )
  }

  /// Takes a comparison of a kept answer with a fresh one, of a hit or of what would have been one.
  ///
  /// Comparisons below the bar are remembered and tighten nothing. Constant time, but for the moment
  /// of a tightening.
  /// - Returns: that the bar was raised by it, to the lowest above whose comparisons bound the share,
  ///   or to none.
  package mutating func observe(score: Float, isWrong: Bool) -> Tightening? {
    current.add(score, isWrong: isWrong)
    guard let bar, score >= Float(bar) else { return nil }
    guard bet.take(isWrong) else {
      if bet.count >= Bounds.shadowBlock { turn() }
      return nil
    }
    let seen = estimate
    let next: Double? =
      if case .supports(let point) = reading(from: bar.nextUp) { point.bar } else { nil }
    self.bar = next
    bet = Bet(against: terms.maxWrong)
    return Tightening(from: bar, to: next, estimate: seen)
  }

  /// Takes the declared bar again and forgets what was seen: a person's order.
  package mutating func reset() { self = OperatingPoint(terms) }

  /// Begins a block.
  private mutating func turn() {
    previous = current
    current = Tally()
    bet = Bet(against: terms.maxWrong)
  }

  // MARK: Bet

  /// Bets on several larger shares at once, with the same stake on each.
  private struct Bet: Sendable, Equatable {
    /// The chance of a false alarm, in a block.
    static let doubt = 0.05
    /// Of what is allowed.
    private static let multiples = [1.5, 2, 3, 5, 10, 20]

    private(set) var count = 0
    /// Of each share bet on, what a wrong and a right one multiply the stake by, in logarithms.
    private let factors: [(wrong: Double, right: Double)]
    /// Logarithms.
    private(set) var stakes: [Double]

    init(against maxWrong: Double?) {
      guard let maxWrong else {
        factors = []
        stakes = []
        return
      }
      var shares = Self.multiples.map { $0 * maxWrong }.filter { $0 < 0.95 }
      if shares.isEmpty { shares = [(1 + maxWrong) / 2] }
      factors = shares.map { share in
        (
          Logarithm.natural(share / maxWrong),
          Logarithm.natural((1 - share) / (1 - maxWrong))
        )
      }
      stakes = factors.map { _ in 0 }
    }

    init?(against maxWrong: Double?, count: Int, stakes: [Double]) {
      self.init(against: maxWrong)
      guard stakes.count == self.stakes.count else { return nil }
      self.count = count
      self.stakes = stakes
    }

    /// Whether it has grown so much that the bound must be broken.
    mutating func take(_ isWrong: Bool) -> Bool {
      count += 1
      for index in stakes.indices {
        stakes[index] += isWrong ? factors[index].wrong : factors[index].right
      }
      let mean =
        stakes.reduce(0) { $0 + Logarithm.exponential(min($1, 600)) } / Double(stakes.count)
      return !stakes.isEmpty && mean >= 1 / Self.doubt
    }

    static func == (one: Bet, other: Bet) -> Bool {
      one.count == other.count && one.stakes == other.stakes
    }
  }

  // MARK: Tally

  /// Comparisons by their score, between one bar and the next; the last place is below all.
  private struct Tally: Sendable, Equatable {
    var judged = [UInt32](repeating: 0, count: OperatingPoint.bars.count + 1)
    var wrong = [UInt32](repeating: 0, count: OperatingPoint.bars.count + 1)

    mutating func add(_ score: Float, isWrong: Bool) {
      let place = OperatingPoint.bars.firstIndex { score >= Float($0) } ?? OperatingPoint.bars.count
      guard judged[place] < .max else { return }
      judged[place] += 1
      if isWrong { wrong[place] += 1 }
    }

    /// Those at or above a bar; of one between two of the grid, from the upper one on.
    func from(_ bar: Double) -> (judged: Int, wrong: Int) {
      let end = OperatingPoint.bars.firstIndex { $0 < bar } ?? OperatingPoint.bars.count
      return (
        judged[..<end].reduce(0) { $0 + Int($1) }, wrong[..<end].reduce(0) { $0 + Int($1) }
      )
    }
  }
}

// MARK: Bytes

extension OperatingPoint {
  /// Changes with the layout of `bytes`.
  private static let layout: UInt64 = 1

  /// All of it, in some 600 bytes, for a store that outlives the process.
  package var bytes: [UInt8] {
    var words: [UInt64] = [
      Self.layout, terms.bar.bitPattern, (terms.maxWrong ?? -1).bitPattern,
      (bar ?? -1).bitPattern, UInt64(bet.count), UInt64(bet.stakes.count),
    ]
    words += bet.stakes.map(\.bitPattern)
    for tally in [current, previous] {
      words += zip(tally.judged, tally.wrong).map { UInt64($0) << 32 | UInt64($1) }
    }
    return Array(terms.basis.hex.utf8)
      + words.flatMap { word in
        (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
      }
  }

  /// Reads `bytes`; `nil` for anything else, which means to begin anew.
  package init?(bytes: [UInt8]) {
    guard bytes.count >= 64 + 6 * 8, bytes.count.isMultiple(of: 8),
      let basis = Digest(hex: String(decoding: bytes[..<64], as: UTF8.self))
    else { return nil }
    var words = stride(from: 64, to: bytes.count, by: 8)
      .map { start in (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
      }
    let stakeCount = words[5]
    let places = Self.bars.count + 1
    guard words[0] == Self.layout, stakeCount <= 16,
      words.count == 6 + Int(stakeCount) + 2 * places, words[4] <= UInt64(Bounds.shadowBlock)
    else { return nil }
    let numbers = words[1...3].map { Double(bitPattern: $0) }
    guard numbers.allSatisfy({ $0 == -1 || (0...1).contains($0) }), numbers[0] >= 0,
      numbers[1] < 1
    else { return nil }
    terms = Terms(
      bar: numbers[0],
      maxWrong: numbers[1] > 0 ? numbers[1] : nil,
      basis: basis
    )
    bar = numbers[2] >= 0 ? numbers[2] : nil
    let count = Int(words[4])
    words.removeFirst(6)
    let stakes = words.prefix(Int(stakeCount)).map { Double(bitPattern: $0) }
    guard stakes.allSatisfy(\.isFinite),
      let bet = Bet(against: terms.maxWrong, count: count, stakes: stakes)
    else { return nil }
    self.bet = bet
    words.removeFirst(Int(stakeCount))
    for (place, word) in words.enumerated() {
      let (judged, wrong) = (UInt32(word >> 32), UInt32(truncatingIfNeeded: word))
      guard wrong <= judged else { return nil }
      if place < places {
        current.judged[place] = judged
        current.wrong[place] = wrong
      } else {
        previous.judged[place - places] = judged
        previous.wrong[place - places] = wrong
      }
    }
  }
}
