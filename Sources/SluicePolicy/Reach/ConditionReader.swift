import SluiceCore
import SluiceExpressions

/// Where a condition holds and where it does not; where it is in neither, it fails.
///
/// CEL absorbs failures (`false && error` is false), and a route whose condition fails does not
/// match; so both are kept.
package struct Truth: Sendable {
  package var holds: Region
  package var fails: Region

  var negated: Truth { Truth(holds: fails, fails: holds) }

  static func both(_ value: Bool) -> Truth {
    value ? Truth(holds: .everything, fails: .nothing) : Truth(holds: .nothing, fails: .everything)
  }
}

/// Reads conditions as sets of requests.
///
/// Read exactly: `&&`, `||`, `!`, `? :`; comparisons of a variable, a header or the state of a
/// breaker with constants (`==`, `!=`, `<` and its kin, `in`); `startsWith`; the presence of
/// headers; features, by what they stand for. What is left is an unknown of its own, the same
/// wherever it is written the same.
struct ConditionReader {
  var space: ReachSpace
  /// By slot.
  private let features: [Int: CheckedExpression]
  /// Whether another reader, with features of its own, goes on in the same space.
  private let isShared: Bool
  private var known: [Int: Truth] = [:]
  private var depth = 0

  init(_ space: ReachSpace, features: [Int: CheckedExpression], isShared: Bool = false) {
    self.space = space
    self.features = features
    self.isShared = isShared
  }

  /// What a route takes if it is asked.
  mutating func read(_ route: RouteCover.Route) throws(TooLarge) -> Truth {
    var truth = Truth.both(true)
    if let condition = route.condition { truth = try read(condition) }
    if route.isRequested {
      let model = space.dimension(of: .requestModel)
      let named = space.domain(of: model).subtracting(.texts(Intervals(text: "auto")))
      truth.holds =
        named.isEmpty ? .nothing : try truth.holds.intersection(Region([Box(model, named)]))
    }
    return truth
  }

  /// What a route takes, with its whole condition as one unknown: more than it takes in truth.
  mutating func relaxed(_ route: RouteCover.Route) -> Truth {
    guard let condition = route.condition else { return .both(true) }
    return unknown(condition.root, condition)
  }

  mutating func read(_ condition: CheckedExpression) throws(TooLarge) -> Truth {
    try truth(condition.root, condition)
  }

  private mutating func truth(
    _ node: SyntaxNode,
    _ expression: CheckedExpression
  ) throws(TooLarge) -> Truth {
    switch node.form {
    case .literal(.bool(let value)): return .both(value)
    case .binary(_, let left, let right)
    where constant(left, expression) != nil && constant(right, expression) != nil:
      // What always fails is neither.
      guard case .bool(let value)? = constant(node, expression) else {
        return Truth(holds: .nothing, fails: .nothing)
      }
      return .both(value)
    case .unary(.not, let operand): return try truth(operand, expression).negated
    case .logical(let word, let operands):
      var all: Truth?
      for operand in operands {
        let next = try truth(operand, expression)
        guard let so = all else {
          all = next
          continue
        }
        all =
          word == .and
          ? Truth(
            holds: try so.holds.intersection(next.holds),
            fails: try so.fails.union(next.fails)
          )
          : Truth(
            holds: try so.holds.union(next.holds),
            fails: try so.fails.intersection(next.fails)
          )
      }
      return all ?? .both(word == .and)
    case .conditional(let condition, let then, let otherwise):
      let condition = try truth(condition, expression)
      let then = try truth(then, expression)
      let otherwise = try truth(otherwise, expression)
      return Truth(
        holds: try condition.holds.intersection(then.holds)
          .union(condition.fails.intersection(otherwise.holds)),
        fails: try condition.holds.intersection(then.fails)
          .union(condition.fails.intersection(otherwise.fails))
      )
    case .presence(let operand, let field):
      if isHeaders(operand, expression) { return presence(field.name) }
    case .binary(let comparison, let left, let right):
      if let read = try compared(comparison, left, right, expression) { return read }
    case .memberCall(let target, let function, let arguments):
      if function.name == "startsWith", arguments.count == 1,
        case .string(let prefix)? = constant(arguments[0], expression),
        let term = term(target, expression),
        let values = beginning(prefix, term)
      {
        return among(values, term)
      }
      if let read = network(target, function.name, arguments, expression) { return read }
    default:
      guard case .variable(let variable)? = expression.reference(of: node) else { break }
      if let policyVariable = PolicyVariable(rawValue: variable.slot) {
        let dimension = space.dimension(of: policyVariable)
        return Truth(
          holds: Region([Box(dimension, .flags(.yes))]),
          fails: Region([Box(dimension, .flags(.no))])
        )
      }
      if let feature = features[variable.slot], feature.type == .bool {
        return try self.feature(variable.slot, feature)
      }
    }
    return unknown(node, expression)
  }

