import SluiceCore
import SluiceExpressions
import SluicePolicy

extension Binder {
  func bindTarget(_ entry: YAMLEntry) -> TargetSettings? {
    switch entry.value.content {
    case .sequence(let items):
      guard !items.isEmpty else {
        report(.emptyTarget(entry.name, at: entry.keySpan))
        return nil
      }
      let positions = names(of: .models).positions
      let candidates = references(items, key: entry.name, to: .models)
        .compactMap { positions[$0].map { ModelIndex($0) } }
      guard !candidates.isEmpty else { return nil }
      return TargetSettings(
        name: entry.name,
        kind: .candidates(candidates),
        place: place(of: entry.keySpan)
      )
    case .mapping:
      return split(entry)
        .map {
          TargetSettings(name: entry.name, kind: $0, place: place(of: entry.keySpan))
        }
    case .null, .scalar:
      report(
        .wrongType(
          entry.name,
          expected: "a list of models, or a map with `split`",
          got: entry.value.kindDescription,
          example: "\(entry.name): [model]",
          at: entry.valueSpan
        )
      )
      return nil
    }
  }

  private func split(_ entry: YAMLEntry) -> TargetSettings.Kind? {
    guard
      let fields = fields(
        of: entry.value,
        Schema.split,
        key: entry.name,
        owner: "target `\(entry.name)`",
        at: entry.keySpan
      )
    else { return nil }
    let by = required("by", fields, example: "by: user.id")
      .flatMap { expression($0, .string, in: .request) }
    guard let split = required("split", fields, example: "split: { fast: 95%, slow: 5% }") else {
      return nil
    }
    guard let mapping = split.value.mapping, !mapping.isEmpty else {
      report(
        .wrongType(
          "split",
          expected: "a map of targets to percent",
          got: split.value.mapping == nil ? split.value.kindDescription : "an empty map",
          example: "split: { fast: 95%, slow: 5% }",
          at: split.valueSpan
        )
      )
      return nil
    }
    let shares = mapping.entries.map { share($0, of: entry) }
    let whole = shares.compactMap(\.self)
    guard whole.count == shares.count else { return nil }
    let sum = whole.reduce(0) { $0 + $1.millionths }
    guard sum == 1_000_000 else {
      report(.splitShares(sum: Ratio.text(millionths: sum), at: split.value.span))
      return nil
    }
    return by.map { .split(whole, by: $0) }
  }

  private func share(_ entry: YAMLEntry, of target: YAMLEntry) -> TargetSettings.Share? {
    let millionths = quantity(entry, .percent, in: 1...1_000_000, "above 0 and at most 100%")
    guard let name = reference(entry.name, at: entry.keySpan, to: .targets),
      let position = names(of: .targets).positions[name]
    else { return nil }
    if let path = pathBack(to: target.name, from: name) {
      report(
        .targetCycle([target.name] + path, at: entry.keySpan),
        once: "circle of targets \(Set(path).sorted())"
      )
      return nil
    }
    guard splitShares(of: name).isEmpty else {
      report(
        .wrongType(
          "split",
          expected: "a map of targets that have models",
          got: "a split of a split",
          at: entry.keySpan
        )
      )
      return nil
    }
    return millionths.map {
      TargetSettings.Share(target: TargetIndex(position), millionths: $0)
    }
  }

  /// The names that lead from one target to another through splits; nil if none do.
  private func pathBack(to goal: String, from start: String) -> [String]? {
    var seen: Set<String> = []
    func walk(_ name: String) -> [String]? {
      if name == goal { return [name] }
      guard seen.insert(name).inserted else { return nil }
      for next in splitShares(of: name) {
        if let path = walk(next) { return [name] + path }
      }
      return nil
    }
    return walk(start)
  }

  /// What a target is split into; empty if it has candidates.
  private func splitShares(of name: String) -> [String] {
    let split = names(of: .targets).entry(name)?.value.mapping?["split"]
    return split?.value.mapping?.keys ?? []
  }

  /// Binds `routes`, in their order.
  func bindRoutes() -> [Declared<RouteSettings>] {
    guard let entry = sections[.routes],
      let items = list(entry, of: "routes", example: "routes: [{ name: all, to: fast }]")
    else { return [] }
    return items.compactMap { item in
      let name = item.mapping?["name"]?.value.scalar
      let span = name?.span ?? item.mapping?.entries.first?.keySpan ?? item.span
      return route(item, name: name, at: span)
        .map {
          Declared(nameSpan: span, node: item, settings: $0)
        }
    }
  }

  private func route(_ item: YAMLNode, name: YAMLScalar?, at span: SourceSpan) -> RouteSettings? {
    guard
      let fields = fields(
        of: item,
        Schema.route,
        key: "routes",
        owner: name.map { "route `\($0.text)`" } ?? "a route",
        at: span
      )
    else { return nil }
    if let entry = required("name", fields, example: "name: rest"),
      let scalar = text(entry, expected: "a name"),
      let reason = NameRule.of(.routes).objection(to: scalar.text)
    {
      report(.badName("route", scalar.text, reason: reason, at: scalar.span))
    }
    let condition = condition(fields)
    let destination = required("to", fields, example: "to: fast").flatMap(self.destination)
    guard let name, let destination else { return nil }
    return RouteSettings(
      name: name.text,
      condition: condition,
      destination: destination,
      place: place(of: name.span)
    )
  }

  private func destination(_ entry: YAMLEntry) -> RouteSettings.Destination? {
    guard let scalar = text(entry, expected: "the name of a target, or `requested`") else {
      return nil
    }
    if scalar.text == "requested" { return .requested }
    guard let name = reference(scalar, to: .targets) else { return nil }
    return names(of: .targets).positions[name].map { .target(TargetIndex($0)) }
  }
}
