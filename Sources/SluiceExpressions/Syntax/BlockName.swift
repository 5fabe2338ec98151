/// A name that only a program writes: `cel.index(0)`, `cel.iterVar(0, 1)`, `cel.accuVar(0, 1)`.
///
/// The forms of `cel.block`, which common parts of an expression are put into. Inside, the names
/// begin with a sign that no author can write, so they hide nothing.
struct BlockName: CustomStringConvertible {
  /// The name as a variable has it: `@index:0`.
  let name: String

  private static let functions = ["index": 1, "iterVar": 2, "accuVar": 2]

  /// Reads a name of a variable; `nil` for one that an author wrote.
  init?(_ name: String) {
    guard name.hasPrefix("@") else { return nil }
    self.name = name
  }

  /// Reads the call `cel.function(arguments)`; `nil` for all others.
  init?(function: String, arguments: [Expression]) {
    guard Self.functions[function] == arguments.count else { return nil }
    var name = "@\(function)"
    for argument in arguments {
      guard case .literal(.int(let number)) = argument.form, number >= 0 else { return nil }
      name += ":\(number)"
    }
    self.name = name
  }

  static func index(_ number: Int) -> String { "@index:\(number)" }

  var description: String {
    let parts = name.dropFirst().split(separator: ":")
    return "cel.\(parts[0])(\(parts.dropFirst().joined(separator: ", ")))"
  }
}
