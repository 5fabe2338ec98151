import SluiceCore
import SluiceLanguage

/// Prints a tree with the place of every value.
struct TreePrinter {
  let bundle: Bundle

  func print(_ document: YAMLDocument) -> String {
    lines(document.root, name: "root", indentation: "").joined(separator: "\n")
      + (document.isWhole ? "\n" : "\n(partial)\n")
  }

  private func lines(_ node: YAMLNode, name: String, indentation: String) -> [String] {
    let head = "\(indentation)\(name) \(place(node.span))"
    let alias = node.aliasSpan.map { " used at \(place($0))" } ?? ""
    let inner = indentation + "  "
    switch node.content {
    case .null:
      return [head + " null" + alias]
    case .scalar(let scalar):
      return [head + " \(scalar.style) \(escaped(scalar.text))" + alias]
    case .sequence(let items):
      return [head + " list" + alias]
        + items.enumerated().flatMap { lines($1, name: "\($0)", indentation: inner) }
    case .mapping(let mapping):
      return [head + " map" + alias]
        + mapping.entries.flatMap {
          lines($0.value, name: "\($0.name)@\(place($0.keySpan))", indentation: inner)
        }
    }
  }

  private func place(_ span: SourceSpan) -> String {
    let start = bundle[span.source].position(at: span.start)
    let end = bundle[span.source].position(at: span.end)
    return "\(start.line):\(start.column)-\(end.line):\(end.column)"
  }

  private func escaped(_ text: String) -> String {
    "\"" + text.unicodeScalars.map { $0 == "\n" ? "\\n" : String($0) }.joined() + "\""
  }
}
