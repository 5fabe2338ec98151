/// A node of the syntax tree of a CEL expression.
///
/// Operators are forms of their own and macros stay what the author wrote, so that a lint can read
/// the tree as the author does; the planner lowers them.
package struct Expression: Sendable {
  /// Unique in its tree, counted from 0: the key of what a check finds out.
  package let id: Int
  /// The Unicode scalars of the source text that this node covers, without parentheses around it.
  package let range: Range<Int>
  package let form: Form
  /// The nodes on the longest path down from here.
  let depth: Int

  init(id: Int, range: Range<Int>, form: Form) {
    self.id = id
    self.range = range
    self.form = form
    depth = 1 + (form.children.map(\.depth).max() ?? 0)
  }

  package indirect enum Form: Sendable {
    case literal(Value)
    /// A name; `isRooted` for `.name`, which skips the container and the variables of macros.
    case name(String, isRooted: Bool)
    /// `operand.field`
    case select(Expression, field: Field)
    /// `operand.?field`
    case optionalSelect(Expression, field: Field)
    /// `has(operand.field)`
    case presence(Expression, field: Field)
    /// `function(arguments)`
    case call(Field, [Expression])
    /// `target.function(arguments)`
    case memberCall(Expression, Field, [Expression])
    case unary(UnaryOperator, Expression)
    case binary(BinaryOperator, Expression, Expression)
    /// `a && b && c` as one node of two or more operands.
    case logical(LogicalOperator, [Expression])
    case conditional(Expression, then: Expression, otherwise: Expression)
    /// `operand[key]`
    case index(Expression, Expression)
    /// `operand[?key]`
    case optionalIndex(Expression, Expression)
    /// `?value` in a list or as the value of an entry: left out where the optional is empty.
    case optionalElement(Expression)
    /// `cel.bind(variable, value, body)`, or `cel.block([values], body)`.
    case binding(Binding)
    case list([Expression])
    case map([Entry])
    /// `range.all(variable, predicate)` and its kin.
    case comprehension(Comprehension)
  }

  /// The name of a field or function, and where it stands.
  package struct Field: Sendable {
    package let name: String
    package let range: Range<Int>
  }

  package struct Entry: Sendable {
    package let key: Expression
    package let value: Expression
  }

  /// Names for values within a body; each is computed at most once, and only if it is asked for.
  package struct Binding: Sendable {
    package let variables: [Variable]
    package let body: Expression
    package let isBlock: Bool

    package struct Variable: Sendable {
      package let name: String
      package let value: Expression
    }
  }

  package struct Comprehension: Sendable {
    package let kind: Kind
    package let range: Expression
    package let variable: String
    /// The name of the value, in macros that go through indices or keys and values.
    package let second: String?
    /// What each element is tested by; absent in a `map` of two arguments.
    package let predicate: Expression?
    /// What each element becomes, in a `map` and its kin.
    package let transform: Expression?

    package enum Kind: String, Sendable, CaseIterable {
      case all
      case exists
      case existsOne = "exists_one"
      case map
      case filter
      case transformList
      case transformMap
      case transformMapEntry
      case sortBy
      case optMap
      case optFlatMap
    }
  }

  package enum UnaryOperator: String, Sendable {
    case not = "!"
    case negate = "-"
  }

  package enum BinaryOperator: String, Sendable, CaseIterable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case isIn = "in"
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"
  }

  package enum LogicalOperator: String, Sendable {
    case and = "&&"
    case or = "||"
  }
}

extension Expression {
  /// The nodes directly below, in the order of the source text.
  package var children: [Expression] { form.children }

  /// Visits this node and all below it, parents first.
  package func forEach(_ body: (Expression) -> Void) {
    body(self)
    for child in children { child.forEach(body) }
  }
}

extension Expression.Form {
  fileprivate var children: [Expression] {
    switch self {
    case .literal, .name: []
    case .select(let operand, _), .optionalSelect(let operand, _), .presence(let operand, _),
      .unary(_, let operand), .optionalElement(let operand):
      [operand]
    case .call(_, let arguments): arguments
    case .memberCall(let target, _, let arguments): [target] + arguments
    case .binary(_, let left, let right), .index(let left, let right),
      .optionalIndex(let left, let right):
      [left, right]
    case .binding(let binding): binding.variables.map(\.value) + [binding.body]
    case .logical(_, let operands), .list(let operands): operands
    case .conditional(let condition, let then, let otherwise): [condition, then, otherwise]
    case .map(let entries): entries.flatMap { [$0.key, $0.value] }
    case .comprehension(let loop):
      [loop.range] + [loop.predicate, loop.transform].compactMap(\.self)
    }
  }
}
