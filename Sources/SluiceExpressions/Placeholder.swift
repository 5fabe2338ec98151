package struct CheckedExpression: Sendable {}
