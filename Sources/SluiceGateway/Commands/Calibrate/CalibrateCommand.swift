import SluiceCompiler
import SluiceCore
package import SluiceLanguage
import SluicePolicy
import SluiceReactor
import SluiceSemantics

/// `sluice calibrate`: which score keeps a product's wrong hits below a share.
package struct CalibrateCommand: Sendable {
  /// What was judged, each by the path of its file, `-` for standard input.
  package enum Judged: Sendable {
    case pairs(String)
    case shadow(String)
  }

  package enum Format: String, Sendable, CaseIterable { case human, json }

  package var judged: Judged
  /// Whose products and shares count; `nil`: those of the file, and the usual.
  package var bundle: String?
  /// Only these; empty: all.
  package var products: [String] = []
  /// A share like `1%`; `nil`: what the bundle says.
  package var maxWrong: String?
  /// Where the file of evidence is written.
  package var output: String?
  /// The folder of an encoder; `nil` for the one that set-up makes.
  package var encoder: String?
  package var format = Format.human
  package var style = FindingsStyle()
  /// How findings about the bundle look on standard error.
  package var findingsStyle = FindingsStyle()
  package var environment: [String: String]
  /// Is told how many of all texts are embedded.
  package var progress: @Sendable (_ done: Int, _ all: Int) -> Void = { _, _ in }

  package init(_ judged: Judged, environment: [String: String]) {
    self.judged = judged
    self.environment = environment
  }

  /// Reads, embeds and counts, which blocks.
  package func run() -> CommandAnswer {
    do throws(IOFailure) {
      // A loop that never runs is a clock.
      return run(on: CivilDate(ofWall: try EventLoop().now.wall))
    } catch {
      return CommandAnswer(Refusal("the process gets no descriptor: \(error)"))
    }
  }

  func run(on today: CivilDate) -> CommandAnswer {
    do throws(Refusal) {
      let share = try maxWrong.map { text throws(Refusal) in
        guard let share = Ratio.share(text), share > 0, share < 1 else {
          throw Refusal("`--max-wrong` takes a share like 1%; got `\(text)`", status: .usage)
        }
        return share
      }
      var declared: [ProductSettings]?
      if let bundle {
        if let refusal = BundlePath.objection(to: [bundle]) { throw refusal }
        let (files, found) = BundleReader.load(paths: [bundle])
        let compiled = Compiler.compile(files, after: found)
        guard let policy = compiled.policy else {
          return CommandAnswer(
            notes: compiled.findings
              .rendered(as: .human, of: compiled.bundle, style: findingsStyle),
            status: .errors
          )
        }
        declared = policy.products
      }
      return try answer(share, declared, on: today)
    } catch {
      return CommandAnswer(error)
    }
  }

  private func answer(
    _ share: Double?,
    _ declared: [ProductSettings]?,
    on today: CivilDate
  ) throws(Refusal) -> CommandAnswer {
    let path =
      switch judged {
      case .pairs(let path), .shadow(let path): path
      }
    let bytes = try Terminal.read(path, maximumBytes: Bounds.judgedBytes)
    let encoder: SentenceEncoder
    do throws(SentenceEncoderError) {
      encoder = try SentenceEncoders.of(environment: environment).encoder(at: self.encoder)
    } catch {
      throw Refusal("\(error)")
    }
    var (counts, notes) = try count(bytes, encoder)
    for product in products where counts[product] == nil { counts[product] = BarCounts() }
    var calibrations: [Calibration] = []
    for (product, counts) in counts.sorted(by: { $0.key < $1.key })
    where products.isEmpty || products.contains(product) {
      let settings = declared?.first { $0.name == product }
      guard declared == nil || settings?.cache?.semantic != nil else {
        notes.append("`\(product)` is left out: the bundle has no such product with `semantic`")
        continue
      }
      if let settings, settings.cache?.semantic?.embedder != nil, case .pairs = judged {
        throw Refusal(
          "`\(product)` has an embedder of its own; measure it by --shadow",
          status: .errors
        )
      }
      calibrations.append(
        Calibration(
          evidence: SemanticEvidence(
            product: product,
            encoder: encoder.fingerprint,
            measured: today,
            source: source,
            points: counts.points
          ),
          maxWrong: share ?? settings?.cache?.semantic?.maxWrong
            ?? SemanticEvidence.usualMaxWrong,
          judged: counts.judged
        )
      )
    }
    guard !calibrations.isEmpty else {
      throw Refusal("there is nothing judged to count", status: .errors)
    }
    return try answer(calibrations, notes, encoder.fingerprint, head: head(path, bytes))
  }

  private var source: SemanticEvidence.Source {
    switch judged {
    case .pairs: .pairs
    case .shadow: .shadow
    }
  }

  /// By product; and what was left out.
  private func count(
    _ bytes: [UInt8],
    _ encoder: SentenceEncoder
  ) throws(Refusal) -> (counts: [String: BarCounts], notes: [String]) {
    let lines = JudgedLines(product: products.count == 1 ? products[0] : nil)
    switch judged {
    case .pairs:
      let pairs = try lines.pairs(bytes)
        .filter { products.isEmpty || products.contains($0.product) }
      let result = try PairJudge(encoder, progress: progress).judge(pairs)
      let left = [
        (result.repeated, "stand there again"),
        (result.exact, "are equal texts, which hit exactly"),
        (result.incomparable, "have a text that is never compared"),
      ]
      return (
        result.counts,
        left.filter { $0.0 > 0 }.map { "\($0.0) of \(pairs.count) pairs \($0.1)" }
      )
    case .shadow:
      let (hits, foreign) = try lines.hits(bytes, of: encoder.fingerprint)
      var counts: [String: BarCounts] = [:]
      for hit in hits {
        counts[hit.product, default: BarCounts()]
          .add(
            from: SemanticEvidence.bars.firstIndex { hit.score >= $0 },
            isSame: hit.isSame
          )
      }
      return (
        counts, foreign == 0 ? [] : ["\(foreign) hits are of another encoder or rule: left out"]
      )
    }
  }

  private func answer(
    _ calibrations: [Calibration],
    _ notes: [String],
    _ encoder: Digest,
    head: String
  ) throws(Refusal) -> CommandAnswer {
    let printer = CalibrationPrinter(calibrations: calibrations)
    let refusals = calibrations.compactMap(\.refusal)
    var answer = CommandAnswer(
      output: format == .json ? printer.json(encoder) : printer.table(hasColor: style.hasColor),
      notes: (notes + refusals.map { "refused: \($0)" }).map { "\($0)\n" }.joined(),
      status: refusals.isEmpty ? .success : .errors
    )
    guard let output else { return answer }
    guard refusals.count < calibrations.count else {
      answer.notes += "nothing was written to \(output)\n"
      return answer
    }
    do throws(IOFailure) {
      try Files.writeAtomically(Array(printer.yaml(head: head).utf8), to: output, mode: 0o644)
    } catch {
      throw Refusal("`\(output)` cannot be written: \(error)")
    }
    answer.notes += "evidence for \(calibrations.count - refusals.count) of \(calibrations.count)"
    answer.notes += " product\(calibrations.count == 1 ? "" : "s") in \(output)\n"
    return answer
  }

  /// The comment above the file of evidence.
  private func head(_ path: String, _ bytes: [UInt8]) -> String {
    let name = path == "-" ? "standard input" : String(path.split(separator: "/").last ?? "")
    let shown = name.filter { $0.isASCII && !$0.isNewline && ($0 as Character) >= " " }
    return """
      # Counted by `sluice calibrate` from
      # \(shown), SHA-256 \(Digest(of: bytes).hex)

      """
  }
}

extension CivilDate {
  /// The day, in UTC, of a time in nanoseconds since 1970.
  init(ofWall wall: Int64) {
    self.init(day: wall.flooredDivision(by: 86_400_000_000_000).quotient)
  }
}
