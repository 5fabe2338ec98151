internal import CReactor

/// Small files, whole; all of it blocks, and is not for a loop that serves traffic.
package enum Files {
  /// Reads a file.
  ///
  /// - Throws: `notFound`, `denied`, `tooLarge` when it holds more than `maximumBytes`.
  package static func read(_ path: String, maximumBytes: Int) throws(IOFailure) -> [UInt8] {
    let descriptor = unsafe try checked(reactor_open_reading(path))
    defer { reactor_close(descriptor) }
    guard try checked(Int(reactor_file_size(descriptor))) <= maximumBytes else { throw .tooLarge }
    // The size is a hint: files of `/proc` say 0, and others may grow while they are read.
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = try checked(
        unsafe chunk.withUnsafeMutableBytes {
          unsafe Int(reactor_read(descriptor, $0.baseAddress, $0.count))
        }
      )
      if count == 0 { return bytes }
      guard bytes.count + count <= maximumBytes else { throw .tooLarge }
      bytes.append(contentsOf: chunk[..<count])
    }
  }

  /// Replaces a file so that a reader, and a crash, meet the old or the new one, never a part.
  ///
  /// - Parameters:
  ///   - bytes: the new content.
  ///   - path: in a folder that exists; a symbolic link is replaced, not followed.
  ///   - mode: permission bits, whatever the umask; by default the owner's only.
  /// - Throws: `notFound`, `denied` and what else befalls a file; the old one then stands.
  package static func writeAtomically(
    _ bytes: [UInt8],
    to path: String,
    mode: UInt32 = 0o600
  ) throws(IOFailure) {
    let (folder, name) = split(path)
    let draft = "\(folder)/.\(name).\(reactor_process_id()).new"
    // Left by a process of the same number that died in the middle.
    unsafe reactor_unlink(draft)
    let descriptor = unsafe try checked(reactor_open_new(draft, mode))
    do throws(IOFailure) {
      defer { reactor_close(descriptor) }
      try write(bytes, to: descriptor)
      _ = try checked(reactor_sync(descriptor))
    } catch {
      unsafe reactor_unlink(draft)
      throw error
    }
    let renamed = unsafe reactor_rename(draft, path)
    if renamed < 0 { unsafe reactor_unlink(draft) }
    _ = try checked(renamed)
    _ = unsafe try checked(reactor_sync_folder(folder))
  }

  /// Makes a folder, unless it exists; its parent must.
  package static func makeFolder(_ path: String, mode: UInt32 = 0o700) throws(IOFailure) {
    let result = unsafe reactor_make_folder(path, mode)
    if result < 0, IOFailure(negated: Int(result)) == .inUse, unsafe reactor_kind(path) == 1 {
      return
    }
    _ = try checked(result)
  }

  /// The names of what is in a folder, sorted.
  package static func names(in folder: String) throws(IOFailure) -> [String] {
    try Folder.entries(of: folder).map(\.name)
  }

  /// Removes a file; nothing happens if it is not there.
  package static func remove(_ path: String) { unsafe reactor_unlink(path) }

  /// Writes all bytes to an open descriptor: 1 is the standard output, 2 the standard error.
  package static func write(_ bytes: [UInt8], to descriptor: Int32) throws(IOFailure) {
    var written = 0
    while written < bytes.count {
      let result = unsafe bytes.withUnsafeBytes { all in
        guard let start = all.baseAddress else { return 0 }
        return unsafe Int(reactor_write(descriptor, start + written, all.count - written))
      }
      if isNotNow(result) {
        // A terminal or pipe that somebody made non-blocking: wait for room.
        reactor_wait_writable(descriptor)
        continue
      }
      written += try checked(result)
    }
  }

  /// What stands at a path, symbolic links followed.
  package enum Kind: Sendable { case nothing, folder, other }

  package static func kind(of path: String) -> Kind {
    switch unsafe reactor_kind(path) {
    case 1: .folder
    case 2: .other
    default: .nothing
    }
  }

  /// The folder that a path lies in, and its last component.
  static func split(_ path: String) -> (folder: String, name: String) {
    var bare = Substring(path)
    while bare.count > 1, bare.hasSuffix("/") { bare = bare.dropLast() }
    guard let slash = bare.lastIndex(of: "/") else { return (".", String(bare)) }
    let folder = bare[..<slash]
    return (folder.isEmpty ? "/" : String(folder), String(bare[bare.index(after: slash)...]))
  }
}

/// A file that one process at a time holds; released by dropping it, or by the process's end.
package final class LockFile: Sendable {
  private let descriptor: Int32

  /// Takes the lock, or fails at once.
  ///
  /// With `waits` it blocks while somebody else holds it, which is for locks that are held for a
  /// moment.
  ///
  /// - Throws: `inUse` when another process, or another `LockFile` of this one, holds it.
  package init(_ path: String, waits: Bool = false) throws(IOFailure) {
    let result = unsafe reactor_open_lock(path, 0o600, waits)
    if isNotNow(Int(result)) { throw .inUse }
    descriptor = try checked(result)
    // For people who ask who holds it.
    do throws(IOFailure) {
      _ = try checked(reactor_truncate(descriptor))
      try Files.write(Array("\(reactor_process_id())\n".utf8), to: descriptor)
    } catch {
      reactor_close(descriptor)
      throw error
    }
  }

  deinit { reactor_close(descriptor) }
}
