internal import CReactor

/// A file that grows at its end, as a journal does.
///
/// Any thread; one at a time appends or cuts, which the owner sees to, while another may sync.
package final class AppendFile: Sendable {
  private let descriptor: Int32

  /// Opens the file, made empty if it is missing, and then entered in its folder for good.
  ///
  /// - Throws: `denied`, `noSpace`, `readOnly` and what else befalls a file.
  package init(_ path: String, mode: UInt32 = 0o600) throws(IOFailure) {
    let isNew = Files.kind(of: path) == .nothing
    descriptor = unsafe try checked(reactor_open_appending(path, mode))
    guard isNew else { return }
    do throws(IOFailure) {
      _ = unsafe try checked(reactor_sync_folder(Files.split(path).folder))
    } catch {
      reactor_close(descriptor)
      throw error
    }
  }

  deinit { reactor_close(descriptor) }

  /// Appends bytes with one call, which does not wait for the disk.
  ///
  /// - Returns: how many were taken; fewer than there are when there is no room for more.
  /// - Throws: `noSpace`, `readOnly`, `deviceFailed`, when none was.
  package func append(_ bytes: Span<UInt8>) throws(IOFailure) -> Int {
    try checked(
      unsafe bytes.withUnsafeBytes {
        unsafe Int(reactor_write(descriptor, $0.baseAddress, $0.count))
      }
    )
  }

  /// Cuts the file back to its first `count` bytes.
  package func cut(to count: Int) throws(IOFailure) {
    _ = try checked(reactor_cut(descriptor, Int64(count)))
  }

  /// Waits until what was appended is on the disk.
  package func sync() throws(IOFailure) {
    _ = try checked(reactor_sync_data(descriptor))
  }
}
