package import SluicePipeline

/// What a person's switch stops: everything, or what has all of the named values.
package struct KillScope: Hashable, Sendable {
  package enum Field: String, Sendable, CaseIterable {
    case tenant, user, product, tier, model, key
  }

  /// Empty: everything.
  package let values: [Field: String]

  package init(_ values: [Field: String] = [:]) { self.values = values }

  package static let everything = KillScope()

  /// Whether it takes a candidate to say whom it stops.
  package var namesModel: Bool { values[.model] != nil }

  /// Whether it stops `caller`, at `model` if one is named; `nil`: no candidate is known yet.
  package func covers(_ caller: Caller, model: String?) -> Bool {
    values.allSatisfy { field, value in
      switch field {
      case .tenant: caller.tenant == value
      case .user: caller.user == value
      case .product: caller.product == value
      case .tier: caller.tier == value
      case .key: caller.keyID == value
      case .model: model == value
      }
    }
  }
}

extension KillScope: CustomStringConvertible {
  /// `everything`, `tenant=acme,user=bob`; read back by `init(text:)`.
  ///
  /// In a value `%`, `,` and `=` are percent-encoded.
  package var description: String {
    guard !values.isEmpty else { return "everything" }
    return Field.allCases
      .compactMap { field in values[field].map { "\(field)=\(Self.encoded($0))" } }
      .joined(separator: ",")
  }

  package init?(text: String) {
    guard text != "everything" else {
      self = .everything
      return
    }
    var values: [Field: String] = [:]
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2, let field = Field(rawValue: String(pair[0])), values[field] == nil,
        !pair[1].isEmpty
      else { return nil }
      values[field] = Self.decoded(pair[1])
    }
    self.init(values)
  }

  private static let escapes: [(plain: Character, code: String)] = [
    ("%", "%25"), (",", "%2C"), ("=", "%3D"),
  ]

  private static func encoded(_ text: String) -> String {
    text.reduce(into: "") { output, character in
      output += escapes.first { $0.plain == character }?.code ?? String(character)
    }
  }

  private static func decoded(_ text: Substring) -> String {
    var rest = text
    var output = ""
    while let character = rest.first {
      if let escape = escapes.first(where: { rest.hasPrefix($0.code) }) {
        output.append(escape.plain)
        rest = rest.dropFirst(escape.code.count)
      } else {
        output.append(character)
        rest = rest.dropFirst()
      }
    }
    return output
  }
}
