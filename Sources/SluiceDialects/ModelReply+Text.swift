internal import SluiceJSON

extension ModelReply {
  /// The text of the one answer that this is; `nil` where it is none that another question could be
  /// given: several choices, a tool call, a refusal, an answer that a length or a filter ended.
  package var onlyText: String? {
    guard finishReasons == ["stop"], !hasToolCalls,
      let choices = document.member("choices", of: document.root),
      let choice = document.elements(of: choices).first(where: { _ in true }),
      let message = document.member("message", of: choice),
      let content = document.member("content", of: message),
      let text = document.string(content), !text.isEmpty
    else { return nil }
    if let refusal = document.member("refusal", of: message), !document.isNull(refusal) {
      return nil
    }
    return text
  }
}
