import SluiceCompiler
import SluiceLanguage
import SluicePolicy

/// A policy that was served, and what it takes to serve it again.
struct PolicyVersion: Sendable {
  var policy: Policy
  var hash: String
  var findings: Findings
  var bundle: Bundle
  var upstreams: [UpstreamPlan]
}

/// The policies that were served, oldest first; the last is the one that is.
///
/// Pure. Beyond its bound the oldest is forgotten.
struct PolicyHistory<Version: Sendable>: Sendable {
  private let bound: Int
  private var versions: [Version] = []

  init(bound: Int) { self.bound = bound }

  var current: Version? { versions.last }
  /// What a roll-back leads to.
  var previous: Version? { versions.dropLast().last }
  var count: Int { versions.count }

  mutating func add(_ version: Version) {
    versions.append(version)
    if versions.count > bound { versions.removeFirst() }
  }

  /// Forgets the current policy, so that the next roll-back leads further back.
  ///
  /// `version` is the previous one, as it is served now.
  mutating func goBack(to version: Version) {
    versions.removeLast(2)
    versions.append(version)
  }
}
