import SluiceCore
import SluiceExpressions
import SluicePolicy

extension Binder {
  /// What expressions of a phase may name.
  func environment(_ phase: PolicyPhase) -> Environment {
    if let known = environments[phase] { return known }
    let made = Environment(phase: phase, features: features)
    environments[phase] = made
    return made
  }

  /// The expression under a key, checked for the phase that it runs in.
  ///
  /// `type` is what it must give; nil takes any.
  func expression(
    _ entry: YAMLEntry,
    _ type: CELType?,
    in phase: PolicyPhase
  ) -> SluicePolicy.Expression? {
    guard let scalar = expressionScalar(entry) else { return nil }
    let text = bundle[scalar.span.source]
    return checked(scalar.text, type, in: phase, at: scalar.span) { range in
      scalar.span(ofCharacters: range, in: text)
    }
  }

  /// The text of an expression, if there is one.
  private func expressionScalar(_ entry: YAMLEntry) -> YAMLScalar? {
    if entry.value.isNull {
      report(.emptyCondition(entry.name, at: entry.valueSpan))
      return nil
    }
    guard let scalar = entry.value.scalar else {
      report(
        .wrongType(
          entry.name,
          expected: "an expression",
          got: entry.value.kindDescription,
          at: entry.value.useSpan
        )
      )
      return nil
    }
    guard scalar.text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
      report(.emptyCondition(entry.name, at: scalar.span))
      return nil
    }
    guard !scalar.isIndirection else {
      report(.indirectionMisplaced(entry.name, scalar.text, at: scalar.span))
      return nil
    }
    if let split = YAMLTraps.commentInside(scalar, in: bundle[scalar.span.source]) {
      report(split)
      return nil
    }
    return scalar
  }

  /// Checks a text; `place` says where a stretch of it, in Unicode scalars, stands in the file.
  func checked(
    _ source: String,
    _ type: CELType?,
    in phase: PolicyPhase,
    at span: SourceSpan,
    _ place: @escaping (Range<Int>) -> SourceSpan
  ) -> SluicePolicy.Expression? {
    let environment = environment(phase)
    let outcome = CheckedExpression.check(source, expecting: type, in: environment)
    for issue in outcome.issues {
      report(.issue(issue, available: environment.available, at: place(issue.range)))
    }
    guard let expression = outcome.expression else { return nil }
    if let finding = ExpressionProfile.finding(expression, at: span, place) { report(finding) }
    let use = ExpressionUse(expression: expression, place: place)
    for name in use.namesOfFiniteDomains { checkDomain(name) }
    checkStateArguments(use, in: phase)
    for check in allExpressionChecks { check.inspect(use, self) }
    if let finding = ConstantExpression.finding(expression, isCondition: type == .bool, at: span) {
      report(finding)
    }
    return SluicePolicy.Expression(expression, place: self.place(of: span))
  }

  /// Tells a text that a variable is compared with but can never hold.
  func checkDomain(_ name: ExpressionUse.DomainName) {
    switch name.variable {
    case .userTier, .product:
      // The empty string: no tier, no product.
      guard !name.text.isEmpty else { return }
      _ = reference(name.text, at: name.span, to: name.variable == .product ? .products : .tiers)
    case .requestModel:
      guard name.text != "auto", names(of: .targets)[name.text] == nil else { return }
      _ = reference(name.text, at: name.span, to: .models)
    case .route: _ = reference(name.text, at: name.span, to: .routes)
    case .target:
      // With `to: requested`, the target is what the client named: perhaps a model.
      guard names(of: .models)[name.text] == nil else { return }
      _ = reference(name.text, at: name.span, to: .targets)
    case .modelName: _ = reference(name.text, at: name.span, to: .models)
    case .modelUpstream: _ = reference(name.text, at: name.span, to: .upstreams)
    case .requestStream, .requestMaxTokens, .requestTemperature, .requestTools, .requestText,
      .requestPath, .promptText, .promptTokens, .headers, .userID, .tenant, .clientIP, .now:
      break
    }
  }

  /// Tells arguments of functions that read state and name nothing that is there.
  func checkStateArguments(_ use: ExpressionUse, in phase: PolicyPhase) {
    for call in use.stateCalls {
      switch call.function {
      case .budgetRemaining:
        if let budget = reference(call.argument, at: call.span, to: .budgets) {
          budgetReads.append((budget, phase, call.span))
        }
      case .breakerState: _ = reference(call.argument, at: call.span, to: .models)
      case .spend:
        guard let window = quantity(call.argument, at: call.span) else { continue }
        // Run time reads whole numbers only.
        let isWhole = DurationText.nanoseconds(of: call.argument) != nil
        if !isWhole || window < .seconds(60) || window > .seconds(31 * 86_400) {
          report(.outOfRange("spend", call.argument, range: "over 1m to 31d", at: call.span))
        }
      }
    }
  }

  private func quantity(_ text: String, at span: SourceSpan) -> Duration? {
    quantity(
      YAMLScalar(text: text, style: .doubleQuoted, span: span),
      key: "spend",
      QuantityKind<Duration>.duration
    )
  }
}
