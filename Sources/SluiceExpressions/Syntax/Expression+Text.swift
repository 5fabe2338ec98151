extension Expression: CustomStringConvertible {
  /// The expression in its one canonical spelling.
  ///
  /// Double quotes, single blanks, no parentheses that change nothing. Reading it back gives the
  /// same tree.
  package var description: String { form.text }

  /// The text, in parentheses unless it binds at least as tightly as `strength`.
  fileprivate func text(binding strength: Strength) -> String {
    form.strength >= strength ? form.text : "(\(form.text))"
  }
}

/// How tightly a form holds its operands together.
private enum Strength: Int, Comparable {
  case conditional, or, and, relation, sum, product, unary, member

  static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

  /// The next tighter one, for operands on the right of operators that group to the left.
  var tighter: Strength { Strength(rawValue: rawValue + 1) ?? .member }
}

extension Expression.Form {
  fileprivate var strength: Strength {
    switch self {
    case .conditional: .conditional
    case .logical(.or, _): .or
    case .logical(.and, _): .and
    case .binary(let binaryOperator, _, _): binaryOperator.strength
    case .unary: .unary
    // A negative number begins with an operator: `-1` as the operand of another minus.
    case .literal(.int(let value)) where value < 0: .unary
    case .literal(.double(let value)) where value.sign == .minus: .unary
    case .literal, .name, .select, .optionalSelect, .presence, .call, .memberCall, .index,
      .optionalIndex, .optionalElement, .list, .map, .comprehension, .binding:
      .member
    }
  }

  fileprivate var text: String {
    switch self {
    case .literal(let value): value.literal
    case .name(let name, let isRooted):
      isRooted ? ".\(name)" : BlockName(name)?.description ?? name
    case .select(let operand, let field): "\(operand.text(binding: .member)).\(field.text)"
    case .optionalSelect(let operand, let field):
      "\(operand.text(binding: .member)).?\(field.text)"
    case .presence(let operand, let field):
      "has(\(operand.text(binding: .member)).\(field.text))"
    case .call(let function, let arguments): "\(function.name)(\(Self.list(arguments)))"
    case .memberCall(let target, let function, let arguments):
      "\(target.text(binding: .member)).\(function.name)(\(Self.list(arguments)))"
    case .unary(let unaryOperator, let operand):
      "\(unaryOperator.rawValue)\(operand.operandText)"
    case .binary(let binaryOperator, let left, let right):
      "\(left.text(binding: strength)) \(binaryOperator.rawValue) "
        + right.text(binding: strength.tighter)
    case .logical(let logicalOperator, let operands):
      operands.map { $0.text(binding: strength.tighter) }
        .joined(separator: " \(logicalOperator.rawValue) ")
    case .conditional(let condition, let then, let otherwise):
      "\(condition.text(binding: .or)) ? \(then.text(binding: .or)) : "
        + otherwise.text(binding: .conditional)
    case .index(let operand, let key): "\(operand.text(binding: .member))[\(key)]"
    case .optionalIndex(let operand, let key): "\(operand.text(binding: .member))[?\(key)]"
    case .optionalElement(let element): "?\(element)"
    case .list(let elements): "[\(Self.list(elements))]"
    case .map(let entries): "{\(entries.map(\.text).joined(separator: ", "))}"
    case .binding(let binding): binding.text
    case .comprehension(let loop): loop.text
    }
  }

  private static func list(_ expressions: [Expression]) -> String {
    expressions.map(\.description).joined(separator: ", ")
  }
}

extension Expression {
  /// The text as the operand of `!` or `-`: `-(1)` must not be read back as the number -1.
  fileprivate var operandText: String {
    switch form {
    case .literal(.int), .literal(.double): "(\(form.text))"
    default: text(binding: .unary)
    }
  }
}

extension Expression.Field {
  fileprivate var text: String {
    let scalars = name.unicodeScalars
    let isPlain =
      scalars.first?.startsIdentifier == true && scalars.allSatisfy(\.continuesIdentifier)
      && !["true", "false", "null", "in"].contains(name)
    return isPlain ? name : "`\(name)`"
  }
}

extension Expression.Comprehension {
  fileprivate var text: String {
    let names = [variable, second].compactMap { $0.map { BlockName($0)?.description ?? $0 } }
    let arguments = names + [predicate, transform].compactMap { $0?.description }
    return "\(range.text(binding: .member)).\(kind.rawValue)(\(arguments.joined(separator: ", ")))"
  }
}

extension Expression.Entry {
  fileprivate var text: String {
    if case .optionalElement(let value) = value.form { return "?\(key): \(value)" }
    return "\(key): \(value)"
  }
}

extension Expression.Binding {
  fileprivate var text: String {
    if isBlock {
      let values = variables.map(\.value.description).joined(separator: ", ")
      return "cel.block([\(values)], \(body))"
    }
    let names = variables.map { "\($0.name), \($0.value)" }.joined(separator: ", ")
    return "cel.bind(\(names), \(body))"
  }
}

extension Expression.BinaryOperator {
  fileprivate var strength: Strength {
    switch self {
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .isIn: .relation
    case .add, .subtract: .sum
    case .multiply, .divide, .remainder: .product
    }
  }
}

extension Value {
  /// The value as CEL text that reads back as itself.
  package var literal: String {
    switch self {
    case .null: "null"
    case .bool(let value): String(value)
    case .int(let value): String(value)
    case .uint(let value): "\(value)u"
    case .double(let value): value.isFinite ? String(value) : "double(\"\(value)\")"
    case .string(let value): value.quotedLiteral
    case .bytes(let value): "b\"\(value.map(\.octalEscape).joined())\""
    case .list(let elements): "[\(elements.map(\.literal).joined(separator: ", "))]"
    case .map(let map):
      "{\(map.entries.map { "\($0.key.literal): \($0.value.literal)" }.joined(separator: ", "))}"
    case .timestamp(let time): "timestamp(\"\(time)\")"
    case .duration(let nanoseconds): "duration(\"\(DurationText.write(nanoseconds))\")"
    case .money(let amount): "usd(\"\(amount)\")"
    case .type(let name): name
    case .optional(let value?): "optional.of(\(value.literal))"
    case .optional(nil): "optional.none()"
    case .ip(let address): "ip(\"\(address)\")"
    case .cidr(let block): "cidr(\"\(block)\")"
    }
  }
}

extension String {
  /// This text between double quotes, escaped where CEL needs it.
  fileprivate var quotedLiteral: String {
    var result = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{00}"..<" ", "\u{7F}": result += UInt8(scalar.value).octalEscape
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension UInt8 {
  /// A backslash and three octal digits.
  fileprivate var octalEscape: String {
    let digits = String(self, radix: 8)
    return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
  }
}
