/// The key tables as a JSON Schema, for editors: `sluice schema`.
///
/// Draft 7, which every editor's YAML support reads. What a key takes is told by the words of its
/// table, so that a key, or a kind of file, that is added to the tables is in the schema too. It
/// knows names and shapes; what must agree with something else is for `lint`.
package enum JSONSchema {
  /// What `sluice schema` can be asked for.
  package static let kinds: [String] = BundleKind.allCases.map(name)

  /// The schema of files of one kind, or of all files of a bundle, told apart by their first key.
  ///
  /// Nil if no file of that kind is read yet, or there is no such kind.
  package static func text(of kind: String? = nil) -> String? {
    let chosen = BundleKind.allCases.filter { kind == nil || name($0) == kind }
    var writer = JSONSchemaWriter()
    let roots = chosen.compactMap { kind in
      root(of: kind).map { (kind, writer.reference(to: $0.table, among: $0.tables)) }
    }
    guard let first = roots.first else { return nil }
    // Whatever says no other kind is held against the policy's.
    let body = roots.dropFirst()
      .reduce([("allOf", JSONText.array([first.1]))]) { rest, root in
        [
          ("if", .object([("required", .array([.string(root.0.rawValue)]))])),
          ("then", root.1),
          ("else", .object(rest)),
        ]
      }
    let head: [(String, JSONText)] = [
      ("$schema", .string("http://json-schema.org/draft-07/schema#")),
      ("title", .string(kind.map { "Sluice: files of the kind \($0)" } ?? "Sluice: bundles")),
      ("type", .string("object")),
    ]
    let all = JSONText.object(head + body + [("definitions", .object(writer.definitions))])
    return all.text(indentation: 0) + "\n"
  }

  /// Words that the tables use and nobody explained: an oversight, which a test tells.
  package static var unknownWords: [String] {
    var writer = JSONSchemaWriter()
    for kind in BundleKind.allCases {
      if let root = root(of: kind) { _ = writer.reference(to: root.table, among: root.tables) }
    }
    return writer.unknownWords.sorted()
  }

  private static func name(_ kind: BundleKind) -> String {
    switch kind {
    case .policy: "policy"
    case .test: "test"
    case .prices: "prices"
    case .evidence: "evidence"
    }
  }

  private static func root(of kind: BundleKind) -> (table: KeyTable, tables: [KeyTable])? {
    let path = kind == .policy ? "" : kind.rawValue
    for tables in Schema.everything {
      if let table = tables.first(where: { $0.path == path }) { return (table, tables) }
    }
    return nil
  }
}

/// Turns tables into definitions that refer to each other.
private struct JSONSchemaWriter {
  private(set) var definitions: [(String, JSONText)] = []
  private(set) var unknownWords: Set<String> = []

  /// A reference to the definition of a table, which is made if it is not there.
  mutating func reference(to table: KeyTable, among tables: [KeyTable]) -> JSONText {
    let name = Self.name(of: table, among: tables)
    if !definitions.contains(where: { $0.0 == name }) {
      let place = definitions.count
      // Its place, so that a table that refers to itself ends.
      definitions.append((name, .null))
      definitions[place].1 = definition(of: table, among: tables)
    }
    return .object([("$ref", .string("#/definitions/\(name)"))])
  }

  /// Paths of two kinds of file may be alike: `upstreams.*`.
  private static func name(of table: KeyTable, among tables: [KeyTable]) -> String {
    let isOfPolicy = tables.contains { $0.path.isEmpty }
    let root = isOfPolicy ? "" : (tables.first?.path ?? "") + "."
    let path = table.path.isEmpty ? "sluice" : table.path
    return (path.hasPrefix("sluice") ? path : root + path)
      .replacing(".*", with: ".each").replacing("[]", with: ".item")
  }

  private mutating func definition(of table: KeyTable, among tables: [KeyTable]) -> JSONText {
    var properties: [(String, JSONText)] = []
    var required: [JSONText] = []
    for key in table.keys {
      let path = table.path.isEmpty ? key.name : table.path + "." + key.name
      var entries = [("description", JSONText.string(Self.description(of: key)))]
      switch key.presence {
      case .required: required.append(.string(key.name))
      case .otherwise(let words):
        if let value = Self.value(words) { entries.append(("default", value)) }
      }
      let shape = shape(key.type, at: path, among: tables)
      switch shape {
      // Beside a reference draft 7 reads nothing.
      case .object(let parts) where parts.contains { $0.0 == "$ref" }:
        entries.append(("allOf", .array([shape])))
      case .object(let parts): entries += parts
      case .null, .bool, .number, .string, .array: break
      }
      properties.append((key.name, .object(entries)))
    }
    var entries: [(String, JSONText)] = [
      ("type", .string("object")), ("properties", .object(properties)),
    ]
    if !required.isEmpty { entries.append(("required", .array(required))) }
    entries.append(("additionalProperties", .bool(false)))
    return .object(entries)
  }

