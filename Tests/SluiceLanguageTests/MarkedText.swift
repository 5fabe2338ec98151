import SluiceLanguage

/// A text whose places are marked: `«` and `»` around a stretch, taken out before it is read.
struct MarkedText {
  let text: String
  /// The stretches between marks, in bytes of `text`, in order.
  let spans: [Range<Int>]

  init(_ marked: String) {
    var text = ""
    var starts: [Int] = []
    var spans: [Range<Int>] = []
    for character in marked {
      switch character {
      case "«": starts.append(text.utf8.count)
      case "»": spans.append((starts.popLast() ?? 0)..<text.utf8.count)
      default: text.append(character)
      }
    }
    self.text = text
    self.spans = spans.sorted { $0.lowerBound < $1.lowerBound }
  }

  var bundle: Bundle { Bundle(texts: [("policy.yaml", text)]) }

  /// The tree and the findings.
  func read() -> (document: YAMLDocument, findings: Findings) {
    var findings = Findings()
    let document = YAMLReader.read(SourceID(index: 0), of: bundle, &findings)
    return (document, findings)
  }
}

extension YAMLNode {
  /// The value under a path of keys and indexes; nil if there is none.
  func at(_ path: String...) -> YAMLNode? {
    path.reduce(Optional(self)) { node, step in
      if let index = Int(step), let items = node?.sequence {
        return items.indices.contains(index) ? items[index] : nil
      }
      return node?.mapping?[step]?.value
    }
  }
}
