import SluiceCore
import SluicePipeline
import SluiceReactor
import SluiceSemantics
import SluiceStages
import SluiceStores

/// Recall, time and memory of the index.
///
/// Recall is read on the stream's own questions, each looked up among all others, against all
/// products; time on as many vectors as are wanted, made of pairs of real ones, since the stream has
/// too few.
struct IndexReport {
  private let asked: [Asked]
  private let encoder: SentenceEncoder
  private static let context = Digest(of: [])
  private static let moment = Moment(monotonic: 0, wall: 0)

  init(_ asked: [Asked], by encoder: SentenceEncoder) {
    self.encoder = encoder
    var seen: Set<String> = []
    self.asked = asked.filter { seen.insert($0.text).inserted }
  }

  func text() throws -> String {
    var lines = [recall()]
    for count in [1_000, 10_000, 100_000, 1_000_000] { lines.append(try time(count)) }
    return lines.joined(separator: "\n") + "\n"
  }

  private func kept(_ index: Int) -> KeptQuestion {
    KeptQuestion(
      words: KeptWords(asked[index % asked.count].meaning.words),
      facts: FactDigests(),
      language: 0,
      answer: Self.context,
      expiresAt: .max
    )
  }

  private func recall() -> String {
    var table = VectorTable(dimension: 384, capacity: .max)
    var places: [UInt64: Int] = [:]
    for index in asked.indices where !index.isMultiple(of: 4) {
      let id = table.insert(
        kept(index),
        meaning: asked[index].meaning.vector,
        in: Self.context,
        at: Self.moment
      )
      places[id] = index
    }
    var (found, first, all) = (0, 0, 0)
    for index in asked.indices where index.isMultiple(of: 4) {
      let query = asked[index].meaning.vector
      let rows = VectorKernels.floats(query)
      let exact = asked.indices.filter { !$0.isMultiple(of: 4) }
        .map { other in
          (
            VectorKernels.product(
              rows.span,
              VectorKernels.floats(asked[other].meaning.vector).span,
              from: 0
            ), other
          )
        }
        .sorted { $0 > $1 }.prefix(10).map(\.1)
      let near = table.nearest(
        to: query,
        with: FactDigests(),
        in: Self.context,
        count: 10,
        at: Self.moment
      )
      let ids = near.same.compactMap { places[$0.id] }
      if ids.first == exact.first { first += 1 }
      found += Set(ids).intersection(exact).count
      all += 10
    }
    return "recall among \(places.count) real questions: nearest \(share(first * 10, all)), "
      + "ten nearest \(share(found, all))"
  }

  private func time(_ count: Int) throws -> String {
    let before = try ThisProcess.residentBytes()
    var table = VectorTable(dimension: 384, capacity: .max)
    var random = SplitMix(state: 5)
    for index in 0..<count {
      _ = table.insert(
        kept(index),
        meaning: mixed(index, &random),
        in: Self.context,
        at: Self.moment
      )
    }
    let resident = try ThisProcess.residentBytes() - before
    var times: [Int64] = []
    for _ in 0..<(count > 100_000 ? 200 : 1_000) {
      let query = asked[Int(random.next() % UInt64(asked.count))].meaning
      let start = ThisProcess.processorNanoseconds
      let near = table.nearest(
        to: query.vector,
        with: FactDigests(),
        in: Self.context,
        count: 3,
        at: Self.moment
      )
      guard near.same.count == 3 else { throw BadData(why: "a look-up found too few") }
      times.append(ThisProcess.processorNanoseconds - start)
    }
    times.sort()
    let p50 = times[times.count / 2]
    let p99 = times[times.count * 99 / 100]
    return "\(count) questions: look-up p50 \(p50 / 1_000) µs, p99 \(p99 / 1_000) µs; "
      + "\(try hit(&table, &random)); "
      + "\(resident / count) bytes each resident, \(table.bytes / count) counted"
  }

  /// The time of all that a semantic hit takes beyond an exact one: facts and meaning of the question,
  /// look-up, judgement.
  private func hit(_ table: inout VectorTable, _ random: inout SplitMix) throws -> String {
    let verifier = Verifier(Verifier.Rule(bar: 0.5))
    var times: [Int64] = []
    var hits = 0
    for _ in 0..<200 {
      let question = asked[Int(random.next() % UInt64(asked.count))]
      let start = ThisProcess.processorNanoseconds
      let facts = QuestionFacts(question.text)
      let ids = encoder.tokenizer.encode(question.text, upTo: encoder.tokenLimit).ids
      let meaning = try encoder.meaning(of: ids)
      let near = table.nearest(
        to: meaning.vector,
        with: FactDigests(),
        in: Self.context,
        count: verifier.neighbours,
        at: Self.moment
      )
      let verdict = verifier.judge(meaning, facts, near, evidence: nil, traffic: WordCounts())
      times.append(ThisProcess.processorNanoseconds - start)
      if case .hit = verdict { hits += 1 }
    }
    guard hits > 0 else { throw BadData(why: "no look-up was a hit") }
    times.sort()
    return "whole hit p50 \(times[100] / 1_000) µs, p99 \(times[198] / 1_000) µs"
  }

  /// Between two real vectors, nearer to one: as crowded as real ones, and more of them.
  private func mixed(_ index: Int, _ random: inout SplitMix) -> [Float] {
    let one = asked[index % asked.count].meaning.vector
    guard index >= asked.count else { return one }
    let other = asked[Int(random.next() % UInt64(asked.count))].meaning.vector
    let share = Float(0.2 + 0.3 * random.unit())
    let sum = zip(one, other).map { $0 + share * $1 }
    let length = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return sum.map { $0 / length }
  }

  private func share(_ part: Int, _ whole: Int) -> String {
    let tenths = part * 1_000 / max(1, whole)
    return "\(tenths / 10).\(tenths % 10) %"
  }
}
