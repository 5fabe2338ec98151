import SluiceCore

/// Binding what a test expects.
extension Binder {
  /// The expectations of a step, in the order written.
  ///
  /// What only a request can have is told where nobody asks.
  func expectations(_ entry: YAMLEntry, hasAsk: Bool) -> [TestExpectation] {
    guard
      let fields = fields(
        of: entry.value,
        Schema.testExpect,
        key: "expect",
        owner: "`expect`",
        at: entry.keySpan
      )
    else { return [] }
    var all: [TestExpectation] = []
    for item in fields.mapping.entries where Schema.testExpect.allows(item.name) {
      let bound = expectations(item)
      if !hasAsk, let first = bound.first, first.concernsRequest {
        report(
          .missingKey(
            "ask",
            in: "a step that expects a `\(item.name)`",
            example: "ask: hello",
            at: item.keySpan
          )
        )
      }
      all += bound
    }
    return all
  }

  private func expectations(_ entry: YAMLEntry) -> [TestExpectation] {
    func one(_ kind: TestExpectation.Kind?) -> [TestExpectation] {
      kind.map { [TestExpectation(key: entry.name, kind: $0, span: entry.valueSpan)] } ?? []
    }
    switch entry.name {
    case "status": return one(status(entry).map { .status($0) })
    case "code": return one(orNone(entry) { text($0, expected: "a code")?.text }.map { .code($0) })
    case "route": return one(orNone(entry) { named($0, .routes) }.map { .route($0) })
    case "target": return one(orNone(entry, goal).map { .target($0) })
    case "model": return one(orNone(entry) { named($0, .models) }.map { .model($0) })
    case "cache": return one(choice(entry, TestExpectation.Cache.self).map { .cache($0) })
    case "exits": return exits(entry)
    case "attempts": return one(attempts(entry).map { .attempts($0) })
    case "cost": return one(money(entry).map { .cost($0) })
    case "held": return one(money(entry).map { .held($0) })
    case "clamp": return one(orNone(entry) { count($0, least: 0) }.map { .clamp($0) })
    case "reserved":
      return entries(entry, of: "limits to counts", example: "{ tokens: 500 }")
        .compactMap { item in
          guard let limit = reference(item.key, to: .limits), let tokens = count(item, least: 0)
          else { return nil }
          return expectation(entry, item, .reserved(limit: limit, tokens))
        }
    case "headers":
      return entries(entry, of: "names to texts", example: "{ Retry-After: 12 }")
        .compactMap { item in
          orNone(item) { scalar($0, expected: "a text")?.text }
            .map { expectation(entry, item, .header(name: item.name.lowercased(), $0)) }
        }
    case "answer": return one(scalar(entry, expected: "a text").map { .answer($0.text) })
    case "ends": return one(choice(entry, TestExpectation.Ending.self).map { .ends($0) })
    case "within":
      return one(
        quantity(entry, .duration, in: .zero ... .seconds(86_400), "at most 1d")
          .map { .within($0) }
      )
    case "breakers":
      return entries(entry, of: "models to states", example: "{ gpt-4: open }")
        .compactMap { item in
          guard let model = reference(item.key, to: .models),
            let state = choice(item, TestExpectation.BreakerState.self)
          else { return nil }
          return expectation(entry, item, .breaker(model: model, state))
        }
    case "budgets": return budgets(entry)
    case "kill_switches":
      return entries(entry, of: "kill switches to states", example: "{ runaway: on }")
        .compactMap { item in
          guard let name = reference(item.key, to: .killSwitches),
            let state = choice(item, TestExpectation.SwitchState.self)
          else { return nil }
          return expectation(entry, item, .killSwitch(name: name, state))
        }
    default: preconditionFailure("the key table of `expect` has `\(entry.name)`")
    }
  }

  private func expectation(
    _ entry: YAMLEntry,
    _ item: YAMLEntry,
    _ kind: TestExpectation.Kind
  ) -> TestExpectation {
    TestExpectation(key: "\(entry.name).\(item.name)", kind: kind, span: item.valueSpan)
  }

  private func exits(_ entry: YAMLEntry) -> [TestExpectation] {
    entries(entry, of: "nodes to exits", example: "{ cache: miss, limit: admitted }")
      .compactMap { item in
        let exits: TestExpectation.Exits
        if let items = item.value.sequence {
          let names = items.compactMap {
            scalar($0, key: item.name, expected: "the name of an exit", at: $0.useSpan)?.text
          }
          guard names.count == items.count else { return nil }
          exits = .list(names)
        } else {
          guard let name = scalar(item, expected: "the name of an exit") else { return nil }
          exits = .each(name.text)
        }
        return expectation(
          entry,
          item,
          .exits(node: item.name, nodeSpan: item.keySpan, exits)
        )
      }
  }

  private func budgets(_ entry: YAMLEntry) -> [TestExpectation] {
    var all: [TestExpectation] = []
    for item in entries(entry, of: "budgets to money", example: "{ user-day: $1.98 }") {
      guard let name = reference(item.key, to: .budgets) else { continue }
      guard item.value.mapping != nil else {
        guard let left = money(item) else { continue }
        all.append(
          expectation(entry, item, .budget(name: name, .remaining, left, key: nil))
        )
        continue
      }
      guard
        let fields = fields(
          of: item.value,
          Schema.testBudget,
          key: item.name,
          owner: "budget `\(item.name)`",
          at: item.keySpan
        )
      else { continue }
      let key = fields["key"].flatMap { scalar($0, expected: "a text") }?.text
      for field in TestExpectation.BalanceField.allCases {
        guard let value = fields[field.rawValue], let amount = money(value) else { continue }
        all.append(
          TestExpectation(
            key: "budgets.\(item.name).\(field.rawValue)",
            kind: .budget(name: name, field, amount, key: key),
            span: value.valueSpan
          )
        )
      }
    }
    return all
  }

  private func attempts(_ entry: YAMLEntry) -> TestExpectation.Attempts? {
    guard let items = entry.value.sequence else {
      return count(entry, least: 0).map { .count($0) }
    }
    let models = items.compactMap { item in
      scalar(item, key: "attempts", expected: "the name of a model", at: item.useSpan)
        .flatMap { reference($0, to: .models) }
    }
    return models.count == items.count ? .models(models) : nil
  }

  /// A target, or the model that a client may name in its place.
  private func goal(_ entry: YAMLEntry) -> String? {
    guard let scalar = scalar(entry, expected: "the name of a target") else { return nil }
    if names(of: .models)[scalar.text] != nil { return scalar.text }
    return reference(scalar, to: .targets)
  }

  private func status(_ entry: YAMLEntry) -> Int? {
    quantity(entry, .count, in: 100...599, "from 100 to 599")
  }

  private func count(_ entry: YAMLEntry, least: Int) -> Int? {
    quantity(entry, .count, in: least...1_000_000_000, "from \(least) to 1000M")
  }

  private func money(_ entry: YAMLEntry) -> NanoDollars? {
    quantity(
      entry,
      .money,
      in: .zero...NanoDollars(.max),
      "not negative"
    )
  }

  /// `none` as nil; an outer nil if what is wrong has been told.
  private func orNone<Value>(_ entry: YAMLEntry, _ bind: (YAMLEntry) -> Value?) -> Value?? {
    if isNone(entry.value) { return .some(nil) }
    return bind(entry).map { .some($0) }
  }
}
