/// Small forms that messages share.
enum Wording {
  /// ``; did you mean `gold`?`` or nothing.
  static func suggestion(_ nearest: String?) -> String {
    nearest.map { "; did you mean `\($0)`?" } ?? ""
  }

  /// `a`, `b` and `c`, cut after twelve.
  static func list(_ names: [String], limit: Int = 12) -> String {
    guard names.count > limit else { return names.joined(separator: ", ") }
    return names.prefix(limit).joined(separator: ", ") + ", … (\(names.count) in all)"
  }

  /// `allowed here: a, b`; nil if there are none.
  static func list(_ title: String, _ names: [String]) -> String? {
    names.isEmpty ? nil : "\(title): \(list(names))"
  }

  /// The text as a YAML scalar in quotes that mean the same: single unless that needs doubling.
  static func quoted(_ text: String) -> String {
    // By scalars: a quote that carries a combining mark is another `Character`.
    let scalars = text.unicodeScalars
    if !scalars.contains("'") { return "'\(text)'" }
    if !scalars.contains("\""), !scalars.contains("\\") { return "\"\(text)\"" }
    var doubled = String.UnicodeScalarView()
    for scalar in scalars {
      if scalar == "'" { doubled.append("'") }
      doubled.append(scalar)
    }
    return "'\(String(doubled))'"
  }

  /// A text cut to what a line can hold.
  static func short(_ text: String, limit: Int = 60) -> String {
    text.count <= limit ? text : text.prefix(limit - 1) + "…"
  }
}
