import SluiceCore
import SluicePipeline
import SluiceReactor
import SluiceStores

/// The folder that outlives the process: `admin-token`, `admin-address`, the file of keys, `ledger/`, `cache/`, and the lock.
///
/// The folder is made with mode 0700 and its files with 0600. One process holds the lock; who
/// changes keys meanwhile (`sluice keys`) does not need it.
package struct StateFolder: Sendable {
  package let path: String

  package init(_ path: String) { self.path = path }

  package var tokenPath: String { "\(path)/admin-token" }
  /// Where the admin listener of the process that holds the folder can be reached.
  package var adminAddressPath: String { "\(path)/admin-address" }
  package var ledgerPath: String { "\(path)/ledger" }
  package var archivePath: String { "\(ledgerPath)/spend.sqlite" }
  package var cachePath: String { "\(path)/cache" }
  private var lockPath: String { "\(path)/lock" }

  /// The path of a file of keys, named as the policy names it.
  package func keysPath(_ name: String) -> String { "\(path)/\(name)" }

  /// Makes the folder if it is missing.
  package func make() throws(Refusal) {
    do throws(IOFailure) {
      try Files.makeFolder(path)
    } catch {
      let reason =
        switch error {
        case .notFound: "the folder above it does not exist"
        case .inUse: "a file of that name is in the way"
        default: "\(error)"
        }
      throw Refusal(
        "the state folder `\(path)` cannot be made: \(reason); name another with --state DIR"
      )
    }
    guard Files.kind(of: path) == .folder else {
      throw Refusal("`\(path)` is no folder; name another state folder with --state DIR")
    }
  }

  /// Holds the folder for this process until the lock is released by its last reference.
  func lock() throws(Refusal) -> LockFile {
    do throws(IOFailure) {
      return try LockFile(lockPath)
    } catch {
      guard error == .inUse else {
        throw Refusal(
          "the state folder `\(path)` cannot be used: its file `lock` cannot be written: \(error); "
            + "name another with --state DIR"
        )
      }
      throw Refusal(
        "the state folder `\(path)` is in use by \(holder); stop that one first, or name another "
          + "folder with --state DIR"
      )
    }
  }

  /// The ledger's files.
  func journal() throws(Refusal) -> FolderJournal {
    do throws(IOFailure) {
      return try FolderJournal(ledgerPath)
    } catch {
      throw Refusal("`\(ledgerPath)` cannot be made: \(error)")
    }
  }

  /// The files of the cache's journal; where the folder cannot be made, every use of them says why.
  func cacheJournal() -> FolderJournal {
    do throws(IOFailure) {
      return try FolderJournal(cachePath)
    } catch {
      return FolderJournal(reading: cachePath)
    }
  }

  /// The archive of spending, made if it is missing.
  func archive() throws(Refusal) -> SpendDatabase {
    do throws(IOFailure) {
      // SQLite would make it for everybody to read.
      _ = try AppendFile(archivePath)
    } catch {
      throw Refusal("`\(archivePath)` cannot be made: \(error)")
    }
    do throws(LedgerFailure) {
      return try SpendDatabase(archivePath)
    } catch {
      throw Refusal(
        "`\(archivePath)` cannot be opened: \(error.reason); move it away to go on without what it "
          + "says of the past, which no budget depends on"
      )
    }
  }

  private var holder: String {
    let bytes = try? Files.read(lockPath, maximumBytes: 64)
    let text = bytes.map { String(decoding: $0.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self) }
    guard let text, Int(text) != nil else { return "another sluice" }
    return "another sluice (process \(text))"
  }

  /// The token of this folder's operator, made at the first start and kept.
  func adminToken() throws(Refusal) -> AdminToken {
    if let kept = try keptToken() { return kept }
    let text = "sk-admin-" + SecretBytes.make(count: 24).map(Self.hex).joined()
    do throws(IOFailure) {
      try Files.writeAtomically(Array("\(text)\n".utf8), to: tokenPath)
    } catch {
      throw Refusal("`\(tokenPath)` cannot be written: \(error)")
    }
    return AdminToken(text)
  }

  private func keptToken() throws(Refusal) -> AdminToken? {
    let bytes: [UInt8]
    do throws(IOFailure) {
      bytes = try Files.read(tokenPath, maximumBytes: 4_096)
    } catch {
      if error == .notFound { return nil }
      throw Refusal("`\(tokenPath)` cannot be read: \(error)")
    }
    let text = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined()
    guard text.utf8.count >= AdminToken.minimumBytes else {
      throw Refusal(
        "`\(tokenPath)` holds no token of at least \(AdminToken.minimumBytes) characters; remove it "
          + "to have a new one made"
      )
    }
    return AdminToken(text)
  }

  private static func hex(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }
}

/// The operator's token, kept as its digest so that nothing can print it.
struct AdminToken: Sendable, Equatable {
  static let minimumBytes = 16
  private let digest: Digest

  init(_ text: String) { digest = Digest(of: Array(text.utf8)) }

  /// Compares digests, all of them to the end: timing tells nothing of the token.
  func matches(_ candidate: some Collection<UInt8>) -> Bool {
    digest == Digest(of: Array(candidate))
  }
}
