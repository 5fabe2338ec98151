import SluiceCore

/// Reading single values. Each answers nil when the key is absent or its mistake has been told.
extension Binder {
  /// The map under a key, or of a list's item; its unknown keys are told.
  ///
  /// `key` is how the value is called in messages, `owner` the map in the author's words, and `span`
  /// where its name stands.
  func fields(
    of node: YAMLNode,
    _ table: KeyTable,
    key: String,
    owner: String,
    at span: SourceSpan
  ) -> Fields? {
    guard let mapping = node.mapping else {
      report(
        .wrongType(
          key,
          expected: "a map",
          got: node.kindDescription,
          example: node.isNull ? "\(key): {}" : nil,
          at: node.place(orElse: span)
        )
      )
      return nil
    }
    for entry in mapping.entries where !table.allows(entry.name) {
      report(
        .unknownKey(
          entry.name,
          in: owner,
          nearest: NearestName.nearest(
            to: entry.name,
            among: table.names.filter { mapping[$0] == nil }
          )
            ?? NearestName.nearest(to: entry.name, among: table.names),
          allowed: table.names,
          at: entry.keySpan
        )
      )
    }
    return Fields(table: table, owner: owner, mapping: mapping, span: span)
  }

  /// The entry of a key that must be there.
  func required(_ key: String, _ fields: Fields, example: String? = nil) -> YAMLEntry? {
    if let entry = fields[key] { return entry }
    // A misspelt key has been told, and is very probably this one.
    let isMisspelt = fields.mapping.entries.contains { entry in
      !fields.table.allows(entry.name)
        && NearestName.nearest(
          to: entry.name,
          among: fields.table.names.filter { fields.mapping[$0] == nil }
        ) == key
    }
    if !isMisspelt {
      report(.missingKey(key, in: fields.owner, example: example, at: fields.span))
    }
    return nil
  }

  /// The one text of a value; a map, a list or nothing is told.
  func scalar(_ entry: YAMLEntry, expected: String, example: String? = nil) -> YAMLScalar? {
    scalar(entry.value, key: entry.name, expected: expected, example: example, at: entry.keySpan)
  }

  func scalar(
    _ node: YAMLNode,
    key: String,
    expected: String,
    example: String? = nil,
    at keySpan: SourceSpan
  ) -> YAMLScalar? {
    guard let scalar = node.scalar else {
      report(
        .wrongType(
          key,
          expected: expected,
          got: node.kindDescription,
          example: example,
          at: node.place(orElse: keySpan)
        )
      )
      return nil
    }
    guard !scalar.isIndirection else {
      report(.indirectionMisplaced(key, scalar.text, at: scalar.span))
      return nil
    }
    return scalar
  }

  /// A quantity with or without a unit, inside a range that `phrase` describes: `at least 1`.
  func quantity<Value: Comparable>(
    _ fields: Fields,
    _ key: String,
    _ kind: QuantityKind<Value>,
    in range: some RangeExpression<Value>,
    _ phrase: String
  ) -> Value? {
    guard let entry = fields[key] else { return nil }
    return quantity(entry, kind, in: range, phrase)
  }

  func quantity<Value: Comparable>(
    _ entry: YAMLEntry,
    _ kind: QuantityKind<Value>,
    in range: some RangeExpression<Value>,
    _ phrase: String
  ) -> Value? {
    guard
      let scalar = scalar(
        entry,
        expected: kind.phrase,
        example: "\(entry.name): \(kind.examples[0])"
      ),
      let value = quantity(scalar, key: entry.name, kind)
    else { return nil }
    guard range.contains(value) else {
      report(.outOfRange(entry.name, scalar.text, range: phrase, at: scalar.span))
      return nil
    }
    return value
  }

  func quantity<Value>(
    _ scalar: YAMLScalar,
    key: String,
    _ kind: QuantityKind<Value>
  ) -> Value? {
    do throws(QuantityIssue) {
      let value = try kind.read(scalar.text)
      if let trap = YAMLTraps.finding(for: scalar, wanting: .number) { report(trap) }
      return value
    } catch {
      report(finding(error, scalar, key: key, kind))
      return nil
    }
  }

