import SluiceCore
import SluicePipeline
import SluiceTestSupport
import Testing

@testable import SluiceStores

@Suite("Questions in the cache's journal")
struct QuestionJournalTests {
  private static let dimension = 40
  private static let encoder = Digest.of("encoder")
  private let context = Digest.of("context")

  private func vector(_ random: inout SplitMix) -> [Float] {
    let floats = (0..<Self.dimension)
      .map { _ in Float(Int64(random.next() >> 40) - 1 << 23) }
    let length = floats.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return floats.map { $0 / length }
  }

  private func question(_ answer: String, at moment: Moment) -> KeptQuestion {
    var facts = FactDigests()
    facts[.numbers] = 7
    facts[.script] = .max
    return KeptQuestion(
      words: KeptWords([
        Meaning.Word(text: "größe", rarity: 0.5, signs: [1, .max]),
        Meaning.Word(text: "reset", rarity: 1, signs: [0, 3]),
      ]),
      facts: facts,
      language: 9,
      answer: .of(answer),
      expiresAt: moment.wall + 1_000 * CacheBench.second
    )
  }

  private func index(_ bench: CacheBench, encoder: Digest = encoder) -> EmbeddedVectorIndex {
    EmbeddedVectorIndex(
      of: encoder,
      dimension: Self.dimension,
      journal: bench.journal,
      at: bench.now
    )
  }

  private func nearest(
    _ index: EmbeddedVectorIndex,
    to vector: [Float],
    at moment: Moment
  )
    -> [Neighbour]
  {
    index.nearest(
      to: vector,
      with: question("", at: moment).facts,
      in: context,
      count: 9,
      at: moment
    )
    .same
  }

  @Test("come back with vector, words, facts, agreements and names", arguments: [false, true])
  func survives(isCompacted: Bool) throws {
    var random = SplitMix(seed: 5)
    let bench = CacheBench()
    let before = index(bench)
    let vectors = (0..<5).map { _ in vector(&random) }
    var ids: [UInt64] = []
    for (number, vector) in vectors.enumerated() {
      bench.store("\(number)")
      ids.append(
        before.insert(
          question("\(number)", at: bench.now),
          meaning: vector,
          in: context,
          at: bench.now
        )
      )
    }
    before.note(true, ids[0], ids[1])
    before.note(false, ids[0], ids[2])
    bench.pass(seconds: 1)
    if isCompacted { bench.journal.compact() }
    let next = bench.restarted()
    #expect(next.journal.recovery.questions == 5)
    let after = index(next)
    #expect(after.count == 5)
    for vector in vectors {
      let was = nearest(before, to: vector, at: next.now)
      let found = nearest(after, to: vector, at: next.now)
      #expect(found.map(\.id) == was.map(\.id))
      #expect(found.map(\.cosine) == was.map(\.cosine))
      #expect(found.map(\.question) == was.map(\.question))
      #expect(found.map(\.agreements) == was.map(\.agreements))
    }
    // Names go on where they ended.
    let new = after.insert(
      question("0", at: next.now),
      meaning: vectors[0],
      in: context,
      at: next.now
    )
    #expect(!ids.contains(new))
    after.note(true, new, ids[1])
    next.pass(seconds: 1)
    let last = index(next.restarted())
    #expect(last.count == 6)
    let neighbour = nearest(last, to: vectors[1], at: next.now).first { $0.id == ids[1] }
    #expect(neighbour?.agreements == [ids[0]: true, new: true])
  }

  @Test("of another encoder are dropped, their answers stay")
  func otherEncoder() {
    var random = SplitMix(seed: 6)
    let bench = CacheBench()
    let before = index(bench)
    bench.store("a")
    _ = before.insert(
      question("a", at: bench.now),
      meaning: vector(&random),
      in: context,
      at: bench.now
    )
    bench.pass(seconds: 1)
    let next = bench.restarted()
    let other = index(next, encoder: .of("other"))
    #expect(other.count == 0)
    #expect(next.body("a") == "body of a")
    next.journal.compact()
    #expect(index(next.restarted()).count == 0)
  }

  @Test("whose answer is gone, by time or by order, are dropped")
  func withoutAnswer() throws {
    var random = SplitMix(seed: 7)
    let bench = CacheBench()
    let before = index(bench)
    for name in ["expired", "forgotten", "kept", "never"] {
      if name != "never" {
        bench.store(name, product: name, ttl: name == "expired" ? 5 : 1_000)
      }
      _ = before.insert(
        question(name, at: bench.now),
        meaning: vector(&random),
        in: context,
        at: bench.now
      )
    }
    try bench.forget(.product("forgotten"))
    let next = bench.restarted(after: 6)
    #expect(next.journal.recovery.questions == 1)
    #expect(next.journal.recovery.expired == 1)
    let after = index(next)
    #expect(
      nearest(after, to: vector(&random), at: next.now).map(\.question.answer) == [.of("kept")]
    )
  }
}
