import SluiceExpressions
import SluicePolicy

/// Routes that earlier ones leave nothing to, and requests that none takes.
///
/// Finds an earlier route without a condition, and one with the same condition. That several
/// together may cover a route is for the cover analysis to find.
struct RouteOrder: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    var always: Declared<RouteSettings>?
    var requested: Declared<RouteSettings>?
    var seen: [String: Declared<RouteSettings>] = [:]
    for route in draft.routes {
      // A condition that could not be bound says nothing.
      let isUnconditional =
        route.settings.condition.map { Self.isTrue($0) }
        ?? (route.keySpan("when") == nil && route.keySpan("match") == nil)
      let condition = route.settings.condition?.checked.canonicalText
      let taker = always ?? condition.flatMap { seen[$0] }
      if let taker {
        binder.report(
          .unreachableRoute(
            route.settings.name,
            at: route.nameSpan,
            takers: [(taker.settings.name, taker.nameSpan)]
          )
        )
      }
      if let condition, seen[condition] == nil { seen[condition] = route }
      // `to: requested` leaves the clients that name nothing to the routes behind it.
      if isUnconditional, always == nil {
        if route.settings.destination == .requested {
          if let requested {
            binder.report(
              .unreachableRoute(
                route.settings.name,
                at: route.nameSpan,
                takers: [(requested.settings.name, requested.nameSpan)]
              )
            )
          }
          requested = requested ?? route
        } else {
          always = route
        }
      }
    }
    // A route that could not be bound may be the one that takes the rest.
    let routes = binder.sections[.routes]
    guard always == nil, routes == nil || routes?.value.sequence?.count == draft.routes.count,
      !binder.sections.policyHeads.isEmpty
    else { return }
    let gap = RouteGap(
      draft.routes.map(\.settings),
      draft.features.map(\.settings),
      { binder.names(of: $0).all }
    )
    binder.report(
      .noDefaultRoute(
        witness: gap?.witness,
        at: draft.routes.last?.nameSpan ?? routes?.keySpan ?? binder.beginning
      )
    )
  }

  private static func isTrue(_ condition: SluicePolicy.Expression) -> Bool {
    condition.checked.program().constant == .bool(true)
  }
}
