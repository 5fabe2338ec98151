import Foundation
import Testing

@testable import SluiceExpressions

/// CEL's own conformance tests, as far as they need nothing beyond the core language.
///
/// All cases of `Fixtures/cel-core.jsonl` run; see the NOTICE beside it.
@Suite("conformance with CEL")
struct ConformanceTests {
  @Test("passes the core tier")
  func coreTier() throws {
    let cases = try ConformanceCase.all()
    #expect(cases.count == 539)
    let failures = cases.compactMap { test in test.failure().map { "\(test.id): \($0)" } }
    print("CEL core tier: \(cases.count - failures.count) of \(cases.count) pass")
    #expect(failures == [])
  }
}
