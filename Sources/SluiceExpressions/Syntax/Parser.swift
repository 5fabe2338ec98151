internal import SluiceCore

/// Reads CEL by precedence climbing, and recognises its macros.
///
/// The first thing that is wrong ends the parse: expressions are short, and guesses about what
/// follows a syntax error mislead more than they help. Recursion is bounded by
/// `Bounds.expressionDepth`, the text by `Bounds.expressionBytes`.
struct Parser {
  private let tokens: [Token]
  private let text: [Unicode.Scalar]
  /// Whether macros are more than calls of unknown functions.
  private let hasMacros: Bool
  private var next = 0
  private var nextID = 0
  private var nesting = 0

  /// Parses a whole expression.
  static func parse(
    _ source: String,
    hasMacros: Bool = true
  ) throws(Rejection) -> (root: Expression, nodes: Int) {
    let bytes = source.utf8.count
    guard bytes <= Bounds.expressionBytes else {
      throw Rejection(.tooLong(bytes: bytes, limit: Bounds.expressionBytes), at: 0..<0)
    }
    let text = Array(source.unicodeScalars)
    var parser = Parser(tokens: try Lexer.tokens(of: text), text: text, hasMacros: hasMacros)
    guard parser.token.kind != .end else { throw Rejection(.empty, at: 0..<text.count) }
    let root = try parser.expression()
    guard parser.token.kind == .end else { throw parser.unexpected("an operator or the end") }
    return (root, parser.nextID)
  }

  private init(tokens: [Token], text: [Unicode.Scalar], hasMacros: Bool) {
    self.tokens = tokens
    self.text = text
    self.hasMacros = hasMacros
  }

  // MARK: Tokens

  // The last token is `.end`, and nothing advances past it.
  private var token: Token { tokens[next] }

  private mutating func advance() { if next < tokens.count - 1 { next += 1 } }

  private mutating func take(_ symbol: Token.Symbol) -> Bool {
    guard token.kind == .symbol(symbol) else { return false }
    advance()
    return true
  }

  private mutating func expect(
    _ symbol: Token.Symbol,
    _ expected: String
  ) throws(Rejection) {
    guard take(symbol) else { throw unexpected(expected) }
  }

  private func unexpected(_ expected: String) -> Rejection {
    guard token.kind != .end else {
      return Rejection(.unexpected(found: nil, expected: expected), at: token.range)
    }
    var found = String.UnicodeScalarView()
    found.append(contentsOf: text[token.range])
    return Rejection(.unexpected(found: String(found), expected: expected), at: token.range)
  }

  /// The end of the last token taken.
  private var end: Int { next > 0 ? tokens[next - 1].range.upperBound : 0 }

  // MARK: Nodes

  private mutating func node(
    _ range: Range<Int>,
    _ form: Expression.Form
  ) throws(Rejection) -> Expression {
    let node = Expression(id: nextID, range: range, form: form)
    nextID += 1
    guard node.depth <= Bounds.expressionDepth else { throw tooDeep(at: range) }
    return node
  }

  private func tooDeep(at range: Range<Int>) -> Rejection {
    Rejection(.tooDeep(limit: Bounds.expressionDepth), at: range)
  }

  private mutating func nested<Answer>(
    _ body: (inout Parser) throws(Rejection) -> Answer
  ) throws(Rejection) -> Answer {
    nesting += 1
    defer { nesting -= 1 }
    guard nesting <= Bounds.expressionDepth else { throw tooDeep(at: token.range) }
    return try body(&self)
  }
}

// Operators, loosest first.
extension Parser {
  /// `condition ? then : otherwise`, or anything that binds tighter.
  private mutating func expression() throws(Rejection) -> Expression {
    try nested { (parser) throws(Rejection) in
      let condition = try parser.logical(.or)
      guard parser.take(.question) else { return condition }
      let then = try parser.logical(.or)
      try parser.expect(.colon, "':' and what holds otherwise")
      let otherwise = try parser.expression()
      return try parser.node(
        condition.range.lowerBound..<otherwise.range.upperBound,
        .conditional(condition, then: then, otherwise: otherwise)
      )
    }
  }

