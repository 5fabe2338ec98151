/// What is told of a function beside its overloads.
enum FunctionCatalog {
  /// Whether a function compares all elements of its lists with each other.
  static func isQuadratic(_ name: String) -> Bool {
    switch name {
    case "distinct", "sets.contains", "sets.equivalent", "sets.intersects": true
    default: false
    }
  }
}