  private mutating func feature(
    _ slot: Int,
    _ expression: CheckedExpression
  ) throws(TooLarge) -> Truth {
    if let known = known[slot] { return known }
    // Features cannot lead back to themselves in a policy that was bound.
    guard depth < Self.mostFeatures else { throw TooLarge() }
    depth += 1
    defer { depth -= 1 }
    let read = try truth(expression.root, expression)
    known[slot] = read
    return read
  }

  private static let mostFeatures = 64

  /// What nothing is known of.
  private mutating func unknown(_ node: SyntaxNode, _ expression: CheckedExpression) -> Truth {
    let isTotal = Totality.holds(node, expression, features)
    let dimension = space.dimension(
      name(of: node, expression),
      .derived,
      .flags(isTotal ? [.yes, .no] : [.yes, .no, .failure])
    )
    return Truth(
      holds: Region([Box(dimension, .flags(.yes))]),
      fails: Region([Box(dimension, .flags(.no))])
    )
  }

  /// What a part is known by: its text, and in a shared space what its features stand for, so that
  /// one name has one meaning.
  private func name(of node: SyntaxNode, _ expression: CheckedExpression) -> String {
    guard isShared else { return node.description }
    let meanings = FeatureMeaning.all(in: node, expression, features)
    return meanings.isEmpty ? node.description : "\(node.description) where \(meanings)"
  }

  private mutating func presence(_ header: String) -> Truth {
    let dimension = dimension(ofPresence: header)
    return Truth(
      holds: Region([Box(dimension, .flags(.yes))]).within(space),
      fails: Region([Box(dimension, .flags(.no))])
    )
  }

  private mutating func dimension(ofPresence header: String) -> Int {
    // Names are in lower case, and those that hold credentials are never told.
    let isKnowable =
      header == header.lowercased() && !Self.secretHeaders.contains(header) && !header.isEmpty
    return space.dimension(
      "\(Value.string(header).literal) in headers",
      .presence(header),
      .flags(isKnowable ? [.yes, .no] : .no)
    )
  }

  private static let secretHeaders: Set<String> = [
    "authorization", "proxy-authorization", "cookie", "api-key", "x-api-key",
  ]

  private func isHeaders(_ node: SyntaxNode, _ expression: CheckedExpression) -> Bool {
    guard case .variable(let variable)? = expression.reference(of: node) else { return false }
    return variable.slot == PolicyVariable.headers.slot
  }
}

// Comparisons.
extension ConditionReader {
  /// Something with a value that is compared.
  private struct Term {
    var dimension: Int
    /// Where it has a value at all; everywhere if `nil`.
    var defined: Box?
    var type: CELType
    var isAddress = false
  }

  private mutating func compared(
    _ comparison: SyntaxNode.BinaryOperator,
    _ left: SyntaxNode,
    _ right: SyntaxNode,
    _ expression: CheckedExpression
  ) throws(TooLarge) -> Truth? {
    if comparison == .isIn {
      if isHeaders(right, expression), case .string(let name)? = constant(left, expression) {
        return presence(name)
      }
      guard case .list(let items)? = constant(right, expression) else { return nil }
      guard let term = term(left, expression) else { return nil }
      var all: ValueSet?
      for item in items {
        guard let values = values(.equal, item, term) else { return nil }
        all = all.map { $0.union(values) } ?? values
      }
      return all.map { among($0, term) } ?? .both(false)
    }
    if expression.type(of: left) == .bool, expression.type(of: right) == .bool,
      comparison == .equal || comparison == .notEqual
    {
      let (one, two) = (try truth(left, expression), try truth(right, expression))
      let equal = Truth(
        holds: try one.holds.intersection(two.holds).union(one.fails.intersection(two.fails)),
        fails: try one.holds.intersection(two.fails).union(one.fails.intersection(two.holds))
      )
      return comparison == .equal ? equal : equal.negated
    }
    guard let turned = comparison.turned else { return nil }
    if let value = constant(right, expression), let term = term(left, expression) {
      return values(comparison, value, term).map { among($0, term) }
    }
    if let value = constant(left, expression), let term = term(right, expression) {
      return values(turned, value, term).map { among($0, term) }
    }
    return nil
  }

