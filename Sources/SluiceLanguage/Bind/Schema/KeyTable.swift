/// The keys that one map of the language takes: what the binder reads, what an unknown key is
/// compared with, and what `Docs/language.md` prints.
package struct KeyTable: Sendable {
  /// Where the map stands, with `*` for a name that the author chooses: `models.*.price`.
  package let path: String
  package let keys: [Key]

  package init(_ path: String, _ keys: [Key]) {
    self.path = path
    self.keys = keys
  }

  package var names: [String] { keys.map(\.name) }

  func allows(_ name: String) -> Bool { keys.contains { $0.name == name } }
}

/// One key: what it takes, what holds without it, and what it means.
package struct Key: Sendable {
  package enum Presence: Sendable {
    case required
    /// What holds when it is absent, in words or as it would be written.
    case otherwise(String)
  }

  package let name: String
  /// The kind of its value, in the words of the language reference.
  package let type: String
  package let presence: Presence
  package let meaning: String

  init(_ name: String, _ type: String, _ presence: Presence, _ meaning: String) {
    self.name = name
    self.type = type
    self.presence = presence
    self.meaning = meaning
  }
}
