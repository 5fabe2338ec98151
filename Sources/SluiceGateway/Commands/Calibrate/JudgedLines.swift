import SluiceCore
import SluiceJSON
import SluicePolicy

/// Two questions, and whether a person says that they have one answer.
struct JudgedPair: Sendable {
  var product: String
  /// The one whose answer would be kept.
  var kept: String
  var asked: String
  var isSame: Bool
}

/// A hit whose answer was compared with a fresh one.
struct JudgedHit: Sendable {
  var product: String
  var score: Double
  var isSame: Bool
}

/// Reads files of judgements: a line of JSON for each.
struct JudgedLines {
  /// Lines without a `product` are of this one.
  var product: String?

  /// `{"product": "support", "a": "…", "b": "…", "same": true}`, a line each; `label`, 0 or 1, does
  /// for `same`, and what else a line has is passed over.
  func pairs(_ bytes: [UInt8]) throws(Refusal) -> [JudgedPair] {
    try lines(bytes)
      .map { line throws(Refusal) in
        JudgedPair(
          product: try product(of: line),
          kept: try text("a", of: line),
          asked: try text("b", of: line),
          isSame: try isSame(line)
        )
      }
  }

  /// `{"product": "support", "score": 0.91, "same": true}`, a line each; one that names an `encoder` or
  /// a `rule` that is not this one is left out.
  func hits(
    _ bytes: [UInt8],
    of encoder: Digest
  ) throws(Refusal) -> (hits: [JudgedHit], foreign: Int) {
    var hits: [JudgedHit] = []
    var foreign = 0
    for line in try lines(bytes) {
      let document = line.document
      let rule = document.member("rule", of: document.root).map { document.int($0) }
      let own = document.member("encoder", of: document.root).map { document.string($0) }
      guard rule ?? Int64(SemanticEvidence.rule) == Int64(SemanticEvidence.rule),
        own ?? encoder.hex == encoder.hex
      else {
        foreign += 1
        continue
      }
      guard
        let score = document.member("score", of: document.root).flatMap({ document.double($0) }),
        (-1...2).contains(score)
      else { throw line.refusal("`score` must be a number, such as 0.91") }
      hits.append(
        JudgedHit(product: try product(of: line), score: score, isSame: try isSame(line))
      )
    }
    return (hits, foreign)
  }

  private struct Line {
    var number: Int
    var document: JSONDocument

    func refusal(_ words: String) -> Refusal {
      Refusal("line \(number): \(words)", status: .errors)
    }
  }

  private func lines(_ bytes: [UInt8]) throws(Refusal) -> [Line] {
    var lines: [Line] = []
    let texts = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, text) in texts.enumerated() where text.contains(where: { $0 > 0x20 }) {
      guard lines.count < Bounds.judgedPairs else {
        throw Refusal("more than \(Bounds.judgedPairs) lines", status: .errors)
      }
      do throws(JSONError) {
        lines.append(Line(number: index + 1, document: try JSONDocument(Array(text))))
      } catch {
        throw Refusal("line \(index + 1) is no JSON: \(error)", status: .errors)
      }
    }
    return lines
  }

  private func product(of line: Line) throws(Refusal) -> String {
    let document = line.document
    if let value = document.member("product", of: document.root) {
      guard let name = document.string(value) else { throw line.refusal("`product` is no text") }
      return name
    }
    guard let product else {
      throw line.refusal("it names no `product`; say whose all such lines are with --product NAME")
    }
    return product
  }

  private func text(_ key: String, of line: Line) throws(Refusal) -> String {
    let document = line.document
    guard let text = document.member(key, of: document.root).flatMap({ document.string($0) }) else {
      throw line.refusal("`\(key)` must be the text of a question")
    }
    return text
  }

  private func isSame(_ line: Line) throws(Refusal) -> Bool {
    let document = line.document
    if let value = document.member("same", of: document.root), let same = document.bool(value) {
      return same
    }
    switch document.member("label", of: document.root).flatMap({ document.int($0) }) {
    case 0: return false
    case 1: return true
    default: throw line.refusal("`same` must be true or false")
    }
  }
}
