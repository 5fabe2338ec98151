// Wording of the house: what is wrong in the author's words, lower case, no full stop, names in
// quotes; the help says what to type.
extension ExpressionIssue {
  /// What is wrong.
  package var message: String {
    switch kind {
    case .empty: "the expression is empty"
    case .tooLong(let bytes, let limit):
      "the expression has \(bytes) bytes, more than the \(limit) allowed"
    case .tooDeep(let limit): "the expression nests deeper than \(limit) levels"
    case .unexpected(let found?, let expected): "found '\(found)' where \(expected) belongs"
    case .unexpected(nil, let expected): "the expression ends where \(expected) belongs"
    case .unknownCharacter(let character): "'\(character)' means nothing in an expression"
    case .unterminatedString: "a quoted text does not end"
    case .badEscape(let reason): "a bad escape in a quoted text: \(reason)"
    case .numberOutOfRange(let text): "the number \(text) is out of range"
    case .badMacro(let name, let reason): "'\(name)' is not used as it should be: \(reason)"
    case .messageConstruction(let name):
      "'\(name){…}' would make a protobuf message, and there are none here"
    case .unknownName(let name, _): "'\(name)' is not declared"
    case .incompleteName(let name, _): "'\(name)' is no value by itself"
    case .unknownFunction(let name, _): "there is no function '\(name)'"
    case .unknownField(let field, let owner, _): "\(owner) has no field '\(field)'"
    case .wrongPhase(let name, let existsIn, let here, _):
      "'\(name)' does not exist in phase \(here), only in \(Self.listed(existsIn))"
    case .typeMismatch(let expected, let found):
      "this is of type \(found), but \(expected) belongs here"
    case .noSuchOverload(let function, let arguments, _):
      "'\(function)' does not take (\(arguments.map(\.description).joined(separator: ", ")))"
    case .notIterable(let type): "a value of type \(type) has no elements to go through"
    case .badConstant(let constant, let text, let reason):
      "'\(text)' is no valid \(constant.rawValue): \(reason)"
    case .notConstant(let function): "'\(function)' takes only literals"
    case .duplicateKey(let key): "the key \(key) occurs twice"
    case .unsupportedKey(let type): "a value of type \(type) cannot be a key"
    case .unsupportedZone(let zone): "there is no time zone '\(zone)'"
    }
  }

  /// What to do about it, where that can be said.
  package var help: String? {
    switch kind {
    case .unexpected("=", _), .unknownCharacter("="): "compare with '=='"
    case .unknownCharacter("&"): "write '&&' for and"
    case .unknownCharacter("|"): "write '||' for or"
    case .unexpected("and", _): "write '&&' for and"
    case .unexpected("or", _): "write '||' for or"
    case .unexpected("not", _): "write '!' for not"
    case .unknownFunction("not", _): "write '!' for not"
    case .unexpected(",", "')'"): "write a list in brackets, such as ['a', 'b']"
    case .unexpected(_, "a number"): "write the number in full, without a unit"
    case .unknownCharacter("\u{201C}"), .unknownCharacter("\u{201D}"),
      .unknownCharacter("\u{2018}"), .unknownCharacter("\u{2019}"):
      "write straight quotes"
    case .unknownName(let name, nearest: []) where !name.contains("."):
      "if it is a text, write \(Value.string(name).literal)"
    case .unexpected, .unknownCharacter, .badMacro, .tooLong, .numberOutOfRange, .badEscape: nil
    case .messageConstruction: "write a map, such as {\"name\": 1}"
    case .empty: "write a condition, such as prompt.tokens < 200"
    case .tooDeep: "give a part of it a name under 'features'"
    case .unterminatedString: "close it with the quotes it began with"
    case .unknownName(_, let nearest), .unknownFunction(_, let nearest),
      .unknownField(_, _, let nearest):
      nearest.isEmpty ? nil : "did you mean \(Self.listed(nearest.map { "'\($0)'" }, "or"))?"
    case .incompleteName(_, let members): "write one of \(Self.listed(members, "or"))"
    case .wrongPhase(_, _, _, let available):
      available.isEmpty ? "nothing is there yet" : "available here: \(Self.listed(available))"
    case .typeMismatch(.bool, _): "compare it with something"
    case .typeMismatch(.string, _): "convert it with string(…)"
    case .typeMismatch: nil
    case .noSuchOverload("in", [.string, .string], _): "write text.contains(part)"
    case .noSuchOverload("-", let arguments, _) where arguments.first == .string:
      "write names with a dash in brackets, such as headers[\"x-name\"]"
    case .noSuchOverload(_, let arguments, let candidates):
      overloadHelp(arguments, candidates)
    case .notIterable: "macros go through a list or the keys of a map"
    case .badConstant(.regex, _, _): "patterns are RE2: no look-around, no back-references"
    case .badConstant(.duration, _, _): "write it such as \"90s\", \"15m\" or \"1h30m\""
    case .badConstant(.timestamp, _, _): "write it such as \"2026-01-31T08:00:00Z\""
    case .badConstant(.money, _, _): "write dollars such as \"5\" or \"0.02\""
    case .badConstant(.address, _, _): "write it such as \"192.0.2.1\" or \"2001:db8::1\""
    case .badConstant(.block, _, _): "write it such as \"10.0.0.0/8\" or \"2001:db8::/32\""
    case .badConstant(.window, _, _):
      "write it such as \"Mon-Fri 09:00-17:00\", \"Sat,Sun\" or \"22:00-06:00\""
    case .notConstant: "write the value itself, so that it is known when the policy is loaded"
    case .duplicateKey: "remove one of the two"
    case .unsupportedKey: "keys are bool, int, uint or string"
    case .unsupportedZone:
      "write \"UTC\", an offset such as \"+02:00\" or a place such as \"Europe/Paris\""
    }
  }

  private func overloadHelp(_ arguments: [CELType], _ candidates: [String]) -> String? {
    if arguments.contains(.money), arguments.contains(where: { $0 == .int || $0 == .double }) {
      return "write amounts of money as usd(\"5\")"
    }
    return candidates.isEmpty ? nil : "it takes \(Self.listed(Array(candidates.prefix(4)), "or"))"
  }

  private static func listed(_ words: [String], _ conjunction: String = "and") -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return "\(words.dropLast().joined(separator: ", ")) \(conjunction) \(last)"
  }
}
