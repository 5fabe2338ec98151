import SluiceCore
package import SluiceExpressions

/// A request that shows what an analysis claims: the real evaluator agrees with it.
package struct ReachWitness: Sendable {
  /// What is not a plain request's, as `name: value`, in the order of the variables.
  package var parts: [(name: String, value: Value)]
  /// By slot; a variable that is not here is as any plain request has it.
  package var values: [Int: Value]
  /// By host function and arguments.
  package var states: [(function: Int, arguments: [Value], answer: Value)]

  package init(
    parts: [(name: String, value: Value)] = [],
    values: [Int: Value] = [:],
    states: [(function: Int, arguments: [Value], answer: Value)] = []
  ) {
    self.parts = parts
    self.values = values
    self.states = states
  }

  /// `product: "image", user.tier: ""`.
  package var description: String {
    guard !parts.isEmpty else { return "any request" }
    return parts.prefix(8)
      .map { part in
        let text = part.value.literal
        return "\(part.name): \(text.count > 40 ? "\(text.prefix(20))…\"" : text)"
      }
      .joined(separator: ", ")
  }
}

/// Looks for a request in a region, and asks the real evaluator whether it is one.
struct WitnessSearch: Sendable {
  private let routes: [RouteCover.Route]
  private let features: [Int: CheckedExpression]
  private let names: ReachNames

  init(
    _ routes: [RouteCover.Route],
    _ features: [Int: CheckedExpression],
    _ names: ReachNames
  ) {
    self.routes = routes
    self.features = features
    self.names = names
  }

  private static let mostBoxes = 32

  /// A request of those boxes that the route at `taking` takes; `nil`: that none takes.
  func find(in boxes: [Box], of space: ReachSpace, taking goal: Int?) -> ReachWitness? {
    guard !boxes.isEmpty, !routes.contains(where: \.isUnclear) else { return nil }
    let programs = routes.map { $0.condition?.program() }
    let features = self.features.mapValues { $0.program() }
    // A box that demands less of what cannot be chosen is likelier to hold a request.
    let ordered = boxes.prefix(1_000)
      .sorted { count(of: $0, space) < count(of: $1, space) }
      .prefix(Self.mostBoxes)
    for box in ordered {
      for attempt in 0..<Self.texts.count {
        let witness = sample(of: box, space, attempt)
        if taker(of: witness, programs, features) == goal { return witness }
        if count(of: box, space) == 0, attempt > 0 { break }
      }
    }
    return nil
  }

  /// The plainest requests of a box, with texts of several lengths.
  func samples(of box: Box, _ space: ReachSpace) -> [ReachWitness] {
    Self.texts.indices.map { sample(of: box, space, $0) }
  }

  /// How many sides of a box are not free.
  private func count(of box: Box, _ space: ReachSpace) -> Int {
    box.sides.count { !space.dimensions[$0.dimension].isFree }
  }

  private static let texts = [
    "hello", "", String(repeating: "word ", count: 400), String(repeating: "word ", count: 8_000),
  ]

  /// The plainest request of a box.
  private func sample(of box: Box, _ space: ReachSpace, _ attempt: Int) -> ReachWitness {
    var witness = ReachWitness()
    var headers: [(String, String)] = []
    var wanted: [String] = []
    var named: [(place: Int, name: String, value: Value)] = []
    for side in box.sides {
      let dimension = space.dimensions[side.dimension]
      switch dimension.source {
      case .variable(let variable):
        guard let value = plainest(variable, in: side.values) else { continue }
        witness.values[variable.slot] = value
        named.append((variable.slot, variable.name, value))
      case .presence(let header):
        guard side.values == .flags(.yes) else { continue }
        let text = space.dimensions.firstIndex { $0.source == .header(header) }
          .flatMap { box[$0] }
          .flatMap { Self.text(in: $0, preferring: ["1", "yes"]) }
        headers.append((header, text ?? "1"))
      case .header: continue
      case .state(let function, let arguments):
        guard let answer = Self.state(in: side.values, function) else { continue }
        witness.states.append((function, arguments, answer))
        named.append((PolicyVariable.allCases.count, dimension.name, answer))
      case .derived:
        if side.values == .flags(.yes), let text = Self.literal(in: dimension.name) {
          wanted.append(text)
        }
      }
    }
    let asksHeaders = box.sides.contains {
      if case .presence = space.dimensions[$0.dimension].source { true } else { false }
    }
    if asksHeaders {
      let value = Value.strings(headers)
      witness.values[PolicyVariable.headers.slot] = value
      named.append((PolicyVariable.headers.slot, "headers", value))
    }
    for variable in [PolicyVariable.promptText, .requestText]
    where witness.values[variable.slot] == nil {
      let text = ([Self.texts[attempt]] + wanted).filter { !$0.isEmpty }.joined(separator: " ")
      witness.values[variable.slot] = .string(text)
      let isMentioned = box.sides.contains { side in
        let dimension = space.dimensions[side.dimension]
        return !dimension.isFree && dimension.name.contains(variable.name)
      }
      if isMentioned { named.append((variable.slot, variable.name, .string(text))) }
    }
    witness.parts = named.sorted { $0.place < $1.place }.map { ($0.name, $0.value) }
    return witness
  }

  /// The text in `….contains("text")`, for a prompt that holds it.
  private static func literal(in name: String) -> String? {
    guard let start = name.range(of: ".contains(\""), name.hasSuffix("\")") else { return nil }
    let text = name[start..<name.index(name.endIndex, offsetBy: -2)]
    return text.contains("\\") || text.contains("\"") ? nil : String(text)
  }

