internal import SluiceCore
package import SluicePolicy

/// The file of a tokenizer's table: what it is called, where it is looked for, how it is known.
///
/// It is the file that OpenAI publishes, untouched. `scripts/setup` fetches it; it is part neither
/// of the repository nor of the binary.
package enum TokenTableFile {
  package static func name(of tokenizer: ModelSettings.Tokenizer) -> String {
    switch tokenizer {
    case .cl100k: "cl100k_base.tiktoken"
    case .o200k: "o200k_base.tiktoken"
    }
  }

  /// The SHA-256 that `tiktoken` itself demands of the file.
  package static func digest(of tokenizer: ModelSettings.Tokenizer) -> String {
    switch tokenizer {
    case .cl100k: "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
    case .o200k: "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
    }
  }

  /// The folders that hold what set-up fetched, the first that is there to be taken.
  ///
  /// What is said explicitly stands alone: a folder that was named and lacks a table is a mistake
  /// to report, not a reason to look elsewhere. `named` is the folder that `--data` names;
  /// `environment` looks up a variable: `SLUICE_DATA`, `XDG_CACHE_HOME`, `HOME`.
  package static func folders(
    named: String?,
    environment: (String) -> String?
  ) -> [String] {
    func value(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
    if let named { return [named] }
    if let folder = value("SLUICE_DATA") { return [folder] }
    var folders: [String] = []
    if let cache = value("XDG_CACHE_HOME") {
      folders.append("\(cache)/sluice")
    } else if let home = value("HOME") {
      folders.append("\(home)/.cache/sluice")
    }
    folders.append("/usr/local/share/sluice")
    folders.append("/usr/share/sluice")
    return folders
  }

  static func check(
    _ file: [UInt8],
    is tokenizer: ModelSettings.Tokenizer
  ) throws(TokenTableError.Reason) {
    let found = Digest(of: file).hex
    guard found == digest(of: tokenizer) else { throw .wrongDigest(found) }
  }
}

/// Why a tokenizer cannot count.
package struct TokenTableError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Reason: Error, Sendable, Equatable {
    /// No folder has the file.
    case notFound(folders: [String])
    /// The file is there and cannot be read; the words say why.
    case unreadable(path: String, why: String)
    /// The file is not the table that the tokenizer is defined by.
    case wrongDigest(String)
    /// Not a `.tiktoken` file.
    case malformed
  }

  package let tokenizer: ModelSettings.Tokenizer
  package let reason: Reason

  package init(_ tokenizer: ModelSettings.Tokenizer, _ reason: Reason) {
    self.tokenizer = tokenizer
    self.reason = reason
  }

  package var description: String {
    let file = TokenTableFile.name(of: tokenizer)
    let help = "Run `scripts/setup` to fetch it, or name its folder with `--data` or SLUICE_DATA."
    switch reason {
    case .notFound(let folders):
      return "tokens cannot be counted: \(file) is in none of \(folders.joined(separator: ", "))."
        + " \(help)"
    case .unreadable(let path, let why):
      return "tokens cannot be counted: \(path) cannot be read: \(why). \(help)"
    case .wrongDigest(let found):
      return "tokens cannot be counted: \(file) is not the published table: its SHA-256 is"
        + " \(found), not \(TokenTableFile.digest(of: tokenizer)). Delete it. \(help)"
    case .malformed:
      return "tokens cannot be counted: \(file) is not a table of tokens. Delete it. \(help)"
    }
  }
}