  private static func description(of key: Key) -> String {
    switch key.presence {
    case .required: "\(key.meaning) (\(key.type))"
    case .otherwise(let words): "\(key.meaning) (\(key.type); default: \(words))"
    }
  }

  /// The value that words spell, if they spell one: `` `10s` ``, `` `[a, b]` ``.
  private static func value(_ words: String) -> JSONText? {
    guard words.count > 2, words.hasPrefix("`"), words.hasSuffix("`") else { return nil }
    let text = words.dropFirst().dropLast()
    guard !text.contains("`"), !text.contains(": ") else { return nil }
    guard text.hasPrefix("["), text.hasSuffix("]") else { return scalar(text) }
    return .array(text.dropFirst().dropLast().split(separator: ", ").map(scalar))
  }

  private static func scalar(_ text: Substring) -> JSONText {
    switch text {
    case "true": .bool(true)
    case "false": .bool(false)
    default: Int(text).map { .number($0) } ?? .string(String(text))
    }
  }
}

// The words of the tables.
extension JSONSchemaWriter {
  /// What `words` describe: `duration`, `` list of `a`, `b` ``, ``map or `none` ``.
  private mutating func shape(
    _ words: String,
    at path: String,
    among tables: [KeyTable]
  ) -> JSONText {
    var literals: [JSONText] = []
    var shapes: [JSONText] = []
    for part in Self.alternatives(words) {
      if part.hasPrefix("`"), part.hasSuffix("`") {
        let word = part.dropFirst().dropLast()
        if let colon = word.firstIndex(of: ":") {
          shapes.append(.text(pattern: "^\(word[..<colon]):."))
        } else {
          literals.append(.string(String(word)))
        }
      } else {
        shapes.append(self.part(part, at: path, among: tables))
      }
    }
    if !literals.isEmpty { shapes.append(.object([("enum", .array(literals))])) }
    return shapes.count == 1 ? shapes[0] : .object([("anyOf", .array(shapes))])
  }

  /// Words apart at `,` and `or`; behind `list of`, `map of` and `map by` only at `, or`.
  private static func alternatives(_ words: String) -> [String] {
    var parts: [String] = []
    var rest = words[...]
    while !rest.isEmpty {
      let isWhole = ["list of ", "lists of ", "map of ", "map by "].contains { rest.hasPrefix($0) }
      let signs = isWhole ? [", or "] : [", or ", ", ", " or "]
      // The earliest; where two begin together, the longer.
      let ends = signs.compactMap { rest.firstRange(of: $0) }
      guard
        let end = ends.min(by: { ($0.lowerBound, $1.upperBound) < ($1.lowerBound, $0.upperBound) })
      else {
        parts.append(String(rest))
        break
      }
      parts.append(String(rest[..<end.lowerBound]))
      rest = rest[end.upperBound...]
    }
    return parts
  }

  private mutating func part(_ words: String, at path: String, among tables: [KeyTable]) -> JSONText
  {
    switch words {
    case "map", "maps", "maps by date": return map(at: path, among: tables)
    case "list": return .list(of: map(at: path + "[]", among: tables))
    case "behaviours":
      // One behaviour, or one after the other; a status or a fault may stand for its map.
      let one = JSONText.any([map(at: "upstreams.*", among: tables), .word])
      return .any([one, .list(of: one)])
    case "exits": return .any([.word, .list(of: .word)])
    case "prices":
      guard
        let price = tables.first(where: { $0.path == "models.*" })?.keys
          .first(where: { $0.name == "price" })
      else { return .object([]) }
      return shape(price.type, at: "models.*.price", among: tables)
    default: break
    }
    for start in ["list of ", "lists of "] where words.hasPrefix(start) {
      let items = String(words.dropFirst(start.count))
      return .list(of: shape(items, at: path + "[]", among: tables))
    }
    if words.hasPrefix("map of "), let to = words.firstRange(of: " to ") {
      return .map(of: shape(String(words[to.upperBound...]), at: path + ".*", among: tables))
    }
    if words.hasPrefix("map by ") {
      let values = words.firstRange(of: " of ").map { String(words[$0.upperBound...]) } ?? "map"
      return .map(of: shape(values, at: path + ".*", among: tables))
    }
    guard let scalar = JSONText.scalars[words] else {
      unknownWords.insert(words)
      return .object([])
    }
    return scalar
  }

