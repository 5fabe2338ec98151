import SluiceCore
import SluiceLanguage
import Testing

/// Every reference of a policy broken, and every unit dropped: each is found at its place.
@Suite("Broken policies")
struct BrokenPolicyTests {
  /// One value of the policy with every key, and what is wrong when it is written otherwise.
  struct Change: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var start: Int
    var old: String
    var new: String
  }

  /// The words of the tables that stand for the name of something declared elsewhere.
  private static let references = [
    "upstream", "tier", "list of models", "list of products", "target or `requested`", "target",
  ]
  private static let keyed = ["map of targets to percent", "map of tiers to money"]

  static let brokenReferences: [Change] = values { key, value in
    if references.contains(key.type) { return scalars(value).map { ($0, $0.text + "-x") } }
    if keyed.contains(key.type) || key.type == "map of tiers to rates or counts" {
      return value.mapping?.entries.map { ($0.key, $0.key.text + "-x") } ?? []
    }
    if key.type.contains("lists of models") {
      let lists = value.mapping?.entries.compactMap(\.value.sequence) ?? []
      return lists.joined().compactMap(\.scalar).map { ($0, $0.text + "-x") }
    }
    return []
  }

  static let droppedUnits: [Change] = values { key, value in
    let words = key.type.split(separator: " ").map(String.init)
    let isQuantity =
      ["duration", "bytes", "money", "rate", "price"].contains(words[0])
      || key.type.contains("percent") || key.type.contains("to money")
      || key.type == "map of tiers to rates or counts"
    guard isQuantity else { return [] }
    let all = scalars(value) + (value.mapping?.entries.compactMap(\.value.scalar) ?? [])
    return all.compactMap { scalar in bare(scalar.text).map { (scalar, $0) } }
  }

  @Test("a reference that leads nowhere is found at its place", arguments: brokenReferences)
  func reference(change: Change) {
    hold(change, .unknownReference)
  }

  @Test("a quantity without its unit is found at its place", arguments: droppedUnits)
  func unit(change: Change) {
    hold(
      change,
      change.old.last.map { "smhd".contains($0) && !change.old.contains("/") } == true
        ? .durationWithoutUnit : .quantityWithoutUnit
    )
  }

  @Test("there are enough of each to mean something")
  func counts() {
    #expect(Self.brokenReferences.count >= 15, "\(Self.brokenReferences.map(\.testDescription))")
    #expect(Self.droppedUnits.count >= 39, "\(Self.droppedUnits.map(\.testDescription))")
  }

  private func hold(_ change: Change, _ code: DiagnosticCode) {
    var bytes = Array(MutationTests.everything.utf8)
    bytes.replaceSubrange(
      change.start..<change.start + change.old.utf8.count,
      with: change.new.utf8
    )
    let checked = Language.check(Bundle(files: [("policy.yaml", bytes)]))
    let span = SourceSpan(
      source: SourceID(index: 0),
      start: change.start,
      end: change.start + change.new.utf8.count
    )
    let before = bytes[..<change.start]
    let line = before.count { $0 == 0x0A } + 1
    let column = change.start - (before.lastIndex(of: 0x0A) ?? -1)
    let found = checked.findings.shown.first { $0.code == code && $0.span == span }
    #expect(
      found != nil,
      "\(line):\(column): \(checked.findings.rendered(as: .short, of: checked.bundle))"
    )
    #expect(checked.policy == nil)
    let place = found.map { checked.bundle.place(of: $0.span) }
    #expect(place == SourcePlace(file: "policy.yaml", line: line, column: column))
  }

  /// Changes of the values that stand at the keys of all tables.
  private static func values(
    _ change: (Key, YAMLNode) -> [(scalar: YAMLScalar, new: String)]
  ) -> [Change] {
    var found: [Change] = []
    for table in Schema.all {
      for map in MutationTests.maps(of: table) {
        for key in table.keys {
          guard let value = map[key.name]?.value else { continue }
          for (scalar, new) in change(key, value) {
            found.append(
              Change(
                testDescription: "\(table.path).\(key.name): \(scalar.text) as \(new)",
                start: scalar.span.start,
                old: scalar.text,
                new: new
              )
            )
          }
        }
      }
    }
    return found
  }

  private static func scalars(_ node: YAMLNode) -> [YAMLScalar] {
    node.scalar.map { [$0] } ?? node.sequence?.compactMap(\.scalar) ?? []
  }

  /// A quantity without its unit; nil for what has none.
  private static func bare(_ text: String) -> String? {
    if let slash = text.firstIndex(of: "/") { return String(text[..<slash]) }
    if text.hasPrefix("$") { return String(text.dropFirst()) }
    let digits = text.prefix { $0.isNumber || $0 == "." }
    return digits.isEmpty || digits.count == text.count ? nil : String(digits)
  }
}
