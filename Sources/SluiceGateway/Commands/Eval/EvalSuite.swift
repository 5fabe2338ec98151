import SluiceCore
import SluiceExpressions
import SluiceJSON

/// `sluice eval --suite`: the cases of a conformance file, one JSON object a line.
///
/// A line that cannot be read, and a case that asks for what is not there, count as failed.
package struct EvalSuite: Sendable {
  package struct Result: Sendable {
    package var passed = 0
    /// A line each: the id of a case and why it failed.
    package var failures: [String] = []
  }

  private let lines: [Substring]

  package init(_ text: [UInt8]) {
    lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
  }

  package func run() -> Result {
    var result = Result()
    for (number, line) in lines.enumerated() {
      let (id, failure) = Self.judge(line, number: number + 1)
      if let failure {
        result.failures.append("\(id): \(failure)")
      } else {
        result.passed += 1
      }
    }
    return result
  }

  package func answer() -> CommandAnswer {
    let result = run()
    let lines = result.failures + ["\(result.passed) passed, \(result.failures.count) failed"]
    return CommandAnswer(
      output: lines.joined(separator: "\n") + "\n",
      status: result.failures.isEmpty ? .success : .errors
    )
  }

  private static func judge(_ line: Substring, number: Int) -> (id: String, failure: String?) {
    do throws(JSONError) {
      let document = try JSONDocument(Array(line.utf8))
      let json = ConformanceJSON(document: document, value: document.root)
      let id = json["id"]?.string ?? "line \(number)"
      return (id, ConformanceCase(json).failure())
    } catch {
      return ("line \(number)", "is no JSON: \(error)")
    }
  }
}

/// One case.
private struct ConformanceCase {
  private static let phase = Environment.Phase(rank: 0, name: "eval")
  let json: ConformanceJSON

  init(_ json: ConformanceJSON) { self.json = json }

  /// Runs the case; `nil` when it passes.
  func failure() -> String? {
    guard let source = json["expr"]?.string, let expect = json["expect"] else {
      return "has no expression, or nothing that is expected"
    }
    let bindings = (json["bindings"]?.members ?? []).map { ($0.name, $0.value) }
    guard let environment = environment(bound: bindings.map(\.0)) else {
      return "has a declaration that is not understood"
    }
    let outcome = CheckedExpression.check(
      source,
      in: environment,
      typing: json["disable_check"]?.bool == true ? .dynamic : .strict,
      hasMacros: json["disable_macros"]?.bool != true
    )
    let expectsError = expect["error"] != nil || expect["any_error"] != nil
    guard let expression = outcome.expression else {
      let reasons = outcome.issues.map(\.message).joined(separator: "; ")
      return expectsError ? nil : "does not compile: \(reasons)"
    }
    if let type = expect["type"]?.string {
      guard let type = CELType(conformance: type) else { return "expects an unknown type" }
      guard expression.type == type else { return "is of type \(expression.type), not \(type)" }
    }
    if json["check_only"]?.bool == true {
      return expectsError ? "compiles instead of failing" : nil
    }
    return failure(of: expression, in: environment, bindings: bindings, expecting: expect)
  }

  private func failure(
    of expression: CheckedExpression,
    in environment: Environment,
    bindings: [(String, ConformanceJSON)],
    expecting expect: ConformanceJSON
  ) -> String? {
    var source = BoundSource()
    var known: [(slot: Int, value: Value)] = []
    for (name, json) in bindings {
      guard let slot = environment.slot(of: name) else { return "binds what is not declared" }
      if let value = Value(conformance: json) {
        known.append((slot, value))
      } else if json["t"]?.string == "unknown" {
        source.failures[slot] = .unavailable(BoundSource.unknown)
        source.unknownIDs += json["v"]?.elements.compactMap(\.text) ?? []
      } else if json["t"]?.string == "error" {
        source.failures[slot] = .invalidArgument("a bound error")
      } else {
        return "binds a value that is not understood"
      }
    }
    var frame = Frame(slots: environment.slotCount, source: source)
    for (slot, value) in known { frame.fill(slot, with: value) }
    do throws(EvaluationError) {
      let value = try expression.program().evaluate(&frame)
      guard let json = expect["value"] else {
        return expect["type"] != nil ? nil : "gives \(value.literal), where none is expected"
      }
      guard let expected = Value(conformance: json) else {
        return "expects a value that is not understood"
      }
      return value.isExactly(expected)
        ? nil : "gives \(value.literal), not \(expected.literal)"
    } catch {
      if error == .unavailable(BoundSource.unknown) {
        let sets =
          [expect["unknown"]].compactMap { $0?.elements }
          + (expect["any_unknown"]?.elements.map(\.elements) ?? [])
        let isExpected = sets.contains { set in
          set.allSatisfy { id in id.text.map(source.unknownIDs.contains) ?? false }
        }
        return isExpected ? nil : "is unknown"
      }
      return expect["error"] != nil || expect["any_error"] != nil ? nil : "fails: \(error)"
    }
  }

  /// What the case declares; a variable that is only bound can be of any type.
  private func environment(bound names: [String]) -> Environment? {
    var types: [String: CELType] = [:]
    for name in names { types[name] = .dyn }
    var functions: [Environment.HostFunction] = []
    for declaration in json["type_env"]?.elements ?? [] {
      guard let name = declaration["name"]?.string else { return nil }
      if let text = declaration["type"]?.string {
        guard let type = CELType(conformance: text) else { return nil }
        types[name] = type
      }
      for overload in declaration["overloads"]?.elements ?? [] {
        let parameters = (overload["params"]?.elements ?? [])
          .map { $0.string.flatMap { CELType(conformance: $0) } }
        guard let text = overload["result"]?.string, let result = CELType(conformance: text),
          !parameters.contains(nil)
        else { return nil }
        functions.append(
          Environment.HostFunction(
            name,
            parameters.compactMap(\.self),
            returns: result,
            number: 0,
            phases: [Self.phase],
            isEvaluable: false,
            isMember: overload["member"]?.bool == true
          )
        )
      }
    }
    return Environment(
      phase: Self.phase,
      variables: types.sorted { $0.key < $1.key }.enumerated()
        .map { Environment.Variable($1.key, $1.value, slot: $0, phases: [Self.phase]) },
      functions: functions,
      container: json["container"]?.string ?? ""
    )
  }
}

/// Variables that have no value, and why.
private struct BoundSource: FrameSource {
  static let unknown = "unknown"
  var failures: [Int: EvaluationError] = [:]
  var unknownIDs: [String] = []

  func value(ofSlot slot: Int, in frame: inout Frame) throws(EvaluationError) -> Value {
    throw failures[slot] ?? .unavailable("a variable")
  }

  func call(
    _ function: Int,
    _ arguments: [Value],
    in frame: inout Frame
  ) throws(EvaluationError) -> Value {
    throw .unavailable("a function")
  }
}
