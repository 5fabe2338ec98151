import SluiceCore
import SluicePipeline
import SluiceStages
import SluiceStores

/// What is compared.
enum Strategy {
  /// The same text only.
  case exact
  /// The nearest, from a fixed cosine on.
  case cosine(Float)
  /// The rule of the study that this one started from.
  case study(bar: Float)
  /// Sluice's; `hasAnswers`: fresh and kept answers are compared.
  case ours(Verifier.Rule, hasAnswers: Bool)
}

/// Requests, exact repeats, semantic hits, and those of them that are wrong.
struct Tally {
  var requests = 0
  var exact = 0
  var hits = 0
  var wrong = 0

  static func += (left: inout Tally, right: Tally) {
    left.requests += right.requests
    left.exact += right.exact
    left.hits += right.hits
    left.wrong += right.wrong
  }
}

/// Sends a stream through a cache that begins empty.
///
/// There are no answers in the data. Where they are compared, whether two agree is simulated from the
/// groups: with noise, yes in 80 % of the pairs of one group and in 5 % of others, a pair once. A
/// fiftieth of the hits is compared too, as a shadow would.
struct Replay {
  private let strategy: Strategy
  private var random: SplitMix
  private var texts: Set<String> = []
  private var products: [String: Product] = [:]

  private struct Product {
    var table = VectorTable(dimension: 384, capacity: .max)
    var groups: [UInt64: String] = [:]
    var evidence = Evidence()
    var traffic = WordCounts()
    var study = StudyRule()
  }

  private static let context = Digest(of: [])
  private static let moment = Moment(monotonic: 0, wall: 0)

  init(_ strategy: Strategy, seed: UInt64) {
    self.strategy = strategy
    random = SplitMix(state: seed)
  }

  mutating func run(_ stream: some Sequence<Asked>) -> [String: Tally] {
    var tallies: [String: Tally] = [:]
    for asked in stream { ask(asked, &tallies[asked.product, default: Tally()]) }
    return tallies
  }

  private mutating func ask(_ asked: Asked, _ tally: inout Tally) {
    tally.requests += 1
    let key = "\(asked.product)\n\(asked.text)"
    var product = products.removeValue(forKey: asked.product) ?? Product()
    defer { products[asked.product] = product }
    product.traffic.add(asked.meaning.words.map(\.text))
    if texts.contains(key) {
      tally.exact += 1
      return
    }
    if case .exact = strategy {
    } else if let served = serve(asked, &product) {
      tally.hits += 1
      if product.groups[served] != asked.group { tally.wrong += 1 }
      return
    }
    texts.insert(key)
    keep(asked, &product)
  }

  /// The question whose answer is given.
  private mutating func serve(_ asked: Asked, _ product: inout Product) -> UInt64? {
    let near = compared(asked, &product)
    switch strategy {
    case .exact: return nil
    case .cosine(let bar):
      return near.same.first.flatMap { $0.cosine >= bar ? $0.id : nil }
    case .study(let bar):
      guard let first = near.same.first, first.cosine >= 0.72 else { return nil }
      let score = StudyRule.score(asked.meaning, near)
      if score >= bar, product.study.chanceRight(score) >= 0.94 { return first.id }
      product.study.observe(score, agrees: agree(asked.group, product.groups[first.id]))
      return nil
    case .ours(let rule, let hasAnswers):
      let verdict = Verifier(rule)
        .judge(
          asked.meaning,
          asked.facts,
          near,
          evidence: hasAnswers ? product.evidence : nil,
          traffic: product.traffic
        )
      switch verdict {
      case .hit(let judgement):
        if hasAnswers, random.unit() < 0.02 { learn(judgement, asked, &product) }
        return judgement.neighbour
      case .miss(_, let judgement):
        if hasAnswers, let judgement { learn(judgement, asked, &product) }
        return nil
      }
    }
  }

  /// The neighbours of a question; where answers are compared, those of the nearest with the others',
  /// each pair when it is first needed.
  private mutating func compared(_ asked: Asked, _ product: inout Product) -> Neighbours {
    func nearest() -> Neighbours {
      product.table.nearest(
        to: asked.meaning.vector,
        with: facts(of: asked),
        in: Self.context,
        count: 3,
        at: Self.moment
      )
    }
    let near = nearest()
    switch strategy {
    case .exact, .cosine, .ours(_, hasAnswers: false): return near
    case .study, .ours: break
    }
    guard let first = near.same.first else { return near }
    let unknown = near.same.dropFirst().filter { first.agreements[$0.id] == nil }
    for other in unknown {
      let agrees = agree(product.groups[first.id] ?? "", product.groups[other.id])
      product.table.note(agrees, first.id, other.id)
    }
    return unknown.isEmpty ? near : nearest()
  }

  private mutating func learn(
    _ judgement: Verifier.Judgement,
    _ asked: Asked,
    _ product: inout Product
  ) {
    product.evidence.observe(
      judgement,
      agrees: agree(asked.group, product.groups[judgement.neighbour])
    )
  }

  /// Keeps a question with its answer, which is compared with those of its neighbours.
  private mutating func keep(_ asked: Asked, _ product: inout Product) {
    let facts = facts(of: asked)
    var near: [Neighbour] = []
    switch strategy {
    case .exact, .cosine, .ours(_, hasAnswers: false): break
    case .study, .ours:
      near =
        product.table
        .nearest(
          to: asked.meaning.vector,
          with: facts,
          in: Self.context,
          count: Bounds.knownAgreements,
          at: Self.moment
        )
        .same
    }
    let id = product.table.insert(
      KeptQuestion(
        words: KeptWords(asked.meaning.words),
        facts: facts,
        language: asked.facts.language?.rawValue ?? 0,
        answer: Self.context,
        expiresAt: .max
      ),
      meaning: asked.meaning.vector,
      in: Self.context,
      at: Self.moment
    )
    for neighbour in near {
      product.table.note(agree(asked.group, product.groups[neighbour.id]), id, neighbour.id)
    }
    product.groups[id] = asked.group
  }

  private func facts(of asked: Asked) -> FactDigests {
    switch strategy {
    case .exact, .cosine: return FactDigests()
    case .study:
      var facts = FactDigests()
      let all = asked.facts.digests
      facts[.numbers] = all[.numbers]
      facts[.negation] = all[.negation]
      return facts
    case .ours: return asked.facts.digests
    }
  }

  private mutating func agree(_ one: String, _ other: String?) -> Bool {
    random.unit() < (one == other ? 0.8 : 0.05)
  }
}

/// The study's rule: one guess a product, agreeing neighbours add to the score.
///
/// Small words, which it gives a tenth of a weight, are left out here.
struct StudyRule {
  private var evidence = Evidence()

  static func score(_ meaning: Meaning, _ near: Neighbours) -> Float {
    guard let first = near.same.first else { return 0 }
    let comparison = Comparison(meaning.words, first.question.words.words)
    let support = near.same.dropFirst().prefix(2).count { first.agreements[$0.id] == true }
    return first.cosine - 0.10 * comparison.gap - 0.01 * comparison.unmatched
      + 0.04 * Float(support)
  }

  func chanceRight(_ score: Float) -> Double { evidence.chanceRight(Self.judgement(score)) }

  mutating func observe(_ score: Float, agrees: Bool) {
    evidence.observe(Self.judgement(score), agrees: agrees)
  }

  private static func judgement(_ score: Float) -> Verifier.Judgement {
    Verifier.Judgement(neighbour: 0, cosine: 0, score: score, support: 0)
  }
}

/// A small generator, the same everywhere.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func unit() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }
}
