import SluicePolicy

/// A model whose cost cannot be counted.
///
/// Where a budget has to count it, that is an error of its own (`UnpricedBehindBudget`); else a
/// warning, since the metrics show too small a bill.
struct MissingPrices: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for model in draft.unpricedModels(binder)
    where draft.budgets.isEmpty || draft.reach(of: model, binder).isEmpty {
      binder.report(.priceMissing(model.settings.name, at: model.nameSpan))
    }
  }
}

/// A model that a route can reach, that a budget has to count, and that has no price.
///
/// It would count as nothing, so no budget would ever end.
struct UnpricedBehindBudget: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    guard let budget = draft.budgets.first else { return }
    for model in draft.unpricedModels(binder) {
      let reach = draft.reach(of: model, binder)
      guard !reach.isEmpty else { continue }
      binder.report(
        .unpricedBehindBudget(
          model.settings.name,
          budget: budget.settings.name,
          routes: reach.routes.map(\.settings.name),
          at: model.nameSpan,
          budgetAt: budget.nameSpan,
          ways: reach.routes.prefix(3).map { Diagnostic.Label("leads to it", at: $0.nameSpan) }
            + reach.budgets.prefix(3)
            .map { Diagnostic.Label("falls back to it", at: $0.span("on_exceed")) }
        )
      )
    }
  }
}

/// What leads to a model.
private struct Reach {
  var routes: [Declared<RouteSettings>] = []
  /// Those whose `on_exceed` re-routes to it.
  var budgets: [Declared<BudgetSettings>] = []

  var isEmpty: Bool { routes.isEmpty && budgets.isEmpty }
}

extension Draft {
  /// The models that no file prices; one whose price is wrong is priced, and has been told.
  fileprivate func unpricedModels(_ binder: Binder) -> [Declared<ModelSettings>] {
    models.filter { model in
      !model.settings.isPriced && model.keySpan("price") == nil
        && binder.sections.prices.entry(model.settings.name) == nil
    }
  }

  fileprivate func reach(of model: Declared<ModelSettings>, _ binder: Binder) -> Reach {
    // Positions count all that is declared, also what could not be bound and is not here.
    let models = binder.names(of: .models).sorted
    let targets = binder.names(of: .targets).sorted
    func leads(_ target: TargetIndex, isShare: Bool = false) -> Bool {
      let name = targets[target.position]
      guard let kind = self.targets.first(where: { $0.settings.name == name })?.settings.kind
      else { return false }
      return switch kind {
      case .candidates(let candidates):
        candidates.contains { models[$0.position] == model.settings.name }
      // A share is no split; one that is has been told.
      case .split(let shares, _):
        !isShare && shares.contains { leads($0.target, isShare: true) }
      }
    }
    return Reach(
      routes: routes.filter { route in
        switch route.settings.destination {
        case .target(let target): leads(target)
        case .requested: true
        }
      },
      budgets: budgets.filter { budget in
        budget.settings.onExceed.contains { relief in
          if case .reroute(let target) = relief { leads(target) } else { false }
        }
      }
    )
  }
}
