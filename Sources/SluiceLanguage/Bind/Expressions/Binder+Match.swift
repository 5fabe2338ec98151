import SluiceCore
import SluiceExpressions
import SluicePolicy

extension Binder {
  /// `match` and `when` of a route as one condition; nil if there is neither, or one is wrong.
  func condition(_ fields: Fields) -> SluicePolicy.Expression? {
    let when = fields["when"].flatMap { expression($0, .bool, in: .request) }
    guard let match = fields["match"] else { return when }
    guard var parts = matchParts(match) else { return nil }
    if let when {
      parts.append("(\(when.checked.canonicalText))")
    } else if fields.has("when") {
      return nil
    }
    let span = match.value.span
    let outcome = CheckedExpression.check(
      parts.joined(separator: " && "),
      expecting: .bool,
      in: environment(.request)
    )
    // Each part was checked by itself: only their sum can be too much.
    for issue in outcome.issues {
      report(.issue(issue, available: environment(.request).available, at: match.keySpan))
    }
    guard let expression = outcome.expression else { return nil }
    return SluicePolicy.Expression(expression, place: place(of: span))
  }

  /// The entries of `match` as CEL, one each; nil if any is wrong.
  private func matchParts(_ match: YAMLEntry) -> [String]? {
    guard let mapping = match.value.mapping else {
      report(
        match.value.isNull
          ? .emptyCondition("match", at: match.keySpan)
          : .wrongType(
            "match",
            expected: "a map of variables",
            got: match.value.kindDescription,
            example: "match: { product: support }",
            at: match.value.useSpan
          )
      )
      return nil
    }
    guard !mapping.isEmpty else {
      report(.emptyCondition("match", at: match.value.span))
      return nil
    }
    let parts = mapping.entries.map(matchPart)
    let whole = parts.compactMap(\.self)
    return whole.count == parts.count ? whole : nil
  }

  private func matchPart(_ entry: YAMLEntry) -> String? {
    guard let subject = matchSubject(entry) else { return nil }
    switch entry.value.content {
    case .scalar(let scalar):
      return literal(scalar, subject).map { "\(subject.name) == \($0)" }
    case .sequence(let items):
      return list(items, subject, at: entry.value.span).map { "\(subject.name) in [\($0)]" }
    case .mapping(let mapping):
      guard !mapping.isEmpty else {
        report(.emptyCondition(entry.name, at: entry.value.span))
        return nil
      }
      let parts = mapping.entries.map { comparison($0, subject) }
      let whole = parts.compactMap(\.self)
      return whole.count == parts.count ? whole.joined(separator: " && ") : nil
    case .null:
      report(.emptyCondition(entry.name, at: entry.keySpan))
      return nil
    }
  }

  /// The variable that an entry of `match` looks at.
  private func matchSubject(_ entry: YAMLEntry) -> MatchSubject? {
    let environment = environment(.request)
    let isName = entry.name.utf8.allSatisfy { byte in
      let letter = byte | 0x20
      return (0x61...0x7a).contains(letter) || (0x30...0x39).contains(byte)
        || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
    }
    guard isName, !entry.name.isEmpty else {
      report(
        .unknownVariable(
          entry.name,
          nearest: nil,
          available: environment.available,
          at: entry.keySpan
        )
      )
      return nil
    }
    let outcome = CheckedExpression.check(entry.name, in: environment)
    for issue in outcome.issues {
      report(.issue(issue, available: environment.available, at: entry.keySpan))
    }
    guard let expression = outcome.expression else { return nil }
    let variable = PolicyVariable.allCases.first { $0.name == entry.name }
    let subject = MatchSubject(
      name: entry.name,
      variable: variable,
      type: expression.type,
      keySpan: entry.keySpan
    )
    switch expression.type {
    case .string, .int, .uint, .double, .bool, .timestamp, .dyn: return subject
    case .null, .bytes, .duration, .money, .list, .map, .type, .parameter, .abstract:
      report(
        .typeMismatch(
          expected: "a variable that holds one value",
          got: "\(expression.type)",
          at: entry.keySpan,
          help: "write a `when` instead"
        )
      )
      return nil
    }
  }

  private enum Operator: String, CaseIterable { case lt, le, gt, ge, not, prefix }

