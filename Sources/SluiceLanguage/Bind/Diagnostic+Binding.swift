/// What the catalogue says about names that only clash across sections.
extension Diagnostic {
  /// A target and a model of one name: a client that writes it could mean either.
  static func sharedName(_ name: String, at span: SourceSpan, model: SourceSpan) -> Diagnostic {
    Diagnostic(
      .duplicateName,
      "target `\(Wording.short(name))` has the name of a model",
      at: span,
      label: "a client that asks for it could mean either",
      seconds: [Label("the model is declared here", at: model)],
      help: "rename the target"
    )
  }
}
