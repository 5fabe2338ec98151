import SluiceReactor

/// Where a bundle is said to be.
enum BundlePath {
  /// Why there can be no bundle: nothing stands at one of `paths`, which is a mistake in the command
  /// line rather than in a policy.
  static func objection(to paths: [String]) -> Refusal? {
    guard let path = paths.first(where: { Files.kind(of: $0) == .nothing }) else { return nil }
    return Refusal("`\(path)` does not exist; name a folder of policy files, or one file")
  }
}