  private func finding<Value>(
    _ issue: QuantityIssue,
    _ scalar: YAMLScalar,
    key: String,
    _ kind: QuantityKind<Value>
  ) -> Diagnostic {
    if var trap = YAMLTraps.finding(for: scalar, wanting: .number) {
      // Harmless where text is meant; here it cannot be read as what it should be.
      trap.severity = .error
      return trap
    }
    let reason: String
    switch issue {
    case .unitMissing:
      return kind.phrase == "a duration"
        ? .durationWithoutUnit(key, scalar.text, at: scalar.span)
        : .quantityWithoutUnit(
          key,
          scalar.text,
          kind: kind.phrase,
          examples: kind.examples,
          at: scalar.span
        )
    case .unknownUnit(let unit): reason = "there is no unit `\(unit)` here"
    case .malformed:
      return .badQuantity(
        key,
        scalar.text,
        kind: kind.phrase,
        examples: kind.examples,
        at: scalar.span
      )
    case .tooLarge: reason = "it is too large"
    }
    return .badQuantity(
      key,
      scalar.text,
      kind: kind.phrase,
      examples: kind.examples,
      reason: reason,
      at: scalar.span
    )
  }

  /// `true` or `false`, as YAML 1.2 spells them.
  func boolean(_ entry: YAMLEntry) -> Bool? {
    guard let scalar = scalar(entry, expected: "a boolean", example: "\(entry.name): true") else {
      return nil
    }
    if scalar.isPlain, let value = YAMLTraps.boolean12(scalar.text) { return value }
    report(
      YAMLTraps.finding(for: scalar, wanting: .boolean)
        ?? .wrongType(
          entry.name,
          expected: "a boolean",
          got: scalar.kindDescription,
          example: "\(entry.name): true",
          at: scalar.span
        )
    )
    return nil
  }

  /// One of the words of a closed set.
  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ entry: YAMLEntry,
    _ type: Choice.Type
  ) -> Choice? {
    guard let scalar = scalar(entry, expected: "a word") else { return nil }
    return choice(scalar, key: entry.name, type)
  }

  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ scalar: YAMLScalar,
    key: String,
    _ type: Choice.Type
  ) -> Choice? {
    if let value = Choice(rawValue: scalar.text) { return value }
    let allowed = Choice.allCases.map(\.rawValue)
    report(
      .unknownValue(
        key,
        scalar.text,
        nearest: NearestName.nearest(to: scalar.text, among: allowed),
        allowed: allowed,
        at: scalar.span
      )
    )
    return nil
  }

  /// Several words of a closed set, none twice.
  func choices<Choice: RawRepresentable<String> & CaseIterable & Hashable>(
    _ entry: YAMLEntry,
    _ type: Choice.Type
  ) -> Set<Choice>? {
    let example = Choice.allCases.first.map { "\(entry.name): [\($0.rawValue)]" }
    guard let items = list(entry, of: "words", example: example) else { return nil }
    var chosen: Set<Choice> = []
    for item in items {
      guard let scalar = scalar(item, key: entry.name, expected: "a word", at: item.useSpan) else {
        continue
      }
      if let value = choice(scalar, key: entry.name, type) { chosen.insert(value) }
    }
    return chosen
  }

  /// The items of a list.
  func list(_ entry: YAMLEntry, of what: String, example: String? = nil) -> [YAMLNode]? {
    if let items = entry.value.sequence { return items }
    report(
      .wrongType(
        entry.name,
        expected: "a list of \(what)",
        got: entry.value.kindDescription,
        example: example,
        at: entry.valueSpan
      )
    )
    return nil
  }

  /// A text that is not empty.
  func text(_ entry: YAMLEntry, expected: String) -> YAMLScalar? {
    guard let scalar = scalar(entry, expected: expected) else { return nil }
    guard !scalar.text.isEmpty else {
      report(.wrongType(entry.name, expected: expected, got: "nothing", at: scalar.span))
      return nil
    }
    if let trap = YAMLTraps.finding(for: scalar, wanting: .text) { report(trap) }
    return scalar
  }

  /// Whether the value is the plain word `none`, which switches a part off.
  func isNone(_ node: YAMLNode) -> Bool { node.scalar?.text == "none" }
}

extension YAMLScalar {
  /// Whether it stands for a value that is looked up elsewhere.
  var isIndirection: Bool { text.hasPrefix("env:") || text.hasPrefix("file:") }
}