  private static func state(in values: ValueSet, _ function: Int) -> Value? {
    switch values {
    case .texts: text(in: values, preferring: ["closed", "open"]).map { .string($0) }
    case .numbers(let numbers):
      number(in: numbers, preferring: [0]).flatMap { Int64(exactly: $0) }
        .map { .money(NanoDollars($0)) }
    case .flags: nil
    }
  }

  private func plainest(_ variable: PolicyVariable, in values: ValueSet) -> Value? {
    switch values {
    case .flags(let flags): return .bool(!flags.contains(.no))
    case .texts:
      let preferred: [String] =
        switch variable {
        case .userTier: [""] + names.tiers
        case .product: [""] + names.products
        case .requestModel: ["auto"] + names.requestable
        case .requestPath: ReachSpace.paths
        case .userID: ["somebody"]
        case .promptText, .requestText: ["hello"]
        default: [""]
        }
      return Self.text(in: values, preferring: preferred).map { .string($0) }
    case .numbers(let numbers):
      switch variable {
      case .requestTemperature:
        return Self.number(in: numbers, preferring: [1, 0, 0.5].map(\Double.place))
          .map { .double(Double(place: $0)) }
      case .clientIP:
        let plain: [Int128] = ["192.0.2.1", "10.0.0.1", "2001:db8::"]
          .compactMap { HostAddress($0) }.map { AddressPlace.place(of: $0) }
        return Self.number(in: numbers, preferring: plain)
          .map { .string(AddressPlace.text(at: $0)) }
      case .now:
        guard let place = Self.number(in: numbers, preferring: [0]) else { return nil }
        let (seconds, rest) = place.quotientAndRemainder(dividingBy: 1_000_000_000)
        let floor = rest < 0 ? (seconds - 1, rest + 1_000_000_000) : (seconds, rest)
        return Timestamp(seconds: Int64(floor.0), nanoseconds: Int32(floor.1))
          .map { .timestamp($0) }
      default:
        return Self.number(in: numbers, preferring: [1, 100, 0]).map { .int(Int64($0)) }
      }
    }
  }

  private static func number(
    in numbers: Intervals<Int128>,
    preferring preferred: [Int128]
  ) -> Int128? {
    preferred.first { numbers.contains($0) } ?? numbers.parts.first?.lower
  }

  private static func text(in values: ValueSet, preferring preferred: [String]) -> String? {
    guard case .texts(let texts) = values, let first = texts.parts.first else { return nil }
    if let known = (preferred + ["other", "another"])
      .first(where: { texts.contains(TextPoint($0)) })
    {
      return known
    }
    // Behind a text there is one that can be read as well as the very next.
    let plain = texts.parts.map(\.lower)
      .flatMap { lower in
        let text = lower.text.filter { $0 != "\0" }
        return [text, text + "-2", text + "x", "a"]
      }
    return plain.first { texts.contains(TextPoint($0)) } ?? first.lower.text
  }
}

// The real evaluator.
extension WitnessSearch {
  /// The route that takes a request, as `RouteTable` decides; `nil` if none does.
  private func taker(
    of witness: ReachWitness,
    _ programs: [Program?],
    _ features: [Int: Program]
  ) -> Int? {
    let first = PolicyVariable.slot(ofFeature: 0)
    let slots = max(first, (features.keys.max() ?? first) + 1)
    var frame = Frame(slots: slots, source: WitnessSource(witness: witness, features: features))
    let isNamed =
      witness.values[PolicyVariable.requestModel.slot].map { $0 != .string("auto") } ?? false
    for (position, route) in routes.enumerated() {
      if let program = programs[position] {
        do throws(EvaluationError) {
          guard try program.evaluateBool(&frame) else { continue }
        } catch {
          // As at run time: a condition that fails does not match.
          continue
        }
      }
      if !route.isRequested || isNamed { return position }
    }
    return nil
  }
}

/// A request made up of plain values.
package struct WitnessSource: FrameSource {
  let witness: ReachWitness
  let features: [Int: Program]

  package init(witness: ReachWitness, features: [Int: Program]) {
    self.witness = witness
    self.features = features
  }

  package func value(
    ofSlot slot: Int,
    in frame: inout Frame
  ) throws(EvaluationError) -> Value {
    if let value = witness.values[slot] { return value }
    guard let variable = PolicyVariable(rawValue: slot) else {
      guard let feature = features[slot] else { throw .unavailable("a feature") }
      return try feature.evaluate(&frame)
    }
    switch variable {
    case .requestModel: return .string("auto")
    case .requestPath: return .string("/v1/chat/completions")
    case .requestTemperature: return .double(1)
    case .promptText, .requestText: return .string("hello")
    case .promptTokens: return .int(8)
    case .userID: return .string("somebody")
    case .clientIP: return .string("192.0.2.1")
    case .requestStream: return .bool(false)
    case .requestMaxTokens: return .int(0)
    case .requestTools: return .list([])
    case .headers: return .strings([(String, String)]())
    case .now: return .timestamp(Timestamp(wallNanoseconds: 0))
    case .userTier, .tenant, .product, .route, .target, .modelName, .modelUpstream:
      return .string("")
    }
  }

  package func call(
    _ function: Int,
    _ arguments: [Value],
    in frame: inout Frame
  ) throws(EvaluationError) -> Value {
    if let state = witness.states.first(where: {
      $0.function == function && $0.arguments == arguments
    }) {
      return state.answer
    }
    guard function == StateFunction.breakerState.rawValue else { throw .unavailable("state") }
    return .string("closed")
  }
}

extension String {
  /// The place behind the first occurrence of a text.
  fileprivate func range(of text: String) -> Index? {
    var index = startIndex
    while index < endIndex {
      if self[index...].hasPrefix(text) { return self.index(index, offsetBy: text.count) }
      index = self.index(after: index)
    }
    return nil
  }
}
