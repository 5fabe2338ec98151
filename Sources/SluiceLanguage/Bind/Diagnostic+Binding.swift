/// What the binder says about what only clashes across sections, files and flags.
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

  static func overriddenByFlag(
    _ key: String,
    flag: String,
    at span: SourceSpan,
    flagAt: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .conflictingKeys,
      .warning,
      "`\(key)` is not used: the flag `\(flag)` says otherwise",
      at: span,
      seconds: [Label("the flag that counts", at: flagAt)],
      help: "start without the flag, or make both the same"
    )
  }

  /// Nobody could ever be let in.
  static func nobodyAdmitted(at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .missingKey,
      "`identity` lets nobody in: it has neither `keys` nor `anonymous`",
      at: span,
      help: "add `keys: keys.jsonl`, or `anonymous: true` on a loopback listener"
    )
  }
}
