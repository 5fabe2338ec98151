import SluiceCore
import SluicePipeline
import SluiceReactor
import SluiceStores
import Synchronization

/// The journal in files: `journal-N` and `checkpoint-N` below one folder, for the owner only.
///
/// Safe from any thread; the lock guards the table of open files only, never a write.
final class FolderJournal: JournalMedium {
  private let folder: String
  private let open = Mutex<[UInt64: AppendFile]>([:])

  /// The journal in `folder`, which is made if it is missing.
  init(_ folder: String) throws(IOFailure) {
    self.folder = folder
    try Files.makeFolder(folder)
  }

  /// The journal in `folder`, only to read it.
  init(reading folder: String) { self.folder = folder }

  static func segmentName(_ number: UInt64) -> String { "journal-\(padded(number))" }
  static func checkpointName(_ number: UInt64) -> String { "checkpoint-\(padded(number))" }

  func contents() throws(LedgerFailure) -> JournalContents {
    let names = try attempt { () throws(IOFailure) in try Files.names(in: folder) }
    var contents = JournalContents()
    for name in names {
      if let number = Self.number(of: name, after: "journal-") {
        contents.segments.append(number)
      } else if let number = Self.number(of: name, after: "checkpoint-") {
        contents.checkpoints.append(number)
      }
    }
    contents.segments.sort()
    contents.checkpoints.sort()
    return contents
  }

  func segment(_ number: UInt64) throws(LedgerFailure) -> [UInt8] {
    try read(Self.segmentName(number))
  }

  func checkpoint(_ number: UInt64) throws(LedgerFailure) -> [UInt8] {
    try read(Self.checkpointName(number))
  }

  func prepare(_ segment: UInt64) throws(LedgerFailure) {
    let path = "\(folder)/\(Self.segmentName(segment))"
    let file = try attempt { () throws(IOFailure) in try AppendFile(path) }
    open.withLock { $0[segment] = file }
  }

  func append(
    _ bytes: Span<UInt8>,
    to segment: UInt64
  ) throws(LedgerFailure) -> Int {
    let file = file(segment)
    do throws(IOFailure) { return try file.append(bytes) } catch { throw LedgerFailure(error) }
  }

  func cut(_ segment: UInt64, to count: Int) throws(LedgerFailure) {
    let file = file(segment)
    try attempt { () throws(IOFailure) in try file.cut(to: count) }
  }

  func sync(_ segment: UInt64) throws(LedgerFailure) {
    // A checkpoint stands for a segment that was removed.
    guard let file = open.withLock({ $0[segment] }) else { return }
    try attempt { () throws(IOFailure) in try file.sync() }
  }

  func store(_ checkpoint: [UInt8], as number: UInt64) throws(LedgerFailure) {
    let path = "\(folder)/\(Self.checkpointName(number))"
    try attempt { () throws(IOFailure) in try Files.writeAtomically(checkpoint, to: path) }
  }

  func remove(before number: UInt64) throws(LedgerFailure) {
    let contents = try contents()
    for segment in contents.segments where segment < number {
      open.withLock { $0[segment] = nil }
      Files.remove("\(folder)/\(Self.segmentName(segment))")
    }
    for checkpoint in contents.checkpoints where checkpoint < number {
      Files.remove("\(folder)/\(Self.checkpointName(checkpoint))")
    }
  }

  private func file(_ segment: UInt64) -> AppendFile {
    guard let file = open.withLock({ $0[segment] }) else {
      preconditionFailure("a segment is prepared before it is written")
    }
    return file
  }

  private func read(_ name: String) throws(LedgerFailure) -> [UInt8] {
    try attempt { () throws(IOFailure) in
      try Files.read("\(folder)/\(name)", maximumBytes: Bounds.ledgerFileBytes)
    }
  }

  private func attempt<Answer>(
    _ work: () throws(IOFailure) -> Answer
  ) throws(LedgerFailure) -> Answer {
    do throws(IOFailure) { return try work() } catch { throw LedgerFailure(error) }
  }

  /// Twelve digits, so that names sort as numbers do.
  private static func padded(_ number: UInt64) -> String {
    let digits = "\(number)"
    return String(repeating: "0", count: max(0, 12 - digits.count)) + digits
  }

  private static func number(of name: String, after prefix: String) -> UInt64? {
    guard name.hasPrefix(prefix) else { return nil }
    return UInt64(name.dropFirst(prefix.count))
  }
}

extension LedgerFailure {
  fileprivate init(_ failure: IOFailure) { self.init(reason: "\(failure)") }
}
