/// What is read and checked, but not done by this version (SL09xx).
extension Diagnostic {
  /// `feature`: the key or function as written.
  package static func notServedYet(_ feature: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .notServedYet,
      "`\(feature)` is not served yet by this version",
      at: span,
      notes: ["it was read and checked; serving without it would not do what the policy says"],
      help: "remove it until a version that serves it"
    )
  }
}
