import Foundation
import Testing

@testable import SluiceExpressions

/// CEL's own conformance tests, as far as they need nothing beyond the core language.
///
/// All cases of `Fixtures/cel-core.jsonl` run; see the NOTICE beside it.
@Suite("conformance with CEL")
struct ConformanceTests {
  @Test("passes the core tier, except for what is known and named")
  func coreTier() throws {
    let cases = try ConformanceCase.all()
    #expect(cases.count == 539)
    var failures: [String: String] = [:]
    for test in cases { if let failure = test.failure() { failures[test.id] = failure } }
    print("CEL core tier: \(cases.count - failures.count) of \(cases.count) pass")
    for (id, failure) in failures.sorted(by: { $0.key < $1.key }) where !Self.known.contains(id) {
      Issue.record("\(id): \(failure)")
    }
    #expect(Self.known.isSubset(of: failures.keys), "a known failure passes now")
  }

  /// 536 of 539 pass.
  ///
  /// These three name places: time zones are UTC and fixed offsets so far, and
  /// the name of a place is an issue when the policy is checked.
  private static let known: Set<String> = [
    "timestamps/timestamp_selectors_tz/getDate",
    "timestamps/timestamp_selectors_tz/getDayOfMonth_name_neg",
    "timestamps/timestamp_selectors_tz/getMinutes",
  ]
}
