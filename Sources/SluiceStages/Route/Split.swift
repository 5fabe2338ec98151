import SluiceExpressions
package import SluicePolicy

/// Shares of targets, chosen by a stable hash so that one key always gets the same share.
package struct Split: Sendable {
  private let shares: [TargetSettings.Share]

  /// - Parameter shares: their millionths add up to a million, which the policy's check assured.
  package init(_ shares: [TargetSettings.Share]) {
    precondition(shares.reduce(0) { $0 + $1.millionths } == 1_000_000, "shares add up to a whole")
    self.shares = shares
  }

  /// The target of a key: the same one for as long as the shares stay what they are.
  package func target(of key: String) -> TargetIndex {
    target(at: Int(StableHash.bucket(key, of: 1_000_000, seed: 0)))
  }

  /// The target of a place among a million.
  package func target(at bucket: Int) -> TargetIndex {
    var remaining = bucket
    for share in shares {
      if remaining < share.millionths { return share.target }
      remaining -= share.millionths
    }
    preconditionFailure("a bucket lies below a million")
  }
}
