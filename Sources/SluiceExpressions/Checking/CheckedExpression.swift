/// An expression that was read and type-checked against an environment: what a policy holds.
///
/// Immutable. `program(seed:)` makes it run. An object, because a policy of many routes is copied from
/// one check to the next with all its conditions.
package final class CheckedExpression: Sendable {
  /// As the author wrote it.
  package let source: String
  package let root: Expression
  package let type: CELType
  /// The slots of all variables in it.
  package let slots: Set<Int>
  package let hostCalls: [HostCall]
  /// By the `id` of the node; `nil` inside a dotted name, whose parts are nothing by themselves.
  private let types: [CELType?]
  private let references: [Reference?]
  /// How many variables its macros have.
  let localCount: Int
  /// Whether no part of it is known only at run time.
  let isFullyTyped: Bool

  /// A call of a function that the host answers.
  package struct HostCall: Sendable {
    package let function: Environment.HostFunction
    /// `nil` where an argument is not a literal.
    package let arguments: [Value?]
    package let argumentRanges: [Range<Int>]
    package let range: Range<Int>
  }

  /// What a name or call was found to mean.
  package enum Reference: Sendable {
    case variable(Environment.Variable)
    /// The variable of a macro, by its number in the expression; outer ones come before inner.
    case local(Int)
    /// The name of a type as a value.
    case type(String)
    case hostFunction(Environment.HostFunction)
    /// A function that every environment has, in a namespace: `math.abs`.
    case standardFunction(String)
    /// Not found; fails when it is reached. Only in checks that are not strict.
    case unresolved(String)
  }

  init(
    source: String,
    root: Expression,
    type: CELType,
    types: [CELType?],
    references: [Reference?],
    hostCalls: [HostCall],
    localCount: Int
  ) {
    self.source = source
    self.root = root
    self.type = type
    self.types = types
    self.references = references
    self.hostCalls = hostCalls
    self.localCount = localCount
    isFullyTyped = !types.contains { $0?.mentionsDyn ?? false }
    slots = Set(
      references.compactMap {
        if case .variable(let variable) = $0 { variable.slot } else { nil }
      }
    )
  }

  /// The type of a node of this expression's tree.
  package func type(of node: Expression) -> CELType { types[node.id] ?? .dyn }

  /// What a node of this expression's tree refers to, if it is a name or a call.
  package func reference(of node: Expression) -> Reference? { references[node.id] }

  /// The expression in one spelling, whatever blanks and quotes the author chose.
  package var canonicalText: String { root.description }
}

extension CheckedExpression {
  /// What a check answers: the expression, unless an issue stands against it.
  package struct Outcome: Sendable {
    package let expression: CheckedExpression?
    package let issues: [ExpressionIssue]
  }

  package enum Typing: Sendable {
    /// What cannot be shown to fit is an issue.
    case strict
    /// What cannot be shown to fit is left to fail at run time: plain CEL without declarations.
    case dynamic
  }

  /// Reads and checks `source`.
  ///
  /// Total: any text has an outcome, in time linear in its length (which is bounded).
  ///
  /// The type that is wanted is `expected`; `nil` takes any.
  package static func check(
    _ source: String,
    expecting expected: CELType? = nil,
    in environment: Environment,
    typing: Typing = .strict,
    hasMacros: Bool = true
  ) -> Outcome {
    do throws(Rejection) {
      let (root, nodes) = try Parser.parse(source, hasMacros: hasMacros)
      var checker = Checker(environment: environment, nodes: nodes, typing: typing)
      return checker.check(root, source: source, expecting: expected)
    } catch {
      return Outcome(expression: nil, issues: [error.issue])
    }
  }

  /// A string as a CEL literal, for expressions that are put together by a program.
  package static func quoted(_ text: String) -> String { Value.string(text).literal }
}