  private func among(_ values: ValueSet, _ term: Term) -> Truth {
    let domain = space.domain(of: term.dimension)
    func region(_ values: ValueSet) -> Region {
      let values = values.intersection(domain)
      guard !values.isEmpty else { return .nothing }
      let box = values == domain ? Box.everything : Box(term.dimension, values)
      return Region([term.defined.map { box.intersection($0) } ?? box].compactMap(\.self))
        .within(space)
    }
    return Truth(holds: region(values), fails: region(domain.subtracting(values)))
  }

  private mutating func term(_ node: SyntaxNode, _ expression: CheckedExpression) -> Term? {
    if case .variable(let variable)? = expression.reference(of: node) {
      if let policyVariable = PolicyVariable(rawValue: variable.slot) {
        guard Self.hasOrder(policyVariable.type) else { return nil }
        return Term(
          dimension: space.dimension(of: policyVariable),
          type: policyVariable.type,
          isAddress: policyVariable == .clientIP
        )
      }
      guard let feature = features[variable.slot], feature.type != .bool else { return nil }
      depth += 1
      defer { depth -= 1 }
      return depth < Self.mostFeatures ? term(feature.root, feature) : nil
    }
    if let header = header(node, expression) {
      let present = dimension(ofPresence: header)
      let text = space.dimension(
        "headers[\(Value.string(header).literal)]",
        .header(header),
        .texts(.everything)
      )
      return Term(dimension: text, defined: Box(present, .flags(.yes)), type: .string)
    }
    let type = expression.type(of: node)
    guard Self.hasOrder(type), type != .bool else { return nil }
    let name = name(of: node, expression)
    if let call = expression.hostCalls.first(where: { $0.range == node.range }) {
      let arguments = call.arguments.compactMap(\.self)
      guard arguments.count == call.arguments.count else { return nil }
      return Term(
        dimension: space.dimension(
          name,
          .state(call.function.number, arguments),
          Self.domain(of: call.function, type)
        ),
        type: type
      )
    }
    let dimension = space.dimension(name, .derived, Self.domain(of: node, type, expression))
    guard !Totality.holds(node, expression, features) else {
      return Term(dimension: dimension, type: type)
    }
    let defined = space.dimension("\(name) has a value", .derived, .flags([.yes, .no]))
    return Term(dimension: dimension, defined: Box(defined, .flags(.yes)), type: type)
  }

  /// The name in `headers["name"]` and `headers.name`.
  private func header(_ node: SyntaxNode, _ expression: CheckedExpression) -> String? {
    switch node.form {
    case .select(let operand, let field):
      return isHeaders(operand, expression) ? field.name : nil
    case .index(let operand, let key):
      guard isHeaders(operand, expression), case .string(let name)? = constant(key, expression)
      else { return nil }
      return name
    default: return nil
    }
  }

  private static func hasOrder(_ type: CELType) -> Bool {
    switch type {
    case .bool, .int, .uint, .double, .string, .timestamp, .duration, .money: true
    default: false
    }
  }

  private static func domain(of function: Environment.HostFunction, _ type: CELType) -> ValueSet {
    if function.number == StateFunction.breakerState.rawValue {
      return .texts(Intervals(texts: ["closed", "open", "half_open"]))
    }
    return domain(of: type)
  }

  private static func domain(of type: CELType) -> ValueSet {
    switch type {
    case .string: .texts(.everything)
    case .double: .numbers(Intervals((-Double.infinity).place...Double.infinity.place))
    case .int, .duration, .money: .numbers(Intervals(Int128(Int64.min)...Int128(Int64.max)))
    case .uint: .numbers(Intervals(0...Int128(UInt64.max)))
    default: .numbers(.everything)
    }
  }