  private mutating func logical(
    _ logicalOperator: Expression.LogicalOperator
  ) throws(Rejection) -> Expression {
    let symbol: Token.Symbol = logicalOperator == .or ? .or : .and
    var operands: [Expression] = []
    repeat {
      operands.append(try logicalOperator == .or ? logical(.and) : binary(tighterThan: 0))
    } while take(symbol)
    guard let first = operands.first, let last = operands.last, operands.count > 1 else {
      return operands[0]
    }
    return try node(
      first.range.lowerBound..<last.range.upperBound,
      .logical(logicalOperator, operands)
    )
  }

  private mutating func binary(tighterThan floor: Int) throws(Rejection) -> Expression {
    var left = try unary()
    while let (symbol, precedence) = binaryOperator, precedence > floor {
      advance()
      let right = try binary(tighterThan: precedence)
      left = try node(
        left.range.lowerBound..<right.range.upperBound,
        .binary(symbol, left, right)
      )
    }
    return left
  }

  private var binaryOperator: (Expression.BinaryOperator, precedence: Int)? {
    switch token.kind {
    case .identifier("in"): (.isIn, 1)
    case .symbol(let symbol):
      switch symbol {
      case .equal: (.equal, 1)
      case .notEqual: (.notEqual, 1)
      case .less: (.less, 1)
      case .lessOrEqual: (.lessOrEqual, 1)
      case .greater: (.greater, 1)
      case .greaterOrEqual: (.greaterOrEqual, 1)
      case .plus: (.add, 2)
      case .minus: (.subtract, 2)
      case .star: (.multiply, 3)
      case .slash: (.divide, 3)
      case .percent: (.remainder, 3)
      default: nil
      }
    default: nil
    }
  }

  private mutating func unary() throws(Rejection) -> Expression {
    let start = token.range.lowerBound
    if take(.not) {
      let operand = try nested { (parser) throws(Rejection) in try parser.unary() }
      return try node(start..<operand.range.upperBound, .unary(.not, operand))
    }
    guard take(.minus) else { return try member() }
    // A sign before digits belongs to the number: the least int has no positive counterpart.
    switch token.kind {
    case .int(let magnitude):
      guard magnitude <= Int64.min.magnitude else {
        throw Rejection(.numberOutOfRange("-\(magnitude)"), at: start..<token.range.upperBound)
      }
      let value = Int64(truncatingIfNeeded: 0 &- magnitude)
      advance()
      return try member(of: node(start..<end, .literal(.int(value))))
    case .double(let value):
      advance()
      return try member(of: node(start..<end, .literal(.double(-value))))
    default:
      let operand = try nested { (parser) throws(Rejection) in try parser.unary() }
      return try node(start..<operand.range.upperBound, .unary(.negate, operand))
    }
  }
}

// Members and primaries.
extension Parser {
  private mutating func member() throws(Rejection) -> Expression {
    try member(of: primary())
  }

  /// What follows an operand: fields, calls, keys.
  private mutating func member(of operand: Expression) throws(Rejection) -> Expression {
    var operand = operand
    while true {
      let start = operand.range.lowerBound
      if take(.dot) {
        let isOptional = take(.question)
        let field = try field()
        if isOptional {
          operand = try node(start..<end, .optionalSelect(operand, field: field))
        } else if take(.openParenthesis) {
          let arguments = try arguments()
          operand = try memberCall(start..<end, operand, field, arguments)
        } else {
          operand = try node(start..<end, .select(operand, field: field))
        }
      } else if take(.openBracket) {
        let isOptional = take(.question)
        let key = try expression()
        try expect(.closeBracket, "']'")
        operand = try node(
          start..<end,
          isOptional ? .optionalIndex(operand, key) : .index(operand, key)
        )
      } else if token.kind == .symbol(.openBrace), let name = operand.messageName {
        throw Rejection(.messageConstruction(name), at: start..<token.range.upperBound)
      } else {
        return operand
      }
    }
  }

  private mutating func field() throws(Rejection) -> Expression.Field {
    let range = token.range
    switch token.kind {
    case .identifier(let name) where !["true", "false", "null", "in"].contains(name):
      advance()
      return Expression.Field(name: name, range: range)
    case .quotedField(let name):
      advance()
      return Expression.Field(name: name, range: range)
    default: throw unexpected("the name of a field")
    }
  }

  /// Arguments up to the closing parenthesis; the opening one was taken.
  private mutating func arguments() throws(Rejection) -> [Expression] {
    var arguments: [Expression] = []
    guard !take(.closeParenthesis) else { return [] }
    repeat { arguments.append(try expression()) } while take(.comma)
    try expect(.closeParenthesis, "',' or ')'")
    return arguments
  }

