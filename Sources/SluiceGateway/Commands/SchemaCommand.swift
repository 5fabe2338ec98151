import SluiceLanguage

/// `sluice schema`: what editors check and complete policy files with.
package struct SchemaCommand: Sendable {
  /// A kind of file; nil: all.
  package var kind: String?

  package init(kind: String? = nil) { self.kind = kind }

  package func run() -> CommandAnswer {
    if let text = JSONSchema.text(of: kind) { return CommandAnswer(output: text) }
    let kinds = JSONSchema.kinds.filter { JSONSchema.text(of: $0) != nil }
      .joined(separator: ", ")
    return CommandAnswer(
      Refusal("no file of the kind `\(kind ?? "")` is read; there are: \(kinds)", status: .usage)
    )
  }
}
