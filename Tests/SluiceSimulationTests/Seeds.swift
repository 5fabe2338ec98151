import Foundation
import SluiceSimulation
import Testing

/// Which seeds a test runs over.
///
/// `SLUICE_SEEDS=5000` runs more of them, `SLUICE_SEED=17` one alone.
enum Seeds {
  static func some(_ usual: Int) -> [UInt64] {
    if let one = setting("SLUICE_SEED") { return [one] }
    let count = setting("SLUICE_SEEDS") ?? UInt64(usual)
    return Array(0..<count)
  }

  /// Whether one run is looked at, so that its steps are worth printing.
  static var isReplay: Bool { setting("SLUICE_SEED") != nil }

  private static func setting(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
  }
}

/// Fails the test with what does not hold, the seed, and how to see it again.
func expect(
  _ history: History,
  keeps invariants: [any Invariant],
  test: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let violations = history.run.violations(of: invariants)
  guard !violations.isEmpty else { return }
  let world = history.world
  var text = "seed \(world.seed) breaks \(violations.count) times:\n"
  text += violations.prefix(10).joined(separator: "\n")
  text += "\nreplay: SLUICE_SEED=\(world.seed) swift test --filter \(test)"
  if world.trace.keepsLines { text += "\n" + world.trace.lines.joined(separator: "\n") }
  Issue.record(Comment(rawValue: text), sourceLocation: sourceLocation)
}
