import SluiceCore
import SluiceLanguage
import SluicePolicy
import SluiceReactor

/// `sluice prices import`: writes a file of prices from LiteLLM's table.
package struct PricesCommand: Sendable {
  /// The table; `-` is standard input.
  package var path: String
  /// `NAME`, or `NAME=ENTRY` where the policy calls the model otherwise; empty: all.
  package var models: [String] = []
  /// Only models of this provider.
  package var provider: String?
  /// Where the file goes; `nil`: standard output.
  package var output: String?

  package init(path: String) { self.path = path }

  /// Reads, converts and writes, which blocks.
  package func run() -> CommandAnswer {
    do throws(Refusal) {
      let bytes = try Terminal.read(path, maximumBytes: Bounds.priceTableBytes)
      let answer = try converted(bytes)
      guard let output else { return answer }
      do throws(IOFailure) {
        try Files.writeAtomically(Array(answer.output.utf8), to: output, mode: 0o644)
      } catch {
        throw Refusal("`\(output)` cannot be written: \(error)")
      }
      return CommandAnswer(notes: answer.notes)
    } catch {
      return CommandAnswer(error)
    }
  }

  /// What is printed for a table.
  func converted(_ bytes: [UInt8]) throws(Refusal) -> CommandAnswer {
    /// By entry of the table: the names that its price gets.
    var names: [String: [String]] = [:]
    for model in models {
      let parts = model.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = parts.first, let entry = parts.last, !name.isEmpty, !entry.isEmpty else {
        throw Refusal("`--models` takes NAME or NAME=ENTRY; got `\(model)`", status: .usage)
      }
      names[String(entry), default: []].append(String(name))
    }
    let provider = provider
    let table = try PriceTable(bytes) { name, owner in
      (names.isEmpty || names[name] != nil) && (provider ?? owner) == owner
    }
    for entry in names.keys.sorted() where table.prices[entry] == nil {
      throw refusal(of: entry, table)
    }
    guard !table.prices.isEmpty else {
      let whose = provider.map { " of provider `\($0)`" } ?? ""
      throw Refusal("the table prices no model\(whose) by tokens", status: .errors)
    }
    var lines: [(name: String, line: String)] = []
    for (entry, price) in table.prices {
      for name in names[entry] ?? [entry] {
        let text = ModelSettings.DatedPrice(price).text
        lines.append((name, "  \(PlainScalar.text(name)): \(text)\n"))
      }
    }
    lines.sort { $0.name < $1.name }
    if let twice = zip(lines, lines.dropFirst()).first(where: { $0.name == $1.name }) {
      throw Refusal("`--models` names `\(twice.0.name)` twice", status: .usage)
    }
    let count = "\(lines.count) model\(lines.count == 1 ? "" : "s")"
    let source = path == "-" ? "standard input" : Self.shown(path.split(separator: "/").last ?? "")
    let head = """
      # Prices of \(count), by `sluice prices import` from
      # \(source), SHA-256 \(Digest(of: bytes).hex)
      sluice-prices: v1
      models:

      """
    return CommandAnswer(
      output: head + lines.map(\.line).joined(),
      notes: Self.notes(on: table, count: count, output: output)
    )
  }

  /// Why one model that was asked for has no price.
  private func refusal(of entry: String, _ table: PriceTable) -> Refusal {
    if let owner = table.providers[entry] {
      let remark = table.remarks.first { $0.key.kind == .model && $0.value.contains(entry) }
      let why = remark?.key.text ?? "its provider is `\(owner)`"
      return Refusal("the price of `\(entry)` cannot be carried over: \(why)", status: .errors)
    }
    let nearest = NearestName.nearest(to: entry, among: table.providers.keys.sorted())
    let hint = nearest.map { "; did you mean `\($0)`?" } ?? ""
    return Refusal("the table has no model `\(entry)`\(hint)", status: .errors)
  }

  private static func notes(on table: PriceTable, count: String, output: String?) -> String {
    var text = "prices of \(count)\(output.map { " in \($0)" } ?? "")\n"
    var last: PriceTable.Remark.Kind?
    for (remark, models) in table.remarks.sorted(by: { $0.key < $1.key }) {
      if remark.kind != last {
        switch remark.kind {
        case .rounded: text += "rounded up to a whole nano-dollar a million tokens:\n"
        case .free: text += "models that the table gives away; make sure that it is so:\n"
        case .model: text += "models that are left out:\n"
        case .field: text += "what their prices leave out:\n"
        }
        last = remark.kind
      }
      let some = models.prefix(3).map { shown($0) }.joined(separator: ", ")
      let rest = models.count > 3 ? ", …" : ""
      text += "  \(shown(remark.text)): \(models.count) (\(some)\(rest))\n"
    }
    return text
  }

  /// A text of the table or of the command line, in one line that steers no terminal.
  private static func shown(_ text: some StringProtocol) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }
      )
    )
  }
}
