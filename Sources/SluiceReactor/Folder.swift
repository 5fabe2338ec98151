internal import CReactor

/// The entries of one folder.
enum Folder {
  enum Kind { case folder, other, link }
  struct Entry {
    let name: String
    let kind: Kind
  }

  static func entries(of path: String) throws(IOFailure) -> [Entry] {
    let list = List()
    let result = unsafe reactor_list_folder(
      path,
      Unmanaged.passUnretained(list).toOpaque(),
      addEntry
    )
    _ = try checked(result)
    return list.entries.sorted { $0.name < $1.name }
  }

  /// The absolute path, symbolic links followed; `nil` when nothing is there.
  static func realPath(of path: String) -> String? {
    let size = 4096
    return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { text in
      guard let start = text.baseAddress, unsafe reactor_real_path(path, start, size) >= 0
      else { return nil }
      return unsafe String(cString: start)
    }
  }

  fileprivate final class List {
    var entries: [Entry] = []
  }
}

private func addEntry(
  _ context: UnsafeMutableRawPointer?,
  _ name: UnsafePointer<CChar>?,
  _ kind: Int32
) {
  guard let context = unsafe context, let name = unsafe name else { return }
  let list = unsafe Unmanaged<Folder.List>.fromOpaque(context).takeUnretainedValue()
  let known: Folder.Kind = kind == 1 ? .folder : kind == 3 ? .link : .other
  list.entries.append(Folder.Entry(name: unsafe String(cString: name), kind: known))
}
