import SluiceCompiler
import SluiceCore
package import SluiceLanguage
import SluicePolicy
import SluiceReactor

/// `sluice cost`: what a policy permits to be spent at most.
package struct CostCommand: Sendable {
  package enum Format: String, Sendable, CaseIterable { case table, json }

  package var path: String
  package var format = Format.table
  /// How the table looks on standard output.
  package var style = FindingsStyle()
  /// How findings look on standard error.
  package var findingsStyle = FindingsStyle()
  /// The day whose prices count, as `2026-01-31`; `nil`: today.
  package var day: String?
  /// Answers that a request asks for.
  package var choices = 1

  package init(path: String) { self.path = path }

  /// Compiles and computes, which blocks.
  package func run() -> CommandAnswer {
    do throws(IOFailure) {
      // A loop that never runs is a clock.
      return run(at: try EventLoop().now)
    } catch {
      return CommandAnswer(Refusal("the process gets no descriptor: \(error)"))
    }
  }

  func run(at moment: Moment) -> CommandAnswer {
    if let refusal = BundlePath.objection(to: [path]) { return CommandAnswer(refusal) }
    let (today, _) = moment.wall.flooredDivision(by: Self.nanosecondsOfADay)
    var date = CivilDate(day: today)
    if let day {
      guard let given = CivilDate(day) else {
        return CommandAnswer(
          Refusal("`\(day)` is no day; write it like `2026-01-31`", status: .usage)
        )
      }
      date = given
    }
    guard (1...Bounds.choices).contains(choices) else {
      return CommandAnswer(
        Refusal("`--choices` takes 1 to \(Bounds.choices); got \(choices)", status: .usage)
      )
    }
    let (bundle, found) = BundleReader.load(paths: [path])
    let compiled = Compiler.compile(bundle, after: found)
    guard let policy = compiled.policy else {
      return CommandAnswer(
        notes: compiled.findings.rendered(as: .human, of: compiled.bundle, style: findingsStyle),
        status: .errors
      )
    }
    let bounds = CostBounds(
      policy,
      atWall: date.daysSince1970 * Self.nanosecondsOfADay,
      choices: choices
    )
    let printer = CostPrinter(bounds, of: path, on: date, choices: choices)
    return CommandAnswer(
      output: format == .json ? printer.json : printer.table(hasColor: style.hasColor)
    )
  }

  private static let nanosecondsOfADay: Int64 = 86_400_000_000_000
}
