import SluiceLanguage
import SluicePipeline
import SluicePolicy

/// Budgets that start from zero while the money of others, which are gone, is still counted.
///
/// A policy alone does not tell that a budget has another name; the ledger does, since it finds what
/// was spent by the name.
struct RenamedBudgets {
  /// The budgets that start from zero.
  let new: [BudgetSettings]
  /// The names of those that are gone.
  let gone: [String]

  /// - Parameters:
  ///   - policy: what is to be served.
  ///   - served: what is; `nil` at the start.
  ///   - owners: whose money the ledger counts now.
  init(_ policy: Policy, served: Policy?, owners: Set<String>) {
    let terms = policy.budgets.map { BudgetTerms($0) }
    let declared = Set(terms.map(\.owner))
    let known = Set(served?.budgets.map(\.name) ?? [])
    gone = owners.subtracting(declared).compactMap { BudgetTerms.name(ofOwner: $0) }.sorted()
    new =
      terms.filter { terms in
        !terms.isPerRequest && !owners.contains(terms.owner)
          && !known.contains(terms.settings.name)
      }
      .map(\.settings)
  }

  /// The warnings that belong to the files of `bundle`.
  func report(_ findings: inout Findings, of bundle: Bundle) {
    guard !gone.isEmpty else { return }
    for budget in new {
      guard let span = bundle.span(of: [budget.name], near: budget.place) else { continue }
      findings.report(.budgetRenamed(budget.name, others: gone, at: span))
    }
  }
}
