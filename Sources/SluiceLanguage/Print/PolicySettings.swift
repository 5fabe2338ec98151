package import SluicePolicy

/// What a policy sets, entry by entry, in the canonical spelling of `PolicyPrinter`: what two
/// policies are compared by, so that a setting that is printed is compared.
package struct PolicySettings: Sendable {
  /// One setting: `breaker.recovery` and `60s`.
  package struct Setting: Hashable, Sendable {
    package var key: String
    package var value: String

    package init(_ key: String, _ value: String) {
      self.key = key
      self.value = value
    }
  }

  /// By section and name; what a section sets itself is under the empty name.
  private var entries: [String: [String: [Setting]]] = [:]

  package init(_ policy: Policy) {
    for (path, line) in PolicyPrinter.lines(of: policy).settings where !path.isEmpty {
      let section = path[0]
      let hasNames = section != "server" && section != "identity"
      let name = hasNames && path.count > 1 ? Self.plain(path[1]) : ""
      var keys = Array(path.dropFirst(hasNames ? 2 : 1))
      var value = line
      if let colon = Self.colon(in: line) {
        keys.append(Self.plain(String(line[..<colon])))
        value = String(line[line.index(after: colon)...].drop { $0 == " " })
      }
      entries[section, default: [:]][name, default: []]
        .append(Setting(keys.joined(separator: "."), value))
    }
  }

  package func settings(of section: String, _ name: String = "") -> [Setting] {
    entries[section]?[name] ?? []
  }

  /// Where the key of a line ends; an entry of a list has none.
  private static func colon(in line: String) -> String.Index? {
    guard !line.hasPrefix("- ") else { return nil }
    var isQuoted = false
    for index in line.indices {
      if line[index] == "'" { isQuoted.toggle() }
      if line[index] == ":", !isQuoted { return index }
    }
    return nil
  }

  private static func plain(_ key: String) -> String {
    key.hasPrefix("'") && key.hasSuffix("'") && key.count > 1
      ? String(key.dropFirst().dropLast()) : key
  }
}
