import SluiceCore

/// Binding the files of tests.
extension Binder {
  /// What holds unless a case, or a step, says otherwise.
  struct TestDefaults {
    var start: Int64 = 1_772_366_400
    var identity = TestIdentity()
    var behaviours: [TestBehaviours] = []
  }

  /// Binds the cases of all files of tests; they need the names of the policy beside them.
  func bindTests() -> TestSuite {
    var suite = TestSuite()
    var seen: [String: SourceSpan] = [:]
    for (mapping, span) in sections.tests {
      let fields = fields(
        of: YAMLNode(.mapping(mapping), span: span),
        Schema.testFile,
        key: "file",
        owner: "a file of tests",
        at: mapping.entries.first?.keySpan ?? span
      )
      guard let fields else { continue }
      var defaults = TestDefaults()
      take(&defaults, fields)
      guard let entry = required("cases", fields, example: "cases: []"),
        let items = list(entry, of: "cases", example: "cases: [{ name: …, ask: … }]")
      else { continue }
      for item in items {
        guard let bound = testCase(item, defaults, at: entry.keySpan) else { continue }
        if let first = seen.updateValue(bound.nameSpan, forKey: bound.name) {
          report(.duplicateName("case", bound.name, at: bound.nameSpan, first: first))
        }
        suite.cases.append(bound)
      }
    }
    return suite
  }

  private func take(_ defaults: inout TestDefaults, _ fields: Fields) {
    if let start = fields["at"].flatMap(time) { defaults.start = start }
    if let identity = fields["as"].flatMap(testIdentity) { defaults.identity = identity }
    defaults.behaviours += behaviours(fields)
  }

  private func testCase(
    _ node: YAMLNode,
    _ defaults: TestDefaults,
    at span: SourceSpan
  ) -> TestCase? {
    guard
      let fields = fields(
        of: node,
        Schema.testCase,
        key: "cases",
        owner: "a case",
        at: node.place(orElse: span).beginning
      )
    else { return nil }
    let name = required("name", fields, example: "name: plain questions are fast")
      .flatMap { text($0, expected: "a sentence") }
    var defaults = defaults
    take(&defaults, fields)
    var steps: [TestStep] = []
    if let entry = fields["steps"] {
      for key in ["ask", "expect"] {
        guard let other = fields[key] else { continue }
        report(
          .conflictingKeys(
            key,
            "steps",
            in: "a case",
            at: other.keySpan,
            other: entry.keySpan
          )
        )
      }
      steps = (list(entry, of: "steps", example: "steps: [{ ask: hello }]") ?? [])
        .compactMap { testStep($0, defaults, at: entry.keySpan) }
    } else if let entry = required("ask", fields, example: "ask: hello"),
      let ask = testAsk(entry, defaults.identity)
    {
      let expectations = fields["expect"].map { self.expectations($0, hasAsk: true) } ?? []
      steps = [
        TestStep(
          span: entry.keySpan,
          behaviours: [],
          orders: [],
          ask: ask,
          expectations: expectations
        )
      ]
    }
    guard let name else { return nil }
    if !steps.isEmpty { steps[0].behaviours = defaults.behaviours + steps[0].behaviours }
    return TestCase(name: name.text, nameSpan: name.span, start: defaults.start, steps: steps)
  }

  private func testStep(
    _ node: YAMLNode,
    _ defaults: TestDefaults,
    at span: SourceSpan
  ) -> TestStep? {
    let place = node.place(orElse: span).beginning
    guard
      let fields = fields(of: node, Schema.testStep, key: "steps", owner: "a step", at: place)
    else { return nil }
    let identity = fields["as"].flatMap(testIdentity) ?? defaults.identity
    var ask: TestAsk?
    if let entry = fields["ask"] {
      ask = testAsk(entry, identity)
      if let times = quantity(fields, "times", .count, in: 1...100_000, "from 1 to 100k") {
        ask?.times = times
      }
      if let background = fields["background"].flatMap(boolean) {
        ask?.isInBackground = background
      }
    } else {
      for key in ["as", "times", "background"] {
        guard let entry = fields[key] else { continue }
        report(
          .missingKey("ask", in: "a step with `\(key)`", example: "ask: hello", at: entry.keySpan)
        )
      }
    }
    let orders = self.orders(fields)
    let wait = quantity(
      fields,
      "wait",
      .duration,
      in: .zero ... .seconds(366 * 86_400),
      "at most 366d"
    )
    let expectations = fields["expect"].map { self.expectations($0, hasAsk: ask != nil) } ?? []
    if fields.mapping.isEmpty {
      _ = required("ask", fields, example: "ask: hello")
    }
    return TestStep(
      span: place,
      behaviours: behaviours(fields),
      wait: wait,
      orders: orders,
      ask: ask,
      expectations: expectations
    )
  }

