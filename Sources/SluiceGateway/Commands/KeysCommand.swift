import SluiceCore
import SluicePipeline
import SluiceReactor
import SluiceStores

/// `sluice keys`: changes the file of keys, also while a server believes it.
///
/// Edits are made one at a time under a lock of their own and replace the file whole, so that a
/// server that reads it meanwhile sees the old file or the new one.
package struct KeysCommand: Sendable {
  package enum Action: Sendable {
    case add(
      tenant: String,
      user: String,
      tier: String,
      products: [String],
      expires: String?,
      tags: Bool = false
    )
    case revoke(id: String)
    case rotate(id: String, grace: Duration)
    case list
  }

  package var stateFolder: String
  /// As the policy's `identity.keys` names it.
  package var file: String
  package var action: Action

  package init(stateFolder: String, file: String = "keys.jsonl", action: Action) {
    self.stateFolder = stateFolder
    self.file = file
    self.action = action
  }

  /// Carries the action out, which blocks.
  package func run() -> CommandAnswer {
    do throws(IOFailure) {
      // A loop that never runs is a clock.
      return run(at: try EventLoop().now)
    } catch {
      return CommandAnswer(Refusal("the process gets no descriptor: \(error)"))
    }
  }

  func run(at moment: Moment) -> CommandAnswer {
    do throws(Refusal) {
      return try carriedOut(at: moment)
    } catch {
      return CommandAnswer(error)
    }
  }

  private var path: String { StateFolder(stateFolder).keysPath(file) }

  private func carriedOut(at now: Moment) throws(Refusal) -> CommandAnswer {
    switch action {
    case .list: return CommandAnswer(output: Self.list(KeyFile(try read()), at: now))
    case .add(let tenant, let user, let tier, let products, let expires, let tags):
      let grant = KeyEdits.Grant(
        tenant: tenant,
        user: user,
        tier: tier,
        products: products,
        expiresAt: try expires.map { text throws(Refusal) in try Self.expiry(text, after: now) },
        maySetTag: tags
      )
      return try edit { file throws(KeyEdits.Refusal) in
        let new = try KeyEdits.add(grant, to: file, at: now)
        return (new.file, Self.made(new, "added"))
      }
    case .revoke(let id):
      return try edit { file throws(KeyEdits.Refusal) in
        let new = try KeyEdits.revoke(id, in: file, at: now)
        return (
          new, CommandAnswer(notes: "revoked \(id); a running server knows within a second\n")
        )
      }
    case .rotate(let id, let grace):
      return try edit { file throws(KeyEdits.Refusal) in
        let new = try KeyEdits.rotate(id, in: file, grace: grace, at: now)
        let old = grace > .zero ? "\(id) lives on for \(grace)" : "\(id) is revoked"
        return (new.file, Self.made(new, "\(old); its successor is"))
      }
    }
  }

  private static func made(_ new: KeyEdits.NewKey, _ words: String) -> CommandAnswer {
    CommandAnswer(
      output: "\(new.key)\n",
      notes: "\(words) \(new.id); the key is shown this once and stored nowhere\n"
    )
  }

  /// Puts the changed file in the place of the old one.
  private func edit(
    _ change: ([UInt8]) throws(KeyEdits.Refusal) -> (file: [UInt8], answer: CommandAnswer)
  ) throws(Refusal) -> CommandAnswer {
    try StateFolder(stateFolder).make()
    let lock: LockFile
    do throws(IOFailure) {
      // Others hold it for as long as it takes to write a file; scripts hand out keys in parallel.
      lock = try LockFile("\(path).lock", waits: true)
    } catch {
      throw Refusal("`\(path)` cannot be locked: \(error)")
    }
    defer { withExtendedLifetime(lock) {} }
    let old = try read()
    let changed: (file: [UInt8], answer: CommandAnswer)
    do throws(KeyEdits.Refusal) {
      changed = try change(old)
    } catch {
      throw Refusal(error.words(about: path), status: .errors)
    }
    do throws(IOFailure) {
      try Files.writeAtomically(changed.file, to: path)
    } catch {
      throw Refusal("`\(path)` cannot be written: \(error)")
    }
    return changed.answer
  }

  private func read() throws(Refusal) -> [UInt8] {
    do throws(IOFailure) {
      return try Files.read(path, maximumBytes: Bounds.keyFileBytes)
    } catch {
      if error == .notFound { return [] }
      throw Refusal("`\(path)` cannot be read: \(error)")
    }
  }

  /// Seconds since 1970 of a date or a time.
  private static func expiry(_ text: String, after now: Moment) throws(Refusal) -> Int64 {
    guard let seconds = UTCTime.seconds(of: text) ?? UTCTime.seconds(of: "\(text)T00:00:00Z") else {
      throw Refusal(
        "`\(text)` is no date; write 2027-01-01 or 2027-01-01T12:00:00Z",
        status: .usage
      )
    }
    guard seconds > now.wallSeconds else {
      throw Refusal("`\(text)` has passed already", status: .usage)
    }
    return seconds
  }

  /// A table of the keys, none of which can be read from it.
  static func list(_ file: KeyFile, at now: Moment) -> String {
    let seconds = now.wallSeconds
    let revoked = Set(file.lines.filter(\.isRevoked).map(\.record.id))
    var rows = [["ID", "STATE", "TENANT", "USER", "TIER", "PRODUCTS", "EXPIRES"]]
    for line in file.lines {
      let record = line.record
      let expires = record.expiresAt.map { UTCTime.text(ofWall: $0 * 1_000_000_000) }
      let state =
        if revoked.contains(record.id) {
          "revoked"
        } else if let end = record.expiresAt,
          end <= seconds
        { "expired" } else { "active" }
      rows.append([
        record.id, state, record.tenant, record.user, record.tier,
        record.products.joined(separator: ","), expires ?? "",
      ])
    }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    var text = ""
    for row in rows {
      var line = ""
      for (cell, width) in zip(row, widths) {
        let shown = cell.isEmpty ? "-" : cell
        line += shown + String(repeating: " ", count: max(0, width - shown.count) + 2)
      }
      while line.last == " " { line.removeLast() }
      text += line + "\n"
    }
    for issue in file.issues { text += "line \(issue.line) grants nothing: \(issue.reason)\n" }
    return text
  }
}

extension KeyEdits.Refusal {
  fileprivate func words(about path: String) -> String {
    switch self {
    case .unknownID(let id): "`\(path)` has no key `\(id)`; see `sluice keys list`"
    case .alreadyRevoked(let id): "`\(id)` is revoked already"
    case .full: "`\(path)` holds \(Bounds.keyRecords) records, as many as it may"
    case .invalidValue(let value):
      value.isEmpty
        ? "a product has no name"
        : "`\(value.prefix(32))` is longer than \(Bounds.identityBytes) bytes"
    }
  }
}
