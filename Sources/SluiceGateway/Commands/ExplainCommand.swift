import SluiceLanguage

/// `sluice explain`: the page of a code.
package struct ExplainCommand: Sendable {
  package var code: String

  package init(code: String) { self.code = code }

  package func run() -> CommandAnswer {
    guard let known = DiagnosticCode(id: code) else {
      return CommandAnswer(
        Refusal(
          "there is no code `\(code)`; they look like SL0201, and Docs/diagnostics/INDEX.md lists "
            + "them",
          status: .usage
        )
      )
    }
    return CommandAnswer(output: Explain.page(for: known))
  }
}
