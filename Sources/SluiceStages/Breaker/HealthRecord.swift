package import SluicePolicy

/// What the checks of one upstream have found.
///
/// Pure. It takes so many results in a row to change its mind; until the first it is healthy, so
/// that a start refuses nobody.
package struct HealthRecord: Sendable, Equatable {
  package private(set) var isHealthy = true
  /// Results in a row that say otherwise.
  private var dissent = 0

  package init() {}

  /// Takes in a result.
  ///
  /// - Returns: whether it changed its mind.
  package mutating func note(
    success: Bool,
    under settings: UpstreamSettings.HealthCheck
  ) -> Bool {
    guard success != isHealthy else {
      dissent = 0
      return false
    }
    dissent += 1
    guard dissent >= (isHealthy ? settings.unhealthyThreshold : settings.healthyThreshold) else {
      return false
    }
    isHealthy.toggle()
    dissent = 0
    return true
  }

  /// Checks that must succeed until it is healthy again; 0 if it is.
  package func missing(under settings: UpstreamSettings.HealthCheck) -> Int {
    isHealthy ? 0 : settings.healthyThreshold - dissent
  }
}
