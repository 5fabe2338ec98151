/// What is wrong with routes and targets (SL02xx).
extension Diagnostic {
  /// `takers`: the earlier routes that together take every such request.
  package static func unreachableRoute(
    _ name: String,
    at span: SourceSpan,
    takers: [(name: String, span: SourceSpan)]
  ) -> Diagnostic {
    let names = takers.map { "`\($0.name)`" }.joined(separator: ", ")
    return Diagnostic(
      .unreachableRoute,
      "route `\(Wording.short(name))` can never be chosen",
      at: span,
      label: "unreachable",
      seconds: takers.map {
        Label(
          takers.count == 1
            ? "this earlier route takes every such request"
            : "this earlier route takes some of them",
          at: $0.span
        )
      },
      notes: ["first match wins"],
      help: takers.isEmpty
        ? "remove it" : "move `\(name)` above \(names), or narrow what stands there"
    )
  }

  /// What is known of the requests that no route takes.
  package enum GapEvidence: Sendable {
    /// One of them, as `name: value` pairs.
    case witness(String)
    /// Nothing certain, because of these.
    case undecided([String])
  }

  package static func noDefaultRoute(_ evidence: GapEvidence, at span: SourceSpan) -> Diagnostic {
    let (message, note): (String, String?) =
      switch evidence {
      case .witness(let request):
        ("some requests match no route and will be answered 404", "for example: \(request)")
      case .undecided([]): ("some requests may match no route and would be answered 404", nil)
      case .undecided(let doubts):
        (
          "some requests may match no route and would be answered 404",
          "cannot decide what becomes of "
            + Wording.list(doubts.map { "`\(Wording.short($0))`" }, limit: 3)
        )
      }
    return Diagnostic(
      .noDefaultRoute,
      .warning,
      message,
      at: span,
      notes: [note].compactMap(\.self),
      help: "end the list with a route that has neither `when` nor `match`"
    )
  }

  /// A condition of too many cases.
  package static func reachUndecided(_ route: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .reachUndecided,
      .note,
      "cannot decide which requests route `\(Wording.short(route))` takes: too many cases",
      at: span,
      help: "split it into several routes, or name parts of it under `features`"
    )
  }

  /// `path`: the names from the target back to itself.
  package static func targetCycle(
    _ path: [String],
    at span: SourceSpan,
    through others: [Label] = []
  ) -> Diagnostic {
    Diagnostic(
      .targetCycle,
      "target leads back to itself: " + path.map { "`\($0)`" }.joined(separator: " → "),
      at: span,
      seconds: others,
      help: "take one of them out of the circle"
    )
  }

  /// `sum`: in percent, as written to people.
  package static func splitShares(sum: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .splitShares,
      "shares add up to \(sum), not 100%",
      at: span,
      help: "write shares that add up to 100%"
    )
  }

  package static func emptyTarget(_ name: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .emptyTarget,
      "target `\(Wording.short(name))` has no model",
      at: span,
      help: "name at least one: `\(name): [model]`"
    )
  }
}
