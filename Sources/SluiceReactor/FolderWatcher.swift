internal import CReactor
internal import SluiceCore

/// Tells when something below a folder changed, once it has settled.
///
/// Watches the folder and the folders below it, the place where its path is named (it may be
/// replaced, or be a symbolic link that is pointed elsewhere), and the places that symbolic links
/// in it lead to. So it sees an editor that writes beside and renames, and a Kubernetes volume that
/// swaps `..data`. After every change all watches are set anew: what was swapped is what is watched.
///
/// It tells of more than it must, never of less: the caller compares what it reads.
///
/// Isolation: `init` and `close` from anywhere, the handler runs on the loop. Setting the watches
/// lists folders on the loop, at most `Bounds.watchedFolders`: give it a loop without traffic.
package final class FolderWatcher: EventSource, @unchecked Sendable {
  private let loop: EventLoop
  private let path: String
  private let settling: Int64
  private let handler: @Sendable () -> Void

  private let notifier: Int32
  // From here on: the loop's thread only.
  private var registration: Registration?
  private var isClosed = false
  /// By watch: the names that matter, or `nil` for all.
  private var watches: [Int32: Set<String>?] = [:]
  /// Folders that could not be watched, for lack of permission or because of a bound.
  package private(set) var unwatched = 0
  private var timer: LoopTimer?
  private var firstChange: Int64?

  /// Begins to watch; changes before the watches are set are not told.
  ///
  /// - Parameters:
  ///   - path: a folder, or a file; it may be missing now and appear later.
  ///   - loop: where the handler runs.
  ///   - settling: how long nothing more must change before it is told; ten times that at most.
  ///   - onReady: called on the loop once the watches are set.
  ///   - handler: called on the loop after every change.
  /// - Throws: `tooManyDescriptors` when the process, or its user, may not watch any more.
  package init(
    _ path: String,
    on loop: EventLoop,
    settling: Duration = .milliseconds(75),
    onReady: (@Sendable () -> Void)? = nil,
    handler: @escaping @Sendable () -> Void
  ) throws(IOFailure) {
    self.loop = loop
    self.path = path
    self.settling = settling.nanoseconds
    self.handler = handler
    notifier = try checked(reactor_notifier())
    loop.execute {
      self.register()
      onReady?()
    }
  }

  deinit {
    if registration == nil, !isClosed { reactor_close(notifier) }
  }

  /// Ends watching; on the loop nothing is told after it.
  package func close() {
    if loop.isCurrent {
      closeHere()
    } else {
      loop.execute { self.closeHere() }
    }
  }

  private func register() {
    guard !isClosed else { return }
    guard !loop.isStopping else { return closeHere() }
    do {
      registration = try loop.add(self, descriptor: notifier, interest: .read)
      watchAll()
    } catch {
      // The descriptor is ours and new to the poller: only memory can be short.
      preconditionFailure("a folder cannot be watched: \(error)")
    }
  }

  private func closeHere() {
    guard !isClosed else { return }
    isClosed = true
    if let timer { loop.cancel(timer) }
    timer = nil
    if let registration {
      loop.close(registration)
    } else {
      reactor_close(notifier)
    }
    registration = nil
  }

  func loopStops() {
    closeHere()
  }

  // MARK: Hearing

  func becameReady(_ readiness: Readiness) {
    for _ in 0..<16 {
      guard !isClosed else { return }
      let size = unsafe Int64(reactor_read_notices(notifier, loop.scratch, Bounds.readBytes))
      guard size > 0 else { return }
      if concernsUs(size) { changed() }
    }
  }

  private func concernsUs(_ size: Int64) -> Bool {
    var offset: Int64 = 0
    var watch: Int32 = 0
    var overflowed: Int32 = 0
    var name: UnsafePointer<CChar>?
    var concerns = false
    while unsafe reactor_next_notice(
      loop.scratch,
      size,
      &offset,
      &watch,
      &overflowed,
      &name
    ) != 0 {
      if overflowed != 0 { concerns = true }
      guard let names = watches[watch] else { continue }
      guard let names, let name = unsafe name else {
        concerns = true
        continue
      }
      // Without a name it is about the watched folder itself.
      let text = unsafe String(cString: name)
      if text.isEmpty || names.contains(text) { concerns = true }
    }
    return concerns
  }

  private func changed() {
    let now = loop.turn.monotonic
    let first = firstChange ?? now
    firstChange = first
    if let timer { loop.cancel(timer) }
    timer = loop.schedule(at: min(now + settling, first + 10 * settling)) { self.settled() }
  }

  private func settled() {
    timer = nil
    firstChange = nil
    guard !isClosed, !loop.isStopping else { return }
    // Before telling: what changes while the caller reads must ring again.
    watchAll()
    handler()
  }

  // MARK: Watching

  private func watchAll() {
    for watch in watches.keys { reactor_forget_folder(notifier, watch) }
    watches = [:]
    unwatched = 0
    watchNames(of: path)
    guard let real = Folder.realPath(of: path) else { return }
    if real != path { watchNames(of: real) }
    if Files.kind(of: real) == .folder { watchTree(real) }
  }

  /// Watches the place where `path` is named; while that is missing, the nearest above it.
  private func watchNames(of path: String) {
    var (folder, name) = Files.split(path)
    while !watch(folder, for: name), folder != "/", folder != "." {
      (folder, name) = Files.split(folder)
    }
  }

  private func watchTree(_ root: String) {
    var pending = [root]
    while let folder = pending.popLast() {
      // The watch first, the list second: a folder made in between is in the list.
      guard watches.count < Bounds.watchedFolders, watch(folder, for: nil) else {
        unwatched += 1
        continue
      }
      do throws(IOFailure) {
        for entry in try Folder.entries(of: folder) {
          let place = "\(folder)/\(entry.name)"
          switch entry.kind {
          case .folder: pending.append(place)
          case .link: watchTarget(of: place, outside: root)
          case .other: break
          }
        }
      } catch {
        unwatched += 1
      }
    }
  }

  /// Watches where a link leads, unless, as with Kubernetes, that is within the tree anyway.
  private func watchTarget(of link: String, outside root: String) {
    guard let real = Folder.realPath(of: link), real != root, !real.hasPrefix(root + "/") else {
      return
    }
    if Files.kind(of: real) == .folder, !watch(real, for: nil) { unwatched += 1 }
    watchNames(of: real)
  }

  /// Adds one watch; several reasons to watch one folder share it.
  ///
  /// - Parameters:
  ///   - folder: which one.
  ///   - name: the entry that matters; all if `nil`.
  /// - Returns: whether it is watched.
  private func watch(_ folder: String, for name: String?) -> Bool {
    let watch = unsafe reactor_notify_folder(notifier, folder)
    guard watch >= 0 else { return false }
    guard let name else {
      watches[watch] = .some(nil)
      return true
    }
    switch watches[watch] {
    case .none: watches[watch] = [name]
    case .some(.none): break
    case .some(.some(let names)): watches[watch] = names.union([name])
    }
    return true
  }
}
