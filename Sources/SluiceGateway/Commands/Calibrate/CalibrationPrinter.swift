import SluiceCore
import SluiceJSON
import SluiceLanguage
import SluicePolicy

/// What `sluice calibrate` found for one product.
struct Calibration: Sendable {
  var evidence: SemanticEvidence
  var maxWrong: Double
  /// Judgements of the product, accepted or not.
  var judged: Int

  var reading: SemanticEvidence.Reading { evidence.reading(for: maxWrong) }

  /// The bar that it picks.
  var picked: SemanticEvidence.Point? {
    if case .supports(let point) = reading { point } else { nil }
  }

  /// Why it picks none.
  var refusal: String? {
    let share = WrongShare.text(maxWrong)
    let product = evidence.product
    switch reading {
    case .supports: return nil
    case .tooThin(let accepted):
      let needed = (0...2).map { SemanticEvidence.needed(wrong: $0, for: maxWrong) }
      return
        "a bound of \(share) needs \(needed[0]) accepted pairs with none wrong, \(needed[1]) with"
        + " 1, \(needed[2]) with 2; product \(product) has \(accepted)"
    case .exceeded(let point):
      return "product \(product) keeps to \(share) at no bar: at \(text(point.bar)), where its"
        + " pairs first suffice, \(point.wrong) of \(point.accepted) are wrong, which bounds the"
        + " share at \(WrongShare.text(point.upperBound))"
    }
  }

  /// `0.90`.
  func text(_ bar: Double) -> String {
    let hundredths = Int((bar * 100).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }
}

/// Prints calibrations: for people, for programs, and as a file of evidence.
struct CalibrationPrinter {
  let calibrations: [Calibration]

  // MARK: for people

  func table(hasColor: Bool) -> String {
    calibrations.map { table($0, hasColor) }.joined(separator: "\n")
  }

  private func table(_ calibration: Calibration, _ hasColor: Bool) -> String {
    let picked = calibration.picked
    let share = WrongShare.text(calibration.maxWrong)
    var text =
      "\(Self.shown(calibration.evidence.product)): \(calibration.judged) judged,"
      + " \(share) wrong at most\n"
    let points = calibration.evidence.points
    if !points.isEmpty {
      text += Columns(
        ["bar", "accepted", "wrong", "bound", ""],
        points.map { point in
          [
            calibration.text(point.bar), "\(point.accepted)", "\(point.wrong)",
            WrongShare.text(point.upperBound), point == picked ? "<- lowest that keeps to it" : "",
          ]
        },
        numbersFrom: 0
      )
      .text(hasColor) { row in
        if !row[4].isEmpty { return 32 }
        // Bars below the picked one are those that it was not.
        guard let bar = Double(row[0]) else { return nil }
        return bar < picked?.bar ?? 0 ? 2 : nil
      }
    }
    return text
  }

  /// A name of a file, in one line that steers no terminal.
  private static func shown(_ name: String) -> String {
    String(
      String.UnicodeScalarView(
        name.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }
      )
    )
  }

  // MARK: for programs

  func json(_ encoder: Digest) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("encoder", encoder.hex)
    writer.member("rule", SemanticEvidence.rule)
    writer.key("products")
    writer.beginArray()
    for calibration in calibrations {
      writer.beginObject()
      writer.member("product", calibration.evidence.product)
      writer.member("judged", calibration.judged)
      writer.key("max_wrong")
      writer.double(calibration.maxWrong)
      writer.key("bar")
      if let picked = calibration.picked { writer.double(picked.bar) } else { writer.null() }
      writer.key("refusal")
      if let refusal = calibration.refusal { writer.string(refusal) } else { writer.null() }
      writer.key("points")
      writer.beginArray()
      for point in calibration.evidence.points {
        writer.beginObject()
        writer.key("bar")
        writer.double(point.bar)
        writer.member("accepted", point.accepted)
        writer.member("wrong", point.wrong)
        writer.key("bound")
        writer.double(point.upperBound)
        writer.endObject()
      }
      writer.endArray()
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self) + "\n"
  }

  // MARK: as a file of evidence

  /// What was picked for, below `head`.
  func yaml(head: String) -> String {
    var text = "\(head)sluice-evidence: v1\nproducts:\n"
    for calibration in calibrations where calibration.picked != nil {
      let evidence = calibration.evidence
      text += "  \(PlainScalar.text(evidence.product)):\n"
      text += "    encoder: \"\(evidence.encoder.hex)\"\n"
      text += "    rule: \(evidence.rule)\n"
      text += "    measured: \(evidence.measured)\n"
      text += "    source: \(evidence.source.rawValue)\n"
      text += "    points:\n"
      for point in evidence.points {
        text += "      - { bar: \(calibration.text(point.bar)), accepted: \(point.accepted)"
        text += ", wrong: \(point.wrong) }\n"
      }
    }
    return text
  }
}
