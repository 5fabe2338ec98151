import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceSemantics
import SluiceStages
import SluiceStores

/// Lets the gateway's own rule judge pairs of questions: one is kept, the other asked.
///
/// The index, the facts and the verifier are those of the running cache, so that what is counted is
/// what would be served.
struct PairJudge {
  /// What was judged, and what the semantic cache would never have been asked.
  struct Result: Sendable {
    var counts: [String: BarCounts] = [:]
    /// Pairs that stand there again; they count once, as wrong if ever called so.
    var repeated = 0
    /// Equal texts, which the exact cache answers.
    var exact = 0
    /// Texts without a word, or too long to be compared.
    var incomparable = 0
  }

  private let encoder: SentenceEncoder
  private let progress: @Sendable (_ done: Int, _ all: Int) -> Void
  /// For each bar, strictest first.
  private let verifiers: [Verifier]

  init(_ encoder: SentenceEncoder, progress: @escaping @Sendable (Int, Int) -> Void) {
    self.encoder = encoder
    self.progress = progress
    verifiers = SemanticEvidence.bars.map { Verifier(Verifier.Rule(bar: $0)) }
  }

  private struct Texts: Hashable {
    var product: String
    var kept: String
    var asked: String
  }

  /// Embeds every text once and judges every pair, which takes milliseconds a text.
  func judge(_ pairs: [JudgedPair]) throws(Refusal) -> Result {
    var result = Result()
    var labels: [Texts: Bool] = [:]
    var order: [Texts] = []
    for pair in pairs {
      guard pair.kept != pair.asked else {
        result.exact += 1
        continue
      }
      let texts = Texts(product: pair.product, kept: pair.kept, asked: pair.asked)
      let turned = Texts(product: pair.product, kept: pair.asked, asked: pair.kept)
      let known = labels[turned] == nil ? texts : turned
      if let same = labels[known] {
        result.repeated += 1
        labels[known] = same && pair.isSame
      } else {
        labels[texts] = pair.isSame
        order.append(texts)
      }
    }
    let meanings = try meanings(of: order)
    var traffic: [String: WordCounts] = [:]
    var counted: Set<[String]> = []
    for texts in order {
      for text in [texts.kept, texts.asked] where counted.insert([texts.product, text]).inserted {
        guard let meaning = meanings[text] else { continue }
        traffic[texts.product, default: WordCounts()].add(meaning.words.map(\.text))
      }
    }
    for texts in order {
      guard let kept = meanings[texts.kept], let asked = meanings[texts.asked] else {
        result.incomparable += 1
        continue
      }
      result.counts[texts.product, default: BarCounts()]
        .add(
          from: strictestBar(
            texts,
            kept,
            asked,
            traffic[texts.product] ?? WordCounts()
          ),
          isSame: labels[texts] ?? false
        )
    }
    return result
  }

  /// Those of the texts that the cache compares.
  private func meanings(of order: [Texts]) throws(Refusal) -> [String: Meaning] {
    let texts = Set(order.flatMap { [$0.kept, $0.asked] })
    var meanings: [String: Meaning] = [:]
    for (index, text) in texts.enumerated() {
      progress(index, texts.count)
      guard text.utf8.count <= Bounds.questionBytes,
        text.contains(where: { $0.isLetter || $0.isNumber })
      else { continue }
      let (ids, isCut) = encoder.tokenizer.encode(text, upTo: encoder.tokenLimit)
      guard !isCut else { continue }
      do throws(EmbeddingFailure) {
        meanings[text] = try encoder.meaning(of: ids)
      } catch {
        throw Refusal("a text cannot be embedded: \(error)")
      }
    }
    progress(texts.count, texts.count)
    return meanings
  }

  /// The place of the strictest bar at which the kept answer is given; `nil` if it never is.
  private func strictestBar(
    _ texts: Texts,
    _ kept: Meaning,
    _ asked: Meaning,
    _ traffic: WordCounts
  ) -> Int? {
    let context = Digest(of: [])
    let moment = Moment(monotonic: 0, wall: 0)
    var table = VectorTable(dimension: encoder.dimension, capacity: .max)
    let keptFacts = QuestionFacts(texts.kept)
    _ = table.insert(
      KeptQuestion(
        words: KeptWords(kept.words),
        facts: keptFacts.digests,
        language: keptFacts.language?.rawValue ?? 0,
        answer: context,
        expiresAt: .max
      ),
      meaning: kept.vector,
      in: context,
      at: moment
    )
    let facts = QuestionFacts(texts.asked)
    let near = table.nearest(
      to: asked.vector,
      with: facts.digests,
      in: context,
      count: Verifier().neighbours,
      at: moment
    )
    func isHit(_ verifier: Verifier) -> Bool {
      let verdict = verifier.judge(asked, facts, near, evidence: nil, traffic: traffic)
      if case .hit = verdict { return true }
      return false
    }
    // What a bar accepts, every looser one does: the place is found by halving.
    guard let loosest = verifiers.last, isHit(loosest) else { return nil }
    var (low, high) = (0, verifiers.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if isHit(verifiers[middle]) { high = middle } else { low = middle + 1 }
    }
    return high
  }
}
