package import SluiceCore
internal import SluiceDialects
package import SluicePipeline

/// What settled within one hour for one attribution on one basis.
package struct SpendKey: Hashable, Sendable {
  /// Seconds since 1970 of the hour's beginning.
  package var hour: Int64
  package var attribution: Attribution
  package var basis: Settlement.Basis

  package init(hour: Int64, attribution: Attribution, basis: Settlement.Basis) {
    self.hour = hour
    self.attribution = attribution
    self.basis = basis
  }
}

/// Sums over settlements.
package struct SpendTotals: Sendable, Equatable {
  /// Attempts that settled; one that a client sees as one request may have several.
  package var requests: Int64 = 0
  package var prompt: Int64 = 0
  /// Part of `prompt`.
  package var cached: Int64 = 0
  package var completion: Int64 = 0
  /// Part of `completion`.
  package var reasoning: Int64 = 0
  package var cost = NanoDollars.zero

  package init() {}

  package static func += (left: inout Self, right: Self) {
    left.requests += right.requests
    left.prompt += right.prompt
    left.cached += right.cached
    left.completion += right.completion
    left.reasoning += right.reasoning
    left.cost += right.cost
  }
}

/// The settlements of one segment of the journal, summed up.
///
/// A segment names all that its settlements speak of, so it needs no other.
struct SpendTally {
  static let hour: Int64 = 3_600

  private(set) var totals: [SpendKey: SpendTotals] = [:]

  /// Sums up a segment as far as it is whole.
  ///
  /// - Returns: `nil` if it is damaged.
  init?(segment bytes: [UInt8]) {
    var reader = RecordReader(bytes)
    var attributions: [UInt64: Attribution] = [:]
    while true {
      switch reader.next() {
      case .record(.attribution(let number, let attribution)): attributions[number] = attribution
      case .record(.settlement(let settled)):
        guard let attribution = attributions[settled.attribution] else { return nil }
        add(settled, for: attribution)
      case .record: continue
      case .over, .torn: return
      case .corrupt: return nil
      }
    }
  }

  private mutating func add(_ settled: JournalRecord.Settled, for attribution: Attribution) {
    let hour = settled.second - (settled.second % Self.hour + Self.hour) % Self.hour
    let settlement = settled.settlement
    var totals = SpendTotals()
    totals.requests = 1
    totals.prompt = Int64(settlement.usage?.prompt ?? 0)
    totals.cached = Int64(settlement.usage?.cached ?? 0)
    totals.completion = Int64(settlement.usage?.completion ?? 0)
    totals.reasoning = Int64(settlement.usage?.reasoning ?? 0)
    totals.cost = settlement.cost
    let key = SpendKey(hour: hour, attribution: attribution, basis: settlement.basis)
    self.totals[key, default: SpendTotals()] += totals
  }
}

/// Keeps what segments say that are removed, by hour and attribution.
///
/// Any thread that may wait for a disk.
package protocol SpendArchive: Sendable {
  /// The last segment that was folded in; 0: none.
  func lastSegment() throws(LedgerFailure) -> UInt64

  /// Adds a segment's totals; nothing happens if that segment was folded in before.
  func fold(_ totals: [SpendKey: SpendTotals], segment: UInt64) throws(LedgerFailure)

  /// The totals from the hour of `since` to before `until`, by what `dimension` says; and the last
  /// segment that they hold.
  func totals(
    by dimension: SpendDimension,
    from since: Int64,
    until: Int64
  ) throws(LedgerFailure) -> (totals: [String: SpendTotals], lastSegment: UInt64)
}

/// What spending can be told apart by.
package enum SpendDimension: String, Sendable, CaseIterable {
  case user, tenant, tier, product, model, tag

  package func value(of attribution: Attribution) -> String {
    switch self {
    case .user: attribution.user
    case .tenant: attribution.tenant
    case .tier: attribution.tier
    case .product: attribution.product
    case .model: attribution.model
    case .tag: attribution.tag
    }
  }
}
