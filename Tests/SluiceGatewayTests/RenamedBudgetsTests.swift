import SluiceCore
import SluiceLanguage
import SluicePolicy
import Testing

@testable import SluiceGateway

@Suite("Budgets that start from zero")
struct RenamedBudgetsTests {
  private static func policy(_ names: String..., per window: BudgetSettings.Window = .day) -> Policy
  {
    Policy(
      budgets: names.map { BudgetSettings(name: $0, window: window, limit: NanoDollars(1)) }
    )
  }

  private func told(
    _ policy: Policy,
    served: Policy? = nil,
    owners: Set<String>
  ) -> [String] {
    var findings = Findings()
    let text = "sluice: v1\nbudgets:\n  firm: { per: day, limit: $1 }\n"
    let bundle = Bundle(texts: [(path: "p.yaml", text: text)])
    RenamedBudgets(policy, served: served, owners: owners).report(&findings, of: bundle)
    return findings.shown.map { "\($0.code.id) \($0.message) \($0.notes)" }
  }

  @Test("a new one is told while money of one that is gone is counted, at the start too")
  func renamed() {
    let expected = [
      "SL0417 budget `firm` starts from zero "
        + "[\"the ledger holds spending of `company`, which the policy no longer has\"]"
    ]
    let firm = Self.policy("firm")
    let owners: Set = ["budget.company", "switch.stop"]
    #expect(told(firm, owners: owners) == expected)
    #expect(told(firm, served: Self.policy("company"), owners: owners) == expected)
  }

  @Test("nothing is told of one that is known, has spent, or counts each request for itself")
  func known() {
    let firm = Self.policy("firm")
    #expect(told(firm, owners: []).isEmpty)
    #expect(told(firm, owners: ["budget.firm", "budget.company"]).isEmpty)
    #expect(told(firm, served: firm, owners: ["budget.company"]).isEmpty)
    #expect(told(Self.policy("firm", per: .request), owners: ["budget.company"]).isEmpty)
    #expect(told(Self.policy("firm", "company"), owners: ["budget.company"]).isEmpty)
  }
}