  private func comparison(_ entry: YAMLEntry, _ subject: MatchSubject) -> String? {
    guard let word = Operator(rawValue: entry.name) else {
      let words = Operator.allCases.map(\.rawValue)
      report(
        .unknownKey(
          entry.name,
          in: "the comparison of `\(subject.name)`",
          nearest: NearestName.nearest(to: entry.name, among: words),
          allowed: words,
          at: entry.keySpan
        )
      )
      return nil
    }
    switch word {
    case .lt: return ordered("<", entry, subject)
    case .le: return ordered("<=", entry, subject)
    case .gt: return ordered(">", entry, subject)
    case .ge: return ordered(">=", entry, subject)
    case .prefix:
      guard subject.type == .string || subject.type == .dyn else {
        return refuse(entry, subject, wants: "string")
      }
      return operand(entry, subject, checksDomain: false)
        .map { "\(subject.name).startsWith(\($0))" }
    case .not:
      guard let items = entry.value.sequence else {
        return operand(entry, subject).map { "\(subject.name) != \($0)" }
      }
      return list(items, subject, at: entry.value.span).map { "!(\(subject.name) in [\($0)])" }
    }
  }

  private func ordered(_ sign: String, _ entry: YAMLEntry, _ subject: MatchSubject) -> String? {
    switch subject.type {
    case .int, .uint, .double, .timestamp, .dyn:
      operand(entry, subject).map { "\(subject.name) \(sign) \($0)" }
    default: refuse(entry, subject, wants: "a number or a time")
    }
  }

  private func refuse(_ entry: YAMLEntry, _ subject: MatchSubject, wants type: String) -> String? {
    report(
      .typeMismatch(
        expected: type,
        got: "\(subject.type)",
        at: entry.keySpan,
        help: "`\(entry.name)` cannot compare `\(subject.name)`"
      )
    )
    return nil
  }

  private func operand(
    _ entry: YAMLEntry,
    _ subject: MatchSubject,
    checksDomain: Bool = true
  ) -> String? {
    guard let scalar = entry.value.scalar else {
      report(
        .wrongType(
          entry.name,
          expected: "one value",
          got: entry.value.kindDescription,
          at: entry.valueSpan
        )
      )
      return nil
    }
    return literal(scalar, subject, checksDomain: checksDomain)
  }

  private func list(_ items: [YAMLNode], _ subject: MatchSubject, at span: SourceSpan) -> String? {
    guard !items.isEmpty else {
      report(.emptyCondition(subject.name, at: span))
      return nil
    }
    let values = items.map { item -> String? in
      guard let scalar = item.scalar else {
        report(
          .wrongType(
            subject.name,
            expected: "one value",
            got: item.kindDescription,
            at: item.useSpan
          )
        )
        return nil
      }
      return literal(scalar, subject)
    }
    let whole = values.compactMap(\.self)
    return whole.count == values.count ? whole.joined(separator: ", ") : nil
  }

  /// A value of `match` as a CEL literal of the variable's type.
  private func literal(
    _ scalar: YAMLScalar,
    _ subject: MatchSubject,
    checksDomain: Bool = true
  ) -> String? {
    func mismatch() -> String? {
      report(
        YAMLTraps.finding(for: scalar, wanting: subject.type == .bool ? .boolean : .number)
          .map {
            var trap = $0
            trap.severity = .error
            return trap
          }
          ?? .typeMismatch(
            expected: "\(subject.type)",
            got: scalar.kindDescription,
            at: scalar.span,
            help: "`\(subject.name)` is of type \(subject.type)"
          )
      )
      return nil
    }
    switch subject.type {
    case .string, .dyn:
      if let trap = YAMLTraps.finding(for: scalar, wanting: .text) { report(trap) }
      if checksDomain, let variable = subject.variable {
        checkDomain(.init(variable: variable, text: scalar.text, span: scalar.span))
      }
      return CheckedExpression.quoted(scalar.text)
    case .bool:
      guard scalar.isPlain, let value = YAMLTraps.boolean12(scalar.text) else { return mismatch() }
      return "\(value)"
    case .int, .uint:
      guard scalar.isPlain else { return mismatch() }
      do throws(QuantityIssue) {
        return "\(try Count.reading(scalar.text))\(subject.type == .uint ? "u" : "")"
      } catch {
        return mismatch()
      }
    case .double:
      guard scalar.isPlain else { return mismatch() }
      do throws(QuantityIssue) {
        return "\(try Ratio.reading(scalar.text))"
      } catch {
        return mismatch()
      }
    case .timestamp:
      let text = "timestamp(\(CheckedExpression.quoted(scalar.text)))"
      let outcome = CheckedExpression.check(text, in: environment(.request))
      return outcome.expression == nil ? mismatch() : text
    case .null, .bytes, .duration, .money, .list, .map, .type, .parameter, .abstract:
      return mismatch()
    }
  }
}

/// The variable that an entry of `match` looks at.
private struct MatchSubject {
  var name: String
  /// Nil for a feature.
  var variable: PolicyVariable?
  var type: CELType
  var keySpan: SourceSpan
}
