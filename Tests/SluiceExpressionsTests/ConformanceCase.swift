import Foundation
import SluiceCore

@testable import SluiceExpressions

/// One line of a conformance file: see the README of the data for its form.
struct ConformanceCase {
  let id: String
  let source: String
  private let json: [String: Any]

  static func all() throws -> [ConformanceCase] {
    let file = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent()
      .appendingPathComponent("Fixtures/cel-core.jsonl")
    return try String(contentsOf: file, encoding: .utf8)
      .split(separator: "\n")
      .compactMap { try ConformanceCase(String($0)) }
  }

  private init?(_ line: String) throws {
    guard let json = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
      let id = json["id"] as? String, let source = json["expr"] as? String
    else { return nil }
    self.id = id
    self.source = source
    self.json = json
  }

  /// Runs the case; `nil` when it passes.
  func failure() -> String? {
    let bindings = json["bindings"] as? [String: [String: Any]] ?? [:]
    let environment = environment(bindings.keys)
    let outcome = CheckedExpression.check(
      source,
      expecting: nil,
      in: environment,
      typing: json["disable_check"] as? Bool == true ? .dynamic : .strict
    )
    let expect = json["expect"] as? [String: Any] ?? [:]
    let expectsError = expect["error"] != nil
    guard let expression = outcome.expression else {
      return expectsError ? nil : "does not compile: \(outcome.issues.map(\.message))"
    }
    if let type = expect["type"] as? String, expression.type.description != type {
      return "is of type \(expression.type), not \(type)"
    }
    if let failure = roundTripFailure(expression, environment) { return failure }
    guard json["check_only"] as? Bool != true else { return nil }
    return evaluationFailure(expression, bindings, environment)
  }

  /// The canonical text must be read back as the same expression.
  private func roundTripFailure(
    _ expression: CheckedExpression,
    _ environment: Environment
  ) -> String? {
    let text = expression.canonicalText
    let again = CheckedExpression.check(
      text,
      expecting: nil,
      in: environment,
      typing: .dynamic
    )
    return again.expression?.canonicalText == text
      ? nil : "prints as \(text), which reads as \(again.expression?.canonicalText ?? "nothing")"
  }

  private func evaluationFailure(
    _ expression: CheckedExpression,
    _ bindings: [String: [String: Any]],
    _ environment: Environment
  ) -> String? {
    var frame = Frame(slots: environment.variables.count, source: NoValues())
    for (name, variable) in environment.variables {
      if let value = bindings[name].flatMap(Value.init(tagged:)) {
        frame.fill(variable.slot, with: value)
      }
    }
    let expect = json["expect"] as? [String: Any] ?? [:]
    do throws(EvaluationError) {
      let value = try expression.program().evaluate(&frame)
      guard let expected = (expect["value"] as? [String: Any]).flatMap(Value.init(tagged:)) else {
        return "gives \(value) instead of an error"
      }
      return value.isExactly(expected) ? nil : "gives \(value), not \(expected)"
    } catch {
      return expect["error"] != nil ? nil : "fails: \(error)"
    }
  }

  private func environment(_ bound: some Collection<String>) -> Environment {
    let phase = Environment.Phase(rank: 0, name: "request")
    let declarations = json["type_env"] as? [[String: Any]] ?? []
    var types: [String: CELType] = [:]
    for name in bound { types[name] = .dyn }
    var functions: [Environment.HostFunction] = []
    for declaration in declarations {
      guard let name = declaration["name"] as? String else { continue }
      if let type = declaration["type"] as? String { types[name] = CELType(conformance: type) }
      for overload in declaration["overloads"] as? [[String: Any]] ?? [] {
        let parameters = overload["params"] as? [String] ?? []
        functions.append(
          Environment.HostFunction(
            name,
            parameters.map { CELType(conformance: $0) },
            returns: CELType(conformance: overload["result"] as? String ?? "dyn"),
            number: 0,
            phases: [phase]
          )
        )
      }
    }
    return Environment(
      phase: phase,
      variables: types.sorted { $0.key < $1.key }.enumerated()
        .map {
          Environment.Variable($1.key, $1.value, slot: $0, phases: [phase])
        },
      functions: functions,
      container: json["container"] as? String ?? ""
    )
  }
}

struct NoValues: FrameSource {
  func value(ofSlot slot: Int, in frame: inout Frame) throws(EvaluationError) -> Value {
    throw .unavailable("a variable")
  }

  func call(
    _ function: Int,
    _ arguments: [Value],
    in frame: inout Frame
  ) throws(EvaluationError) -> Value {
    throw .unavailable("a function")
  }
}

extension CELType {
  fileprivate init(conformance text: String) {
    if text.hasPrefix("list(") {
      self = .list(CELType(conformance: String(text.dropFirst(5).dropLast())))
    } else if text.hasPrefix("map("), let comma = text.firstIndex(of: ",") {
      let key = text[text.index(text.startIndex, offsetBy: 4)..<comma]
      let value = text[text.index(after: comma)...].dropLast()
      self = .map(
        CELType(conformance: String(key)),
        CELType(conformance: value.trimmingCharacters(in: .whitespaces))
      )
    } else {
      self = text == "null" ? .null : CELType.named[text] ?? .dyn
    }
  }
}

extension Value {
  fileprivate init?(tagged json: [String: Any]) {
    let text = json["v"] as? String
    switch json["t"] as? String {
    case "null": self = .null
    case "bool": self = .bool(json["v"] as? Bool == true)
    case "int": self = .int(text.flatMap { Int64($0) } ?? 0)
    case "uint": self = .uint(text.flatMap { UInt64($0) } ?? 0)
    case "double": self = .double(text.flatMap { Double($0) } ?? 0)
    case "string": self = .string(text ?? "")
    case "bytes":
      self = .bytes([UInt8](Data(base64Encoded: json["b64"] as? String ?? "") ?? Data()))
    case "type": self = .type(text ?? "")
    case "list":
      let elements = json["v"] as? [[String: Any]] ?? []
      self = .list(elements.compactMap { Value(tagged: $0) })
    case "map":
      let entries = (json["v"] as? [[[String: Any]]] ?? [])
        .compactMap { pair in
          Value(tagged: pair[0])
            .flatMap { key in
              Value(tagged: pair[1]).map { ValueMap.Entry(key: key, value: $0) }
            }
        }
      guard let map = ValueMap(entries) else { return nil }
      self = .map(map)
    default: return nil
    }
  }

  /// The same type and content, NaN and the sign of zero included.
  fileprivate func isExactly(_ other: Value) -> Bool {
    switch (self, other) {
    case (.double(let left), .double(let right)):
      (left.isNaN && right.isNaN) || (left == right && left.sign == right.sign)
    case (.list(let left), .list(let right)):
      left.count == right.count && zip(left, right).allSatisfy { $0.isExactly($1) }
    case (.map(let left), .map(let right)):
      left.count == right.count
        && left.entries.allSatisfy { entry in
          right.entries.contains { $0.key == entry.key && $0.value.isExactly(entry.value) }
        }
    default: self == other
    }
  }
}
