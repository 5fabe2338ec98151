import SluiceCore
import SluiceJSON
import SluicePipeline
import SluiceReactor
import SluiceSemantics
import SluiceStages

/// Which pairs are taken for one question: those of pairs.jsonl, and edits made here.
///
/// Each pair is judged alone, with no answers and no traffic. Also what a judgement costs.
struct PairReport {
  private struct Pair {
    var kind: String
    var isSame: Bool
    var one: String
    var other: String
  }

  private let encoder: SentenceEncoder
  private let pairs: [Pair]

  init(_ folder: String, by encoder: SentenceEncoder) throws {
    self.encoder = encoder
    var pairs: [Pair] = []
    let path = "\(folder)/pairs.jsonl"
    if Files.kind(of: path) == .other {
      for line in try Files.read(path, maximumBytes: 1 << 28).split(separator: UInt8(ascii: "\n")) {
        let document = try JSONDocument(Array(line))
        func field(_ name: String) throws -> String {
          guard
            let value = document.member(name, of: document.root).flatMap({ document.string($0) })
          else { throw BadData(why: "a line of pairs.jsonl has no \(name)") }
          return value
        }
        let label = document.member("label", of: document.root).flatMap { document.int($0) }
        pairs.append(
          Pair(
            kind: "\(try field("source")): \(try field("kind"))",
            isSame: label == 1,
            one: try field("a"),
            other: try field("b")
          )
        )
      }
    }
    self.pairs = pairs + Self.edits
  }

  func text() throws -> String {
    var lines = ["Taken for one question, in % of the pairs: cosine 0.95, cosine 0.90, ours", ""]
    var counts: [String: (isSame: Bool, all: Int, taken: [Int])] = [:]
    var examples: [String] = []
    var (judgements, time) = (Int64(0), Int64(0))
    for pair in pairs {
      let (one, other) = (try meaning(pair.one), try meaning(pair.other))
      let cosine = zip(one.vector, other.vector).reduce(Float(0)) { $0 + $1.0 * $1.1 }
      let facts = (QuestionFacts(pair.one), QuestionFacts(pair.other))
      let kept = Neighbour(
        id: 1,
        cosine: cosine,
        question: KeptQuestion(
          words: KeptWords(other.words),
          facts: facts.1.digests,
          language: facts.1.language?.rawValue ?? 0,
          answer: Digest(of: []),
          expiresAt: .max
        ),
        agreements: [:]
      )
      let isEqual = facts.0.digests == facts.1.digests
      let neighbours = Neighbours(same: isEqual ? [kept] : [], other: isEqual ? nil : kept)
      func judge() -> Verifier.Verdict {
        Verifier().judge(one, facts.0, neighbours, evidence: nil, traffic: WordCounts())
      }
      let verdict = judge()
      if isEqual, cosine >= Verifier.Rule().floor {
        let start = ThisProcess.processorNanoseconds
        for _ in 0..<20 { _ = judge() }
        time += ThisProcess.processorNanoseconds - start
        judgements += 20
      }
      var isHit = false
      if case .hit = verdict { isHit = true }
      var count = counts[pair.kind] ?? (pair.isSame, 0, [0, 0, 0])
      count.all += 1
      for (place, isTaken) in [cosine >= 0.95, cosine >= 0.90, isHit].enumerated() where isTaken {
        count.taken[place] += 1
      }
      counts[pair.kind] = count
      if pair.kind == Self.three {
        examples.append("  \(pair.one) | \(pair.other): cosine \(cosine), \(verdict.words)")
      }
    }
    for isSame in [true, false] {
      lines.append(isSame ? "of one meaning:" : "of two meanings:")
      for (kind, count) in counts.sorted(by: { $0.key < $1.key }) where count.isSame == isSame {
        let shares = count.taken.map { "\(($0 * 100 + count.all / 2) / count.all)" }
        lines.append("  \(kind) (\(count.all)): \(shares.joined(separator: ", "))")
      }
    }
    lines += examples
    lines.append("a judgement takes \(time / max(1, judgements) / 10 * 10) ns of processor time")
    return lines.joined(separator: "\n") + "\n"
  }

  private func meaning(_ text: String) throws -> Meaning {
    try encoder.meaning(of: encoder.tokenizer.encode(text, upTo: encoder.tokenLimit).ids)
  }

  // MARK: Edits

  private static let three = "reset, forgot, change"

  private static let edits: [Pair] = {
    let triple = [
      "How do I reset my password?", "I forgot my password", "How do I change my password?",
    ]
    var pairs = [(0, 1), (0, 2), (1, 2)]
      .map { Pair(kind: three, isSame: false, one: triple[$0], other: triple[$1]) }
    func everyTwo(_ kind: String, _ frames: [String], _ words: [String]) {
      for frame in frames {
        for (index, one) in words.enumerated() {
          for other in words[(index + 1)...] {
            let parts = frame.split(separator: "_", omittingEmptySubsequences: false)
            pairs.append(
              Pair(
                kind: kind,
                isSame: false,
                one: parts.joined(separator: one),
                other: parts.joined(separator: other)
              )
            )
          }
        }
      }
    }
    everyTwo(
      "edit: entity",
      ["Do you deliver to _?", "Is there a branch in _?", "What time is it in _?"],
      ["London", "Berlin", "Tokyo", "Toronto", "Chicago", "Madrid"]
    )
    everyTwo(
      "edit: entity",
      ["How do I cancel my _ subscription?", "Why is _ not working?"],
      ["Netflix", "Spotify", "Amazon", "Google", "Uber", "Slack"]
    )
    everyTwo(
      "edit: action",
      ["How do I _ my password?", "I want to _ my order"],
      ["reset", "change", "delete", "verify", "cancel", "print", "share", "find"]
    )
    everyTwo(
      "edit: question word",
      ["_ did the war end?", "_ did my payment fail?", "_ did the train stop?"],
      ["Why", "When", "How", "Who"]
    )
    let opposites = [
      ("charge", "refund"), ("rent", "own"), ("advantages", "disadvantages"), ("legal", "illegal"),
      ("approve", "reject"), ("oldest", "newest"), ("largest", "smallest"), ("melt", "freeze"),
      ("employer", "employee"), ("buyer", "seller"), ("cause", "prevent"), ("before", "after"),
    ]
    for (one, other) in opposites {
      for frame in ["What is the _ here?", "How can I _ it on my phone?", "Should I _ this week?"] {
        let parts = frame.split(separator: "_", omittingEmptySubsequences: false)
        pairs.append(
          Pair(
            kind: "edit: opposite",
            isSame: false,
            one: parts.joined(separator: one),
            other: parts.joined(separator: other)
          )
        )
      }
    }
    return pairs
  }()
}

extension Verifier.Verdict {
  fileprivate var words: String {
    switch self {
    case .hit(let judgement): "hit with \(judgement.score)"
    case .miss(let objection, let judgement):
      "miss for \(objection)\(judgement.map { ", score \($0.score)" } ?? "")"
    }
  }
}
