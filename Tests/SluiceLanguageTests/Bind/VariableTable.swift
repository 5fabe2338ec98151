import SluiceExpressions
import SluicePolicy

/// The variables of the language as the reference prints them.
enum VariableTable {
  static var markdown: String {
    var text = "\n| variable | type | where | meaning |\n|---|---|---|---|\n"
    for variable in PolicyVariable.allCases {
      let phases = variable.phases.map(\.name).joined(separator: ", ")
      text += "| `\(variable.name)` | \(variable.type) | \(phases) | \(variable.meaning) |\n"
    }
    return text + "\n"
  }
}
