import SluiceCore
import SluicePolicy

extension Binder {
  /// What files of evidence say, for products that the policy declares.
  func bindEvidence() -> [Declared<SemanticEvidence>] {
    sections.evidence.entries.compactMap { entry in
      guard
        reference(entry.name, at: entry.keySpan, to: .products) != nil,
        let fields = fields(
          of: entry.value,
          Schema.evidence,
          key: entry.name,
          owner: "evidence of product `\(entry.name)`",
          at: entry.keySpan
        )
      else { return nil }
      let encoder = required("encoder", fields).flatMap(fingerprint)
      let rule = required("rule", fields, example: "rule: \(SemanticEvidence.rule)")
        .flatMap { quantity($0, .count, in: 1..., "at least 1") }
      let measured = required("measured", fields, example: "measured: 2026-01-31").flatMap(date)
      let source = required("source", fields, example: "source: pairs")
        .flatMap { choice($0, SemanticEvidence.Source.self) }
      let points = required("points", fields).flatMap { self.points($0, of: entry.name) }
      guard let encoder, let rule, let measured, let source, let points else { return nil }
      return Declared(
        nameSpan: entry.keySpan,
        node: entry.value,
        settings: SemanticEvidence(
          product: entry.name,
          encoder: encoder,
          rule: rule,
          measured: measured,
          source: source,
          points: points,
          place: place(of: entry.keySpan)
        )
      )
    }
  }

  /// The product with the score that its hits need: by the share of wrong ones that it allows, and the
  /// evidence for it; the strict one where there is none.
  func withBar(
    _ product: Declared<ProductSettings>,
    by evidence: [Declared<SemanticEvidence>]
  ) -> Declared<ProductSettings> {
    guard let semantic = product.settings.cache?.semantic, semantic.maxWrong != nil else {
      return product
    }
    var product = product
    var least = ProductSettings.Semantic.strictBar
    if case .supports(let point) = support(for: product.settings, by: evidence)?.reading {
      least = point.bar
    }
    product.settings.cache?.semantic?.bar = max(least, semantic.threshold ?? 0)
    return product
  }

  /// What evidence says about the hits of a product; nil without any, or any that counts.
  func support(for product: ProductSettings, in draft: Draft) -> SemanticSupport? {
    support(for: product, by: draft.evidence)
  }

  private func support(
    for product: ProductSettings,
    by evidence: [Declared<SemanticEvidence>]
  ) -> SemanticSupport? {
    guard let semantic = product.cache?.semantic,
      let evidence = evidence.first(where: { $0.settings.product == product.name }),
      objection(to: evidence.settings, for: semantic) == nil
    else { return nil }
    let maxWrong = semantic.maxWrong ?? SemanticEvidence.usualMaxWrong
    return SemanticSupport(
      evidence: evidence,
      maxWrong: maxWrong,
      reading: evidence.settings.reading(for: maxWrong)
    )
  }

  /// Why evidence says nothing about the hits of a product as it is now.
  func objection(
    to evidence: SemanticEvidence,
    for semantic: ProductSettings.Semantic
  ) -> EvidenceObjection? {
    if evidence.rule != SemanticEvidence.rule { return .otherRule }
    // Another embedder's fingerprint is not known before it is asked.
    if semantic.embedder == nil, let encoder = surroundings.encoder, encoder != evidence.encoder {
      return .otherEncoder
    }
    return nil
  }

  private func fingerprint(_ entry: YAMLEntry) -> Digest? {
    guard let scalar = scalar(entry, expected: "64 hexadecimal digits") else { return nil }
    if let digest = Digest(hex: scalar.text) { return digest }
    report(
      .wrongType(
        entry.name,
        expected: "64 hexadecimal digits",
        got: "`\(Wording.short(scalar.text))`",
        at: scalar.span
      )
    )
    return nil
  }

  /// The counts, strictest bar first; none may take away what a stricter one counts.
  private func points(_ entry: YAMLEntry, of product: String) -> [SemanticEvidence.Point]? {
    let example = "points: [{ bar: 0.95, accepted: 299, wrong: 0 }]"
    guard let items = list(entry, of: "counts", example: example) else { return nil }
    var seen: [Double: SourceSpan] = [:]
    let read = items.compactMap { item -> (point: SemanticEvidence.Point, span: SourceSpan)? in
      guard
        let fields = fields(
          of: item,
          Schema.evidencePoint,
          key: entry.name,
          owner: "a point of product `\(product)`",
          at: item.useSpan.beginning
        )
      else { return nil }
      let bar = required("bar", fields, example: "bar: 0.95")
        .flatMap { quantity($0, .ratio, in: 0...1, "from 0 to 1") }
      let counts = ["accepted", "wrong"]
        .map { key in
          required(key, fields, example: "\(key): 0")
            .flatMap {
              quantity($0, .count, in: 0...Bounds.judgedPairs, "at most \(Bounds.judgedPairs)")
            }
        }
      guard let bar, let accepted = counts[0], let wrong = counts[1] else { return nil }
      let span = fields["bar"]?.valueSpan ?? item.useSpan
      if let first = seen.updateValue(span, forKey: bar) {
        report(.duplicateName("bar", "\(bar)", at: span, first: first))
        return nil
      }
      return (SemanticEvidence.Point(bar: bar, accepted: accepted, wrong: wrong), span)
    }
    guard read.count == items.count else { return nil }
    let sorted = read.sorted { $0.point.bar > $1.point.bar }
    var isPossible = true
    var last = SemanticEvidence.Point(bar: 1, accepted: 0, wrong: 0)
    for (point, span) in sorted {
      let reason: String? =
        if point.wrong > point.accepted {
          "\(point.wrong) wrong of \(point.accepted) accepted"
        } else if point.accepted < last.accepted || point.wrong < last.wrong {
          "bar \(last.bar) is stricter and counts more"
        } else if point.accepted - last.accepted < point.wrong - last.wrong {
          "more wrong than accepted since bar \(last.bar)"
        } else {
          nil
        }
      if let reason {
        report(.evidenceImpossible(product, bar: point.bar, reason: reason, at: span))
        isPossible = false
      }
      last = point
    }
    return isPossible ? sorted.map(\.point) : nil
  }
}

/// What evidence says about the hits of one product.
struct SemanticSupport {
  var evidence: Declared<SemanticEvidence>
  /// What the policy allows, or the usual.
  var maxWrong: Double
  var reading: SemanticEvidence.Reading
}

enum EvidenceObjection {
  case otherRule
  case otherEncoder
}
