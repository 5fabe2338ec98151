package import SluiceCore
package import SluicePipeline
internal import Synchronization

/// The keys that are believed, by their digests.
///
/// Replaced whole when the file changes; a look-up holds the lock for one reference. Safe from any
/// thread.
package final class KeyTable: KeyDirectory {
  private let records = Mutex<[Digest: KeyRecord]>([:])

  package init() {}

  package init(_ file: KeyFile) { replace(with: file) }

  /// Believes the records of `file` and no others, from the next look-up on.
  package func replace(with file: KeyFile) {
    var next: [Digest: KeyRecord] = [:]
    for record in file.activeRecords { next[record.digest] = record }
    records.withLock { $0 = next }
  }

  package func record(of digest: Digest) -> KeyRecord? {
    let records = self.records.withLock { $0 }
    return records[digest]
  }

  package var count: Int { records.withLock { $0.count } }
}
