package import SluiceExpressions

/// What the features that an expression names stand for, as text: with it, two expressions of two
/// policies that read the same are the same.
package enum FeatureMeaning {
  /// The expression in one spelling, and its features written out.
  package static func text(
    of expression: CheckedExpression,
    _ features: [Int: CheckedExpression]
  ) -> String {
    let meanings = all(in: expression.root, expression, features)
    return meanings.isEmpty
      ? expression.canonicalText : "\(expression.canonicalText) where \(meanings)"
  }

  /// `features.a = …, features.b = …`, those that they name in turn included; empty if there are
  /// none.
  static func all(
    in node: SluiceExpressions.Expression,
    _ expression: CheckedExpression,
    _ features: [Int: CheckedExpression]
  ) -> String {
    var texts: [String: String] = [:]
    collect(node, expression, features, into: &texts)
    return texts.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }
      .joined(separator: ", ")
  }

  private static func collect(
    _ node: SluiceExpressions.Expression,
    _ expression: CheckedExpression,
    _ features: [Int: CheckedExpression],
    into texts: inout [String: String]
  ) {
    var named: [(String, CheckedExpression)] = []
    node.forEach { part in
      if case .variable(let variable)? = expression.reference(of: part),
        let feature = features[variable.slot]
      {
        named.append((variable.name, feature))
      }
    }
    for (name, feature) in named where texts[name] == nil {
      texts[name] = feature.canonicalText
      collect(feature.root, feature, features, into: &texts)
    }
  }
}
