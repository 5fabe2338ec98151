/// What is wrong with an expression, and where: a finding for the author of a policy.
///
/// The language layer gives each kind its diagnostic code; the wording is here, beside the facts.
package struct ExpressionIssue: Sendable, Equatable {
  package let kind: Kind
  /// The Unicode scalars of the source text to point at; empty at the end of the text.
  package let range: Range<Int>

  package enum Kind: Sendable, Equatable {
    // The text.
    case empty
    case tooLong(bytes: Int, limit: Int)
    case tooDeep(limit: Int)
    /// A token where the grammar wants another. `found` is `nil` at the end of the text.
    case unexpected(found: String?, expected: String)
    case unknownCharacter(String)
    case unterminatedString
    case badEscape(String)
    case numberOutOfRange(String)
    case badMacro(name: String, reason: String)
    /// `Name{…}`: protobuf messages are not part of this CEL.
    case messageConstruction(String)

    // Names.
    case unknownName(String, nearest: [String])
    /// A prefix of declared names that is no value itself: `request`.
    case incompleteName(String, members: [String])
    case unknownFunction(String, nearest: [String])
    /// A field that a value of this type, or this function's result, does not have.
    case unknownField(String, of: String, nearest: [String])
    /// Declared, but not in this phase. `available` lists what is.
    case wrongPhase(name: String, existsIn: [String], here: String, available: [String])

    // Types.
    case typeMismatch(expected: CELType, found: CELType)
    case noSuchOverload(function: String, arguments: [CELType], candidates: [String])
    case notIterable(CELType)

    // Constants that are read when the policy is.
    case badConstant(Constant, text: String, reason: String)
    case notConstant(function: String)
    case duplicateKey(String)
    case unsupportedKey(CELType)
    /// Time zones are `UTC`, fixed offsets such as `+02:00`, and names of the IANA database.
    case unsupportedZone(String)
  }

  package enum Constant: String, Sendable {
    case regex = "regular expression"
    case duration
    case timestamp
    case money = "amount of money"
    case address = "IP address"
    case block = "block of addresses"
    case window = "span of hours of the week"
  }

  package init(_ kind: Kind, at range: Range<Int>) {
    self.kind = kind
    self.range = range
  }
}