  /// The table at a path, or at the longest end of it; any map if there is none.
  private mutating func map(at path: String, among tables: [KeyTable]) -> JSONText {
    let steps = path.split(separator: ".")
    for start in steps.indices {
      let end = steps[start...].joined(separator: ".")
      // What stands in a list may have the table of the list: prices by date.
      for name in [end, end.hasSuffix("[]") ? String(end.dropLast(2)) : end] {
        if let table = tables.first(where: { $0.path == name }) {
          return reference(to: table, among: tables)
        }
      }
    }
    return .object([("type", .string("object"))])
  }
}

extension JSONText {
  fileprivate static func text(pattern: String) -> JSONText {
    .object([("type", .string("string")), ("pattern", .string(pattern))])
  }

  fileprivate static func list(of items: JSONText) -> JSONText {
    .object([("type", .string("array")), ("items", items)])
  }

  fileprivate static func any(_ shapes: [JSONText]) -> JSONText {
    .object([("anyOf", .array(shapes))])
  }

  fileprivate static func map(of values: JSONText) -> JSONText {
    .object([("type", .string("object")), ("additionalProperties", values)])
  }

  /// A quantity that may stand without its unit, and then is a number for YAML.
  private static func number(_ type: String, orText pattern: String) -> JSONText {
    .object([
      ("type", .array([.string(type), .string("string")])),
      ("minimum", .number(0)),
      ("pattern", .string(pattern)),
    ])
  }

  /// Whatever YAML reads a word as, it is taken as it is written.
  fileprivate static let word = JSONText.object([
    ("type", .array([.string("string"), .string("number"), .string("boolean")]))
  ])

  private static let decimal = #"[0-9]+(\.[0-9]+)?"#
  private static let counted = "\(decimal)(k|M|Ki|Mi)?"
  private static let time =
    "(\(decimal)d)?(\(decimal)h)?(\(decimal)m)?(\(decimal)s)?(\(decimal)ms)?"
  private static let amount = #"\$[0-9]+(\.[0-9]{1,9})?"#

  private static let count = number("integer", orText: "^\(counted)$")
  private static let rate = text(
    pattern: "^\(counted) *(tokens|requests)? */ *(s|m|h|d|(?=[0-9])\(time))$"
  )

  /// What single words of the tables stand for.
  fileprivate static let scalars: [String: JSONText] = [
    "duration": .object([
      ("type", .array([.string("string"), .string("integer")])),
      ("maximum", .number(0)),
      ("minimum", .number(0)),
      ("pattern", .string("^(?=[0-9])(0|\(time))$")),
    ]),
    "count": count, "counts": count,
    "ratio": number("number", orText: "^\(decimal)%?$"),
    "percent": text(pattern: "^\(decimal)%$"),
    "number": number("number", orText: "^\(decimal)$"),
    "bytes": text(pattern: "^\(decimal)(GiB|MiB|KiB|GB|MB|KB|kB|B)$"),
    "money": text(pattern: "^\(amount)$"),
    "rate": rate, "rates": rate,
    "price of tokens": text(pattern: "^(free|\(amount)/[Mk])$"),
    "date": text(pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    "time": text(pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}T"),
    "boolean": .object([("type", .string("boolean"))]),
    "HOST:PORT": text(pattern: "^.+:[0-9]{1,5}$"),
    "URL": text(pattern: "^https?://"),
    "networks": text(pattern: "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"),
    "64 hexadecimal digits": word,
    "CEL": word, "CEL bool": word, "CEL string": word, "CEL list of strings": word,
    "text": word, "texts": word, "name": word, "names": word, "path": word, "file name": word,
    "path of a PEM file": word, "time zone": word, "address": word,
    "upstream": word, "model": word, "models": word, "tier": word, "target": word, "product": word,
    "products": word, "route": word, "budget": word,
  ]
}