  // MARK: Who asks, and what

  private func testIdentity(_ entry: YAMLEntry) -> TestIdentity? {
    var identity = TestIdentity()
    if let word = entry.value.scalar {
      guard let chosen = choice(word, key: "as", AsWord.self) else { return nil }
      if chosen == .stranger { identity.key = .unknown }
      return identity
    }
    guard
      let fields = fields(
        of: entry.value,
        Schema.testIdentity,
        key: "as",
        owner: "`as`",
        at: entry.keySpan
      )
    else { return nil }
    let user = fields["user"].flatMap { text($0, expected: "a name") }?.text
    let tenant = fields["tenant"].flatMap { text($0, expected: "a name") }?.text
    let tier = fields["tier"].flatMap { named($0, .tiers) }
    identity.product = fields["product"].flatMap { named($0, .products) }
    let products = fields["products"].flatMap { references($0, to: .products) }
    if fields.has("user") || fields.has("tenant") || fields.has("tier") || fields.has("products") {
      identity.key = .issued(
        tenant: tenant ?? "",
        user: user ?? "",
        tier: tier ?? "",
        products: products ?? identity.product.map { [$0] } ?? []
      )
    }
    if let entry = fields["ip"], let scalar = scalar(entry, expected: "an address") {
      if let address = HostAddress(scalar.text) {
        identity.address = address
      } else {
        report(
          .badQuantity(
            "ip",
            scalar.text,
            kind: "an address",
            examples: ["10.0.0.7"],
            at: scalar.span
          )
        )
      }
    }
    return identity
  }

  private enum AsWord: String, CaseIterable { case nobody, stranger }

  private func testAsk(_ entry: YAMLEntry, _ identity: TestIdentity) -> TestAsk? {
    var ask = TestAsk(
      span: entry.valueSpan,
      identity: identity,
      path: .chat,
      body: .prompt(TestPrompt()),
      headers: [],
      times: 1,
      isInBackground: false
    )
    var prompt = TestPrompt()
    if let scalar = entry.value.scalar {
      prompt.text = scalar.text
      ask.body = .prompt(prompt)
      return ask
    }
    guard
      let fields = fields(
        of: entry.value,
        Schema.testAsk,
        key: "ask",
        owner: "`ask`",
        at: entry.keySpan
      )
    else { return nil }
    if let path = fields["path"].flatMap({ choice($0, TestAsk.Path.self) }) { ask.path = path }
    if let entry = fields["headers"] { ask.headers = headers(entry) }
    ask.leavesAfter = delay(fields, "leaves")
    if let entry = fields["body"] {
      for key in fields.mapping.keys
      where !["body", "path", "headers", "leaves"].contains(key) && Schema.testAsk.allows(key) {
        guard let other = fields[key] else { continue }
        report(
          .conflictingKeys(key, "body", in: "`ask`", at: other.keySpan, other: entry.keySpan)
        )
      }
      guard let body = scalar(entry, expected: "JSON in a text") else { return nil }
      ask.body = .verbatim(body.text)
      return ask
    }
    if ask.path != .models, let entry = required("prompt", fields, example: "prompt: hello") {
      prompt.text = scalar(entry, expected: "a text")?.text ?? ""
    }
    if let count = quantity(fields, "repeat", .count, in: 1...1_000_000, "from 1 to 1M") {
      let size = prompt.text.utf8.count * count
      if size <= Bounds.policyFileBytes {
        prompt.text = String(repeating: prompt.text, count: count)
      } else if let entry = fields["repeat"] {
        report(
          .outOfRange(
            "repeat",
            "\(count)",
            range: "a prompt of at most \(Bounds.policyFileBytes) bytes",
            at: entry.valueSpan
          )
        )
      }
    }
    prompt.system = fields["system"].flatMap { scalar($0, expected: "a text") }?.text
    if let model = fields["model"].flatMap({ text($0, expected: "a name") }) {
      prompt.model = model.text
    }
    if let isStreaming = fields["stream"].flatMap(boolean) { prompt.isStreaming = isStreaming }
    prompt.maxTokens = tokens(fields, "max_tokens")
    prompt.choices = quantity(fields, "n", .count, in: 1...128, "from 1 to 128")
    ask.body = .prompt(prompt)
    return ask
  }

