import SluiceCore
import SluicePipeline
import SluiceTestSupport
import Testing

@testable import SluiceStores

@Suite("Vector table")
struct VectorTableTests {
  private static let dimension = 40
  private let contexts = (0..<3).map { Digest(of: [$0]) }

  private func vector(_ random: inout SplitMix) -> [Float] {
    let floats = (0..<Self.dimension)
      .map { _ in Float(Int64(random.next() >> 40) - 1 << 23) }
    let length = floats.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return floats.map { $0 / length }
  }

  private func question(_ facts: UInt32 = 0, expiresAt: Int64 = .max) -> KeptQuestion {
    var digests = FactDigests()
    digests[.numbers] = facts
    return KeptQuestion(
      words: KeptWords([]),
      facts: digests,
      language: 0,
      answer: Digest(of: []),
      expiresAt: expiresAt
    )
  }

  private func moment(_ wall: Int64) -> Moment { Moment(monotonic: wall, wall: wall) }

  /// What a table should hold, kept the simple way.
  private struct Model {
    var id: UInt64
    var vector: [Float]
    var question: KeptQuestion
    var context: Digest
  }

  @Test("finds what a search through all finds, through insertions, removals and expiry")
  func bruteForce() {
    var random = SplitMix(seed: 11)
    var table = VectorTable(dimension: Self.dimension, capacity: .max)
    var model: [Model] = []
    for step in 0..<600 {
      let now = moment(Int64(step))
      if random.next() % 5 == 0, !model.isEmpty {
        let removed = model.remove(at: Int(random.next() % UInt64(model.count)))
        table.remove(removed.id)
      } else {
        let vector = vector(&random)
        let question = question(
          UInt32(random.next() % 2),
          expiresAt: Int64(step) + Int64(random.next() % 400)
        )
        let context = contexts[Int(random.next() % 3)]
        let id = table.insert(question, meaning: vector, in: context, at: now)
        model.append(Model(id: id, vector: vector, question: question, context: context))
      }
      let query = vector(&random)
      let context = contexts[Int(random.next() % 3)]
      let facts = question(1).facts
      let alive = model.filter { $0.context == context && $0.question.expiresAt > Int64(step) }
      let expected = alive.filter { $0.question.facts == facts }
        .map { (zip(query, $0.vector).reduce(Float(0)) { $0 + $1.0 * $1.1 }, $0.id) }
        .sorted { $0.0 > $1.0 }.prefix(3)
      let found = table.nearest(to: query, with: facts, in: context, count: 3, at: now)
      #expect(found.same.count == expected.count)
      // Bytes for floats: near ones may change places.
      for (neighbour, best) in zip(found.same, expected) {
        #expect(abs(neighbour.cosine - best.0) < 0.02)
      }
      let ids = Set(alive.map(\.id))
      #expect(found.same.allSatisfy { ids.contains($0.id) && $0.question.facts == facts })
      if let other = found.other {
        #expect(ids.contains(other.id) && other.question.facts != facts)
      }
    }
    #expect(table.count < model.count + 1)
    for one in model { table.remove(one.id) }
    #expect(table.count == 0)
    #expect(table.bytes == 0)
  }

  @Test("keeps to its bytes; the one stored or served longest ago goes first")
  func eviction() {
    var random = SplitMix(seed: 2)
    let size = VectorTable.size(of: question(), dimension: Self.dimension)
    var table = VectorTable(dimension: Self.dimension, capacity: size * 3)
    let ids = (0..<3)
      .map { _ in
        table.insert(question(), meaning: vector(&random), in: contexts[0], at: moment(0))
      }
    table.touch(ids[0])
    let last = table.insert(question(), meaning: vector(&random), in: contexts[1], at: moment(0))
    #expect(table.count == 3)
    #expect(table.evictions == 1)
    let facts = question().facts
    let query = vector(&random)
    let rest = table.nearest(to: query, with: facts, in: contexts[0], count: 9, at: moment(0))
    #expect(Set(rest.same.map(\.id)) == [ids[0], ids[2]])
    let other = table.nearest(to: query, with: facts, in: contexts[1], count: 9, at: moment(0))
    #expect(other.same.map(\.id) == [last])
  }

  @Test("what has expired goes as others come, without a sweep")
  func expiry() {
    var random = SplitMix(seed: 3)
    var table = VectorTable(dimension: Self.dimension, capacity: .max)
    for _ in 0..<50 {
      let question = question(expiresAt: 10)
      _ = table.insert(question, meaning: vector(&random), in: contexts[0], at: moment(0))
    }
    for _ in 0..<60 {
      _ = table.insert(question(), meaning: vector(&random), in: contexts[0], at: moment(10))
    }
    #expect(table.count < 85)
  }

  @Test("agreements are remembered on both sides, a few each")
  func agreements() {
    var random = SplitMix(seed: 4)
    var table = VectorTable(dimension: Self.dimension, capacity: .max)
    let query = vector(&random)
    let ids = (0..<12)
      .map { _ in
        table.insert(question(), meaning: vector(&random), in: contexts[0], at: moment(0))
      }
    for id in ids.dropFirst() { table.note(id == ids[11], ids[0], id) }
    let near = table.nearest(
      to: query,
      with: question().facts,
      in: contexts[0],
      count: 12,
      at: moment(0)
    )
    let first = near.same.first { $0.id == ids[0] }
    #expect(first?.agreements.count == Bounds.knownAgreements)
    #expect(first?.agreements[ids[11]] == true)
    #expect(near.same.first { $0.id == ids[11] }?.agreements == [ids[0]: true])
  }

  @Test("words come back as they were kept, and a question of most words takes less than 2 KiB")
  func words() {
    let words = (0..<Bounds.comparedWords)
      .map { index in
        Meaning.Word(
          text: "wörter\(index)",
          rarity: Float(index) / 255,
          signs: Array(repeating: UInt64(index), count: 6)
        )
      }
    let kept = KeptWords(words)
    #expect(kept.words == words)
    let question = KeptQuestion(
      words: kept,
      facts: FactDigests(),
      language: 0,
      answer: Digest(of: []),
      expiresAt: .max
    )
    #expect(VectorTable.size(of: question, dimension: 384) <= 2_048)
    let long = Meaning.Word(text: String(repeating: "ö", count: 41), rarity: 1, signs: [0])
    #expect(KeptWords([long]).words[0].text == String(repeating: "ö", count: 20))
  }
}
