package import SluiceCore

/// How often hits of the semantic cache were wrong for one product, as it was measured.
///
/// Counts only: what they bound is computed where it is asked for, so that no file can claim more
/// than it counted.
package struct SemanticEvidence: Sendable, Equatable {
  /// What was judged.
  package enum Source: String, Sendable, CaseIterable {
    /// Pairs of questions that people labelled.
    case pairs
    /// Hits whose answers were compared with fresh ones.
    case shadow
  }

  /// What a bar accepted, and how much of it was wrong.
  package struct Point: Sendable, Equatable {
    /// The score that a hit needs, from 0 to 1.
    package var bar: Double
    package var accepted: Int
    package var wrong: Int

    package init(bar: Double, accepted: Int, wrong: Int) {
      self.bar = bar
      self.accepted = accepted
      self.wrong = wrong
    }

    /// The share of wrong hits that the counts do not exclude: one-sided, Clopper and Pearson.
    package var upperBound: Double {
      WrongShare.upperBound(
        wrong: wrong,
        of: accepted,
        confidence: SemanticEvidence.confidence
      )
    }

    /// Whether that bound is at most `share`.
    func isBounded(by share: Double) -> Bool {
      SemanticEvidence.isBounded(by: share, wrong: wrong, of: accepted)
    }
  }

  /// What counts say about a share of wrong hits that may not be exceeded.
  package enum Reading: Sendable, Equatable {
    /// The lowest bar that keeps to it.
    case supports(Point)
    /// Even with none wrong so few accepted pairs bound nothing; the most that a bar accepted.
    case tooThin(accepted: Int)
    /// Where the test begins, more is wrong than that.
    case exceeded(Point)
  }

  /// How sure a bound is.
  package static let confidence = 0.95

  /// The share that is meant where a policy names none.
  package static let usualMaxWrong = 0.01

  /// The bars that are tried, strictest first.
  package static let bars = (70...99).reversed().map { Double($0) / 100 }

  /// Names the rule that decides hits: counts of another rule say nothing about this one.
  ///
  /// To be raised by whoever changes what the verifier lets through.
  package static let rule = 1

  package var product: String
  /// Names encoder and tokenizer; of vectors of another the scores are other ones.
  package var encoder: Digest
  package var rule: Int
  package var measured: CivilDate
  package var source: Source
  /// Strictest first; each accepts all that the one before it does.
  package var points: [Point]
  package var place: SourcePlace

  package init(
    product: String,
    encoder: Digest,
    rule: Int = SemanticEvidence.rule,
    measured: CivilDate,
    source: Source,
    points: [Point],
    place: SourcePlace = .builtIn
  ) {
    self.product = product
    self.encoder = encoder
    self.rule = rule
    self.measured = measured
    self.source = source
    self.points = points
    self.place = place
  }

  /// The lowest bar that keeps to `maxWrong`, with the confidence of 95 % for the choice as a whole.
  ///
  /// Bars are tested in a fixed sequence, from strict to loose, each at the full level; the first that
  /// fails ends it, and the one before it is taken. So of all the looks only one can mislead: that at
  /// the strictest bar that is not good enough (Maurer, Hothorn and Lehmacher 1995). It takes for
  /// granted that a stricter bar is wrong no more often.
  ///
  /// Where the sequence begins is told from what was accepted, never from what was wrong: at the
  /// strictest bar that accepts enough for two wrong ones, if that is no more than half of all; else
  /// for one, or for none.
  package func reading(for maxWrong: Double) -> Reading {
    Self.reading(of: points, for: maxWrong)
  }

  /// The same of counts that stand in no file; `points` strictest first.
  package static func reading(of points: [Point], for maxWrong: Double) -> Reading {
    let most = points.last?.accepted ?? 0
    guard let start = start(in: points, for: maxWrong) else { return .tooThin(accepted: most) }
    let passed = points[start...].prefix { $0.isBounded(by: maxWrong) }
    return passed.last.map(Reading.supports) ?? .exceeded(points[start])
  }

  private static func start(in points: [Point], for maxWrong: Double) -> Int? {
    let half = (points.last?.accepted ?? 0) / 2
    for wrong in [2, 1, 0] {
      func isEnough(_ accepted: Int) -> Bool {
        accepted > wrong && isBounded(by: maxWrong, wrong: wrong, of: accepted)
      }
      guard wrong == 0 || isEnough(half) else { continue }
      return points.firstIndex { isEnough($0.accepted) }
    }
    return nil
  }

  private static func isBounded(by share: Double, wrong: Int, of accepted: Int) -> Bool {
    WrongShare.isBounded(by: share, wrong: wrong, of: accepted, confidence: confidence)
  }

  /// How many accepted pairs, `wrong` of them wrong, keep to a share.
  package static func needed(wrong: Int, for maxWrong: Double) -> Int {
    WrongShare.needed(wrong: wrong, for: maxWrong, confidence: confidence)
  }

  /// Names what was measured: the same for equal counts of one day, encoder and rule.
  package var digest: Digest {
    var text = "\(product)\n\(encoder.hex) \(rule) \(measured) \(source.rawValue)\n"
    for point in points { text += "\(point.bar) \(point.accepted) \(point.wrong)\n" }
    return Digest(of: Array(text.utf8))
  }
}
