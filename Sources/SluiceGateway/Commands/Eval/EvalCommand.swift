import SluiceCore
import SluiceExpressions
import SluiceJSON

/// `sluice eval`: what an expression comes to.
///
/// Knows CEL and its extensions, none of a policy's variables and none of its bounds on cost; what
/// stays is the bound on the work that a run may do.
package struct EvalCommand: Sendable {
  package var expression: String
  /// `name=VALUE`, the value in CEL or JSON.
  package var variables: [String]
  package var showsType: Bool

  package init(expression: String, variables: [String] = [], showsType: Bool = false) {
    self.expression = expression
    self.variables = variables
    self.showsType = showsType
  }

  package func run() -> CommandAnswer {
    do throws(Refusal) {
      let variables = try variables.map { (text) throws(Refusal) in try EvalVariable(text) }
      return try answer(with: variables)
    } catch {
      return CommandAnswer(error)
    }
  }

  private func answer(with variables: [EvalVariable]) throws(Refusal) -> CommandAnswer {
    var environment = Environment(phase: EvalVariable.phase)
    var names: Set<String> = []
    for (slot, variable) in variables.enumerated() {
      guard names.insert(variable.name).inserted else {
        throw Refusal("the variable `\(variable.name)` is given twice", status: .usage)
      }
      environment.declare(variable.declaration(slot: slot))
    }
    let outcome = CheckedExpression.check(expression, in: environment)
    guard let checked = outcome.expression else {
      let notes = outcome.issues.map { Caret.text($0, in: expression) }.joined(separator: "\n")
      return CommandAnswer(notes: notes, status: .errors)
    }
    var frame = Frame(slots: variables.count, source: NoSource())
    for (slot, variable) in variables.enumerated() { frame.fill(slot, with: variable.value) }
    do throws(EvaluationError) {
      let value = try checked.program().evaluate(&frame)
      return CommandAnswer(output: value.literal + "\n" + (showsType ? "\(checked.type)\n" : ""))
    } catch {
      return CommandAnswer(notes: "error: \(error)\n", status: .errors)
    }
  }
}

/// One `--var`.
struct EvalVariable {
  static let phase = Environment.Phase(rank: 0, name: "eval")

  let name: String
  let type: CELType
  let value: Value

  /// Reads `name=VALUE`.
  init(_ text: String) throws(Refusal) {
    guard let mark = text.firstIndex(of: "="), Self.isName(text[..<mark]) else {
      throw Refusal("`--var \(text)` is not of the form name=VALUE", status: .usage)
    }
    name = String(text[..<mark])
    let written = String(text[text.index(after: mark)...])
    if let (value, type) = Self.cel(written) {
      (self.value, self.type) = (value, type)
    } else if let value = Self.json(written) {
      self.value = value
      type = .dyn
    } else {
      throw Refusal(
        "`\(written)` is no value of CEL or JSON; write text in quotes: \(name)=\"\(written)\"",
        status: .usage
      )
    }
  }

  func declaration(slot: Int) -> Environment.Variable {
    Environment.Variable(name, type, slot: slot, phases: [Self.phase])
  }

  private static func isName(_ text: Substring) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return parts.allSatisfy { part in
      let bytes = part.utf8
      return bytes.first.map { !($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) } ?? false
        && bytes.allSatisfy {
          $0 == UInt8(ascii: "_")
            || ($0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z"))
            || ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9"))
        }
    }
  }

  private static func cel(_ text: String) -> (Value, CELType)? {
    let outcome = CheckedExpression.check(text, in: Environment(phase: phase))
    guard let checked = outcome.expression else { return nil }
    var frame = Frame(slots: 0, source: NoSource())
    do throws(EvaluationError) {
      return (try checked.program().evaluate(&frame), checked.type)
    } catch {
      return nil
    }
  }

  private static func json(_ text: String) -> Value? {
    do throws(JSONError) {
      let document = try JSONDocument(Array(text.utf8))
      return Value(document, document.root)
    } catch {
      return nil
    }
  }
}

extension Value {
  /// A JSON value; whole numbers are ints where they fit.
  fileprivate init?(_ document: JSONDocument, _ json: JSONValue) {
    switch document.kind(of: json) {
    case .null: self = .null
    case .bool:
      guard let value = document.bool(json) else { return nil }
      self = .bool(value)
    case .number:
      if let value = document.int(json) {
        self = .int(value)
      } else if let value = document.double(json) {
        self = .double(value)
      } else {
        return nil
      }
    case .string:
      guard let value = document.string(json) else { return nil }
      self = .string(value)
    case .array:
      var elements: [Value] = []
      for element in document.elements(of: json) {
        guard let value = Value(document, element) else { return nil }
        elements.append(value)
      }
      self = .list(elements)
    case .object:
      var entries: [ValueMap.Entry] = []
      for member in document.members(of: json) {
        guard let key = document.string(member.key), let value = Value(document, member.value)
        else { return nil }
        entries.append(ValueMap.Entry(key: .string(key), value: value))
      }
      guard let map = ValueMap(entries) else { return nil }
      self = .map(map)
    }
  }
}

/// An issue under the line of the expression that it is about.
private enum Caret {
  static func text(_ issue: ExpressionIssue, in source: String) -> String {
    let scalars = Array(source.unicodeScalars)
    let start = min(issue.range.lowerBound, scalars.count)
    let lineStart = scalars[..<start].lastIndex(of: "\n").map { $0 + 1 } ?? 0
    let lineEnd = scalars[start...].firstIndex(of: "\n") ?? scalars.count
    // What cannot be shown, tabs among it, must not move the caret.
    var line = String.UnicodeScalarView()
    line.append(
      contentsOf: scalars[lineStart..<lineEnd]
        .map { $0.properties.generalCategory == .control ? " " : $0 }
    )
    let width = max(1, min(issue.range.upperBound, lineEnd) - start)
    let carets =
      String(repeating: " ", count: start - lineStart) + String(repeating: "^", count: width)
    let help = issue.help.map { "  = help: \($0)\n" } ?? ""
    return "error: \(issue.message)\n  | \(String(line))\n  | \(carets)\n\(help)"
  }
}
