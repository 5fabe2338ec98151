internal import CReactor

/// What the machine says of this process.
package enum ThisProcess {
  package static var id: Int { Int(reactor_process_id()) }

  /// Cores that the process may use.
  package static var coreCount: Int { Int(reactor_core_count()) }

  /// Raises the number of descriptors that may be open, as far as the hard limit allows.
  ///
  /// - Returns: the limit that now holds.
  @discardableResult
  package static func raiseDescriptorLimit(to wanted: Int = 1 << 20) throws(IOFailure) -> Int {
    try checked(Int(reactor_raise_descriptor_limit(Int64(wanted))))
  }

  /// Bytes of memory that the process holds resident.
  package static func residentBytes() throws(IOFailure) -> Int {
    // Second field of `statm`, in pages; see proc(5).
    let fields = try Files.read("/proc/self/statm", maximumBytes: 4096).split(separator: 32)
    guard fields.count > 1, let pages = Int(String(decoding: fields[1], as: UTF8.self)) else {
      throw .notFound
    }
    return pages * Int(reactor_page_size())
  }

  /// Descriptors that are open, the one for counting left out.
  package static func openDescriptors() throws(IOFailure) -> Int {
    try Folder.entries(of: "/proc/self/fd").count - 1
  }

  /// Processor time that the process has used, in nanoseconds.
  package static var processorNanoseconds: Int64 { reactor_processor_time() }
}
