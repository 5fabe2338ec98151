package import SluicePipeline
package import SluicePolicy
internal import Synchronization

/// The token counters of a process: each table is read when a policy first needs it, and kept.
///
/// Shared by all generations.
package final class TokenCounters: Sendable {
  private let folders: [String]
  private let read: @Sendable (String) throws -> [UInt8]?
  private let loaded = Mutex<[ModelSettings.Tokenizer: BytePairEncoding]>([:])
  /// Held while a table is read, so that none is read twice and nobody waits who only looks.
  private let reading = Mutex(())

  /// - Parameters:
  ///   - folders: where tables are looked for, in this order.
  ///   - read: the bytes of a file; `nil` if it is not there.
  package init(folders: [String], read: @escaping @Sendable (String) throws -> [UInt8]?) {
    self.folders = folders
    self.read = read
  }

  /// The counter of a tokenizer.
  ///
  /// The first call reads and lays out the table, for tens of milliseconds; others wait for it. So
  /// a publication asks for all that its policy names, off the loops, and is refused if it throws.
  /// - Throws: what is wrong with the table, with what to run.
  package func counter(
    for tokenizer: ModelSettings.Tokenizer
  ) throws(TokenTableError) -> any TokenCounter {
    try encoding(for: tokenizer)
  }

  /// The counter of a tokenizer, if its table has been read; waits for nothing.
  package func ready(_ tokenizer: ModelSettings.Tokenizer) -> (any TokenCounter)? {
    loaded.withLock { $0[tokenizer] }
  }

  package func encoding(
    for tokenizer: ModelSettings.Tokenizer
  ) throws(TokenTableError) -> BytePairEncoding {
    try reading.withLock { _ throws(TokenTableError) in
      if let encoding = loaded.withLock({ $0[tokenizer] }) { return encoding }
      do throws(TokenTableError.Reason) {
        let encoding = try BytePairEncoding(tokenizer, table: try file(of: tokenizer))
        loaded.withLock { $0[tokenizer] = encoding }
        return encoding
      } catch {
        throw TokenTableError(tokenizer, error)
      }
    }
  }

  private func file(
    of tokenizer: ModelSettings.Tokenizer
  ) throws(TokenTableError.Reason) -> [UInt8] {
    for folder in folders {
      let path = "\(folder)/\(TokenTableFile.name(of: tokenizer))"
      do {
        if let file = try read(path) { return file }
      } catch {
        throw .unreadable(path: path, why: "\(error)")
      }
    }
    throw .notFound(folders: folders)
  }
}