  private func headers(_ entry: YAMLEntry) -> [(name: String, value: String)] {
    entries(entry, of: "names to texts", example: "{ X-Sluice-User: ada }")
      .compactMap { item in
        guard isHeaderName(item) else { return nil }
        guard let value = scalar(item, expected: "a text"),
          value.text.utf8.allSatisfy({ (0x20...0x7e).contains($0) })
        else { return nil }
        return (item.name.lowercased(), value.text)
      }
  }

  /// Whether a key can be the name of a field (RFC 9110 §5.1); told if not.
  private func isHeaderName(_ entry: YAMLEntry) -> Bool {
    let isName =
      !entry.name.isEmpty
      && entry.name.utf8.allSatisfy { byte in
        (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
          || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
          || "-_".utf8.contains(byte)
      }
    if !isName {
      report(
        .badName("header", entry.name, reason: "it is letters, digits and `-`", at: entry.keySpan)
      )
    }
    return isName
  }

  // MARK: What an operator does

  /// In the order of the key table.
  private func orders(_ fields: Fields) -> [TestOrder] {
    var orders = ["kill", "revive", "invalidate"].compactMap { fields[$0].flatMap(order) }
    if let entry = fields["force"] {
      for item in entries(entry, of: "models to states", example: "{ gpt-4: open }") {
        guard let model = reference(item.key, to: .models),
          let force = choice(item, TestForce.self)
        else { continue }
        orders.append(.force(model: model, force))
      }
    }
    if let entry = fields["health"] {
      for item in entries(entry, of: "upstreams to states", example: "{ openai: down }") {
        guard let upstream = reference(item.key, to: .upstreams),
          let health = choice(item, TestHealth.self)
        else { continue }
        orders.append(.health(upstream: upstream, health))
      }
    }
    return orders
  }

  private func order(_ entry: YAMLEntry) -> TestOrder? {
    let isEverything = entry.value.scalar?.text == "everything"
    switch entry.name {
    case "kill":
      if isEverything {
        return .kill(TestKill(scope: [:], action: .deny, duration: nil, cutsRunning: false))
      }
      guard let fields = self.fields(entry, Schema.testKill) else { return nil }
      return .kill(
        TestKill(
          scope: scope(fields),
          action: fields["do"].flatMap { choice($0, TestKill.Action.self) } ?? .deny,
          duration: quantity(
            fields,
            "for",
            .duration,
            in: .seconds(1) ... .seconds(366 * 86_400),
            "from 1s to 366d"
          ),
          cutsRunning: fields["cut_running"].flatMap(boolean) ?? false
        )
      )
    case "revive":
      if isEverything { return .revive([:]) }
      return self.fields(entry, Schema.testScope).map { .revive(scope($0)) }
    default:
      if isEverything { return .invalidate(.everything) }
      guard let fields = self.fields(entry, Schema.testSelection) else { return nil }
      if let product = fields["product"] {
        return named(product, .products).map { .invalidate(.product($0)) }
      }
      return required("tag", fields, example: "tag: catalog")
        .flatMap { text($0, expected: "a tag") }.map { .invalidate(.tag($0.text)) }
    }
  }

  private func fields(_ entry: YAMLEntry, _ table: KeyTable) -> Fields? {
    fields(
      of: entry.value,
      table,
      key: entry.name,
      owner: "`\(entry.name)`",
      at: entry.keySpan
    )
  }

  private func scope(_ fields: Fields) -> [String: String] {
    var scope: [String: String] = [:]
    for key in ["tenant", "user"] {
      scope[key] = fields[key].flatMap { text($0, expected: "a name") }?.text
    }
    scope["tier"] = fields["tier"].flatMap { named($0, .tiers) }
    scope["product"] = fields["product"].flatMap { named($0, .products) }
    scope["model"] = fields["model"].flatMap { named($0, .models) }
    return scope
  }

  // MARK: How upstreams behave

  private func behaviours(_ fields: Fields) -> [TestBehaviours] {
    var all: [TestBehaviours] = []
    if let entry = fields["upstreams"] {
      for item in entries(entry, of: "upstreams to behaviours", example: "{ openai: 500 }") {
        guard let name = reference(item.key, to: .upstreams), let listed = behaviours(item) else {
          continue
        }
        all.append(TestBehaviours(subject: .upstream(name), listed: listed))
      }
    }
    if let entry = fields["models"] {
      for item in entries(entry, of: "models to behaviours", example: "{ gpt-4: 500 }") {
        guard let name = reference(item.key, to: .models), let listed = behaviours(item) else {
          continue
        }
        all.append(TestBehaviours(subject: .model(name), listed: listed))
      }
    }
    return all
  }

  private func behaviours(_ entry: YAMLEntry) -> [TestBehaviour]? {
    guard let items = entry.value.sequence else {
      return behaviour(entry.value, of: entry).map { [$0] }
    }
    guard !items.isEmpty else {
      report(
        .wrongType(
          entry.name,
          expected: "a behaviour",
          got: "an empty list",
          example: "\(entry.name): ok",
          at: entry.valueSpan
        )
      )
      return nil
    }
    return items.compactMap { behaviour($0, of: entry) }
  }

  /// A word, a status, or a map.
  private func behaviour(_ node: YAMLNode, of entry: YAMLEntry) -> TestBehaviour? {
    var behaviour = TestBehaviour()
    if let scalar = node.scalar {
      if scalar.text == "ok" { return behaviour }
      if let status = Int(scalar.text) {
        guard (200...599).contains(status) else {
          report(
            .outOfRange(entry.name, scalar.text, range: "from 200 to 599", at: scalar.span)
          )
          return nil
        }
        behaviour.status = status
        return behaviour
      }
      if let fault = TestBehaviour.Fault(rawValue: scalar.text) {
        behaviour.fault = fault
        return behaviour
      }
      let words = ["ok"] + TestBehaviour.Fault.allCases.map(\.rawValue)
      report(
        .unknownValue(
          entry.name,
          scalar.text,
          nearest: NearestName.nearest(to: scalar.text, among: words),
          allowed: words + ["a status", "a map"],
          at: scalar.span
        )
      )
      return nil
    }
    guard
      let fields = fields(
        of: node,
        Schema.testBehaviour,
        key: entry.name,
        owner: "the behaviour of `\(entry.name)`",
        at: entry.keySpan
      )
    else { return nil }
    behaviour.status = quantity(fields, "status", .count, in: 200...599, "from 200 to 599")
    behaviour.code = fields["code"].flatMap { text($0, expected: "a code") }?.text
    behaviour.retryAfter = delay(fields, "retry_after")
    behaviour.fault = fields["fault"].flatMap { choice($0, TestBehaviour.Fault.self) }
    behaviour.after = tokens(fields, "after", least: 0)
    behaviour.answer = fields["answer"].flatMap { scalar($0, expected: "a text") }?.text
    behaviour.output = tokens(fields, "output", least: 0)
    behaviour.ignoresLimit = fields["ignores_limit"].flatMap(boolean) ?? false
    behaviour.latency = delay(fields, "latency")
    behaviour.gap = delay(fields, "gap")
    if let entry = fields["usage"] {
      if isNone(entry.value) {
        behaviour.usage = .none
      } else if let fields = self.fields(entry, Schema.testUsage) {
        var usage = TestBehaviour.Usage()
        usage.prompt = tokens(fields, "prompt", least: 0)
        usage.completion = tokens(fields, "completion", least: 0)
        usage.cached = tokens(fields, "cached", least: 0)
        usage.reasoning = tokens(fields, "reasoning", least: 0)
        behaviour.usage = .said(usage)
      }
    }
    return behaviour
  }

  // MARK: Single values

  private func tokens(_ fields: Fields, _ key: String, least: Int = 1) -> Int? {
    quantity(fields, key, .count, in: least...1_000_000_000, "from \(least) to 1000M")
  }

  private func delay(_ fields: Fields, _ key: String) -> Duration? {
    quantity(fields, key, .duration, in: .zero ... .seconds(86_400), "at most 1d")
  }

  /// The name of something that is declared.
  func named(_ entry: YAMLEntry, _ section: Section) -> String? {
    let kind = names(of: section).kind
    return scalar(entry, expected: "the name of a \(kind)").flatMap { reference($0, to: section) }
  }

  func entries(_ entry: YAMLEntry, of what: String, example: String) -> [YAMLEntry] {
    if let mapping = entry.value.mapping { return mapping.entries }
    report(
      .wrongType(
        entry.name,
        expected: "a map of \(what)",
        got: entry.value.kindDescription,
        example: "\(entry.name): \(example)",
        at: entry.valueSpan
      )
    )
    return []
  }

  private func time(_ entry: YAMLEntry) -> Int64? {
    guard
      let scalar = scalar(entry, expected: "a time", example: "\(entry.name): 2026-03-01T12:00:00Z")
    else { return nil }
    if let seconds = UTCTime.seconds(of: scalar.text), (0...7_258_118_400).contains(seconds) {
      return seconds
    }
    report(
      .badQuantity(
        entry.name,
        scalar.text,
        kind: "a time",
        examples: ["2026-03-01T12:00:00Z"],
        at: scalar.span
      )
    )
    return nil
  }
}