  private mutating func primary() throws(Rejection) -> Expression {
    let start = token.range.lowerBound
    switch token.kind {
    case .int(let magnitude):
      guard let value = Int64(exactly: magnitude) else {
        throw Rejection(.numberOutOfRange(String(magnitude)), at: token.range)
      }
      return try literal(.int(value))
    case .uint(let value): return try literal(.uint(value))
    case .double(let value): return try literal(.double(value))
    case .string(let value): return try literal(.string(value))
    case .bytes(let value): return try literal(.bytes(value))
    case .identifier("true"): return try literal(.bool(true))
    case .identifier("false"): return try literal(.bool(false))
    case .identifier("null"): return try literal(.null)
    case .identifier(let name): return try named(name, isRooted: false, from: start)
    case .symbol(.dot):
      advance()
      guard case .identifier(let name) = token.kind else { throw unexpected("a name") }
      return try named(name, isRooted: true, from: start)
    case .symbol(.openParenthesis):
      advance()
      let inner = try expression()
      try expect(.closeParenthesis, "')'")
      return inner
    case .symbol(.openBracket): return try list(from: start)
    case .symbol(.openBrace): return try map(from: start)
    case .symbol, .quotedField, .end: throw unexpected("a value")
    }
  }

  private mutating func literal(_ value: Value) throws(Rejection) -> Expression {
    let range = token.range
    advance()
    return try node(range, .literal(value))
  }

  private mutating func named(
    _ name: String,
    isRooted: Bool,
    from start: Int
  ) throws(Rejection) -> Expression {
    guard !Self.reserved.contains(name) else { throw unexpected("a value") }
    let nameRange = token.range
    advance()
    // `not x` is what other languages write; as a name it would only make the next word odd.
    if name == "not", token.kind.startsValue {
      throw Rejection(.unexpected(found: name, expected: "a value"), at: nameRange)
    }
    guard take(.openParenthesis) else {
      return try node(start..<end, .name(name, isRooted: isRooted))
    }
    let arguments = try arguments()
    let function = Expression.Field(name: name, range: nameRange)
    if name == "has", hasMacros { return try presence(start..<end, function, arguments) }
    return try node(start..<end, .call(function, arguments))
  }

  /// Words that CEL keeps for languages that embed it; as names of fields they are fine.
  private static let reserved: Set<String> = [
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "in", "let",
    "loop", "package", "namespace", "return", "var", "void", "while",
  ]

  private mutating func list(from start: Int) throws(Rejection) -> Expression {
    advance()
    var elements: [Expression] = []
    while token.kind != .symbol(.closeBracket) {
      elements.append(try element())
      guard take(.comma) else { break }
    }
    try expect(.closeBracket, "',' or ']'")
    return try node(start..<end, .list(elements))
  }

  /// An element of a list; with a question mark, one that may be missing.
  private mutating func element() throws(Rejection) -> Expression {
    let start = token.range.lowerBound
    guard take(.question) else { return try expression() }
    let element = try expression()
    return try node(start..<end, .optionalElement(element))
  }

  private mutating func map(from start: Int) throws(Rejection) -> Expression {
    advance()
    var entries: [Expression.Entry] = []
    while token.kind != .symbol(.closeBrace) {
      let start = token.range.lowerBound
      let isOptional = take(.question)
      let key = try expression()
      try expect(.colon, "':' and a value")
      var value = try expression()
      if isOptional { value = try node(start..<end, .optionalElement(value)) }
      entries.append(Expression.Entry(key: key, value: value))
      guard take(.comma) else { break }
    }
    try expect(.closeBrace, "',' or '}'")
    return try node(start..<end, .map(entries))
  }
}

// Macros.
extension Parser {
  private mutating func presence(
    _ range: Range<Int>,
    _ function: Expression.Field,
    _ arguments: [Expression]
  ) throws(Rejection) -> Expression {
    guard arguments.count == 1, case .select(let operand, let field) = arguments[0].form else {
      throw Rejection(
        .badMacro(name: "has", reason: "it takes one field, such as has(headers.accept)"),
        at: range
      )
    }
    return try node(range, .presence(operand, field: field))
  }