  /// What a computed value is bounded by, where that is plain to see.
  private static func domain(
    of node: SyntaxNode,
    _ type: CELType,
    _ expression: CheckedExpression
  ) -> ValueSet {
    func upTo(_ most: Int64) -> ValueSet { .numbers(Intervals(0...Int128(most))) }
    switch node.form {
    case .call(let function, let arguments) where function.name == "bucket":
      guard arguments.count == 2, case .literal(.int(let count)) = arguments[1].form, count > 0
      else { break }
      return upTo(count - 1)
    case .call(let function, _) where function.name == "size": return upTo(.max)
    case .memberCall(_, let function, _) where function.name == "size": return upTo(.max)
    case .memberCall(let target, let function, _) where expression.type(of: target) == .timestamp:
      switch function.name {
      case "getHours": return upTo(23)
      case "getMinutes", "getSeconds": return upTo(59)
      case "getDayOfWeek": return upTo(6)
      case "getMonth": return upTo(11)
      case "getDayOfMonth": return upTo(30)
      case "getDate": return .numbers(Intervals(1...31))
      case "getDayOfYear": return upTo(365)
      default: break
      }
    default: break
    }
    return domain(of: type)
  }

  /// The value of a part that is the same for every request.
  private func constant(_ node: SyntaxNode, _ expression: CheckedExpression) -> Value? {
    switch node.form {
    case .literal(let value): return value
    case .unary(.negate, let operand):
      guard case .literal(let value) = operand.form else { break }
      switch value {
      case .int(let number) where number != .min: return .int(-number)
      case .double(let number): return .double(-number)
      default: return nil
      }
    case .list(let items):
      let values = items.compactMap { constant($0, expression) }
      return values.count == items.count ? .list(values) : nil
    default: break
    }
    var isConstant = true
    node.forEach { part in
      switch expression.reference(of: part) {
      case .variable, .local, .hostFunction, .unresolved: isConstant = false
      case .type, .standardFunction, nil: break
      }
    }
    guard isConstant else { return nil }
    let environment = Environment(phase: .init(rank: 0, name: "constant"))
    let outcome = CheckedExpression.check(node.description, in: environment)
    return outcome.expression?.program().constant
  }

  /// The values for which `term OP constant` holds; `nil` if that is no set of values.
  private func values(
    _ comparison: SyntaxNode.BinaryOperator,
    _ value: Value,
    _ term: Term
  ) -> ValueSet? {
    if term.isAddress {
      guard case .string(let text) = value else { return nil }
      let addresses = ValueSet.numbers(AddressPlace.addresses(spelt: text))
      switch comparison {
      case .equal: return addresses
      case .notEqual: return space.domain(of: term.dimension).subtracting(addresses)
      default: return nil
      }
    }
    switch (term.type, value) {
    case (.string, .string(let text)): return .texts(comparison.set(TextPoint(text), \.successor))
    case (.bool, _): return nil
    case (.double, _):
      let number: Double
      switch value {
      case .double(let double): number = double
      case .int(let int): number = Double(int)
      case .uint(let uint): number = Double(uint)
      default: return nil
      }
      guard !number.isNaN else { return nil }
      return .numbers(comparison.set(number.place) { $0 + 1 })
    case (.int, .double(let number)), (.uint, .double(let number)):
      // Against a double whole numbers are rounded to one, which is exact up to 2^53.
      guard number.magnitude < 9_007_199_254_740_992 else { return nil }
      return .numbers(comparison.set(between: number))
    default:
      guard let number = Self.number(value, as: term.type) else { return nil }
      return .numbers(comparison.set(number) { $0 + 1 })
    }
  }

  private static func number(_ value: Value, as type: CELType) -> Int128? {
    switch (type, value) {
    case (.int, .int(let number)), (.uint, .int(let number)): Int128(number)
    case (.int, .uint(let number)), (.uint, .uint(let number)): Int128(number)
    case (.timestamp, .timestamp(let time)):
      Int128(time.seconds) * 1_000_000_000 + Int128(time.nanoseconds)
    case (.duration, .duration(let nanoseconds)): Int128(nanoseconds)
    case (.money, .money(let amount)): Int128(amount.count)
    default: nil
    }
  }