  private mutating func memberCall(
    _ range: Range<Int>,
    _ target: Expression,
    _ function: Expression.Field,
    _ arguments: [Expression]
  ) throws(Rejection) -> Expression {
    guard hasMacros else { return try node(range, .memberCall(target, function, arguments)) }
    if case .name("cel", isRooted: false) = target.form,
      let form = try blockForm(function, arguments)
    {
      return try node(range, form)
    }
    guard let kind = Expression.Comprehension.Kind(macro: function.name),
      let shape = kind.shape(arguments: arguments.count)
    else {
      return try node(range, .memberCall(target, function, arguments))
    }
    var names: [String] = []
    for argument in arguments.prefix(shape.variables) {
      names.append(try variable(argument, of: function.name))
    }
    guard names.count == 1 || names[0] != names[1] else {
      throw Rejection(
        .badMacro(name: function.name, reason: "its two variables need two names"),
        at: arguments[1].range
      )
    }
    let last = arguments[arguments.count - 1]
    let loop = Expression.Comprehension(
      kind: kind,
      range: target,
      variable: names[0],
      second: names.count > 1 ? names[1] : nil,
      predicate: kind.transforms
        ? (shape.hasFilter ? arguments[arguments.count - 2] : nil) : last,
      transform: kind.transforms ? last : nil
    )
    return try node(range, .comprehension(loop))
  }

  private func variable(
    _ argument: Expression,
    of macro: String
  ) throws(Rejection) -> String {
    guard case .name(let name, isRooted: false) = argument.form else {
      throw Rejection(
        .badMacro(name: macro, reason: "its first argument names the element"),
        at: argument.range
      )
    }
    return name
  }

  /// `cel.bind`, `cel.block` and the names inside a block; `nil` for other calls.
  private func blockForm(
    _ function: Expression.Field,
    _ arguments: [Expression]
  ) throws(Rejection) -> Expression.Form? {
    if let name = BlockName(function: function.name, arguments: arguments) {
      return .name(name.name, isRooted: false)
    }
    switch (function.name, arguments.count) {
    case ("bind", 3):
      let name = try variable(arguments[0], of: "cel.bind")
      return .binding(
        Expression.Binding(
          variables: [Expression.Binding.Variable(name: name, value: arguments[1])],
          body: arguments[2],
          isBlock: false
        )
      )
    case ("block", 2):
      guard case .list(let values) = arguments[0].form,
        !values.contains(where: \.isOptionalElement)
      else {
        throw Rejection(
          .badMacro(name: "cel.block", reason: "its first argument is a list of values"),
          at: arguments[0].range
        )
      }
      return .binding(
        Expression.Binding(
          variables: values.enumerated()
            .map { Expression.Binding.Variable(name: BlockName.index($0), value: $1) },
          body: arguments[1],
          isBlock: true
        )
      )
    default: return nil
    }
  }
}

extension Expression {
  /// The dotted name before the braces of a message; `nil` for what cannot be one.
  fileprivate var messageName: String? {
    switch form {
    case .name(let name, _): name
    case .select(let operand, let field): operand.messageName.map { "\($0).\(field.name)" }
    default: nil
    }
  }

  var isOptionalElement: Bool {
    if case .optionalElement = form { true } else { false }
  }
}

extension Expression.Comprehension.Kind {
  /// The macro of this name; `existsOne` is the newer spelling of `exists_one`.
  fileprivate init?(macro name: String) {
    if name == "existsOne" { self = .existsOne } else { self.init(rawValue: name) }
  }

  /// How many of a macro's arguments are variables, and whether one is a filter; `nil` for a number
  /// of arguments that the macro does not have.
  fileprivate func shape(arguments count: Int) -> (variables: Int, hasFilter: Bool)? {
    switch (self, count) {
    case (.all, 2), (.exists, 2), (.existsOne, 2), (.map, 2), (.filter, 2), (.sortBy, 2),
      (.optMap, 2), (.optFlatMap, 2):
      (1, false)
    case (.map, 3): (1, true)
    case (.all, 3), (.exists, 3), (.existsOne, 3), (.transformList, 3), (.transformMap, 3),
      (.transformMapEntry, 3):
      (2, false)
    case (.transformList, 4), (.transformMap, 4), (.transformMapEntry, 4): (2, true)
    default: nil
    }
  }

  /// Whether the last argument is what an element becomes, rather than a test.
  fileprivate var transforms: Bool {
    switch self {
    case .all, .exists, .existsOne, .filter: false
    case .map, .transformList, .transformMap, .transformMapEntry, .sortBy, .optMap, .optFlatMap:
      true
    }
  }
}