  private func beginning(_ prefix: String, _ term: Term) -> ValueSet? {
    if term.isAddress { return AddressPlace.addresses(beginning: prefix).map(ValueSet.numbers) }
    return term.type == .string ? .texts(Intervals(prefix: prefix)) : nil
  }

  /// `cidr("10.0.0.0/8").containsIP(client.ip)`, also with `ip(client.ip)`.
  private mutating func network(
    _ target: SyntaxNode,
    _ function: String,
    _ arguments: [SyntaxNode],
    _ expression: CheckedExpression
  ) -> Truth? {
    guard function == "containsIP", arguments.count == 1,
      case .call(let name, let texts) = target.form, name.name == "cidr", texts.count == 1,
      case .string(let text)? = constant(texts[0], expression), let network = Network(text)
    else { return nil }
    var subject = arguments[0]
    if case .call(let name, let inner) = subject.form, name.name == "ip", inner.count == 1 {
      subject = inner[0]
    }
    guard let term = term(subject, expression), term.isAddress else { return nil }
    return among(.numbers(AddressPlace.addresses(in: network)), term)
  }
}

extension Region {
  /// Without boxes that ask for values outside a domain.
  fileprivate func within(_ space: ReachSpace) -> Region {
    Region(
      boxes.filter { box in
        box.sides.allSatisfy {
          !$0.values.intersection(space.domain(of: $0.dimension)).isEmpty
        }
      }
    )
  }
}

extension SyntaxNode.BinaryOperator {
  /// The comparison with its sides exchanged; `nil` if it is none.
  fileprivate var turned: Self? {
    switch self {
    case .equal, .notEqual: self
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    case .isIn, .add, .subtract, .multiply, .divide, .remainder: nil
    }
  }

  /// The points for which `point OP bound` holds.
  fileprivate func set(_ bound: TextPoint, _ next: (TextPoint) -> TextPoint) -> Intervals<TextPoint>
  {
    let everything = Intervals<TextPoint>.everything
    return switch self {
    case .equal: Intervals(from: bound, to: next(bound))
    case .notEqual: everything.subtracting(Intervals(from: bound, to: next(bound)))
    case .less: Intervals(from: TextPoint(""), to: bound)
    case .lessOrEqual: Intervals(from: TextPoint(""), to: next(bound))
    case .greater: Intervals(from: next(bound), to: nil)
    case .greaterOrEqual: Intervals(from: bound, to: nil)
    case .isIn, .add, .subtract, .multiply, .divide, .remainder: .nothing
    }
  }

  fileprivate func set(_ bound: Int128, _ next: (Int128) -> Int128) -> Intervals<Int128> {
    switch self {
    case .equal: Intervals(number: bound)
    case .notEqual: Intervals.everything.subtracting(Intervals(number: bound))
    case .less: Intervals(from: .min, to: bound)
    case .lessOrEqual: Intervals(from: .min, to: next(bound))
    case .greater: Intervals(from: next(bound), to: nil)
    case .greaterOrEqual: Intervals(from: bound, to: nil)
    case .isIn, .add, .subtract, .multiply, .divide, .remainder: .nothing
    }
  }

  /// The whole numbers for which `number OP bound` holds.
  fileprivate func set(between bound: Double) -> Intervals<Int128> {
    let (floor, ceiling) = (Int128(bound.rounded(.down)), Int128(bound.rounded(.up)))
    let isWhole = floor == ceiling
    return switch self {
    case .equal: isWhole ? Intervals(number: floor) : .nothing
    case .notEqual:
      isWhole ? Intervals.everything.subtracting(Intervals(number: floor)) : .everything
    case .less: Intervals(from: .min, to: ceiling)
    case .lessOrEqual: Intervals(from: .min, to: floor + 1)
    case .greater: Intervals(from: floor + 1, to: nil)
    case .greaterOrEqual: Intervals(from: ceiling, to: nil)
    case .isIn, .add, .subtract, .multiply, .divide, .remainder: .nothing
    }
  }
}
