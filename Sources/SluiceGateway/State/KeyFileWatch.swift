import SluiceCore
import SluicePipeline
import SluiceReactor
import SluiceStores
import SluiceTelemetry
import Synchronization

/// One file of keys, believed as it stands now.
///
/// The file is read again whenever it changes, so that a key that was revoked is refused within a
/// second and without a new generation. A file that is missing holds no keys; one that cannot be
/// read leaves the keys as they were, and is told.
final class KeyFileWatch: Sendable {
  let path: String
  let table = KeyTable()
  /// Of the bytes that the table was made from.
  private let believed = Mutex<Digest?>(nil)
  /// With one thread, so that readings do not overtake each other.
  private let executor: BlockingExecutor
  private let world: any World
  private let telemetry: Telemetry

  /// Reads the file, which blocks; call `watch` to follow it.
  init(path: String, executor: BlockingExecutor, world: any World, telemetry: Telemetry) {
    self.path = path
    self.executor = executor
    self.world = world
    self.telemetry = telemetry
    read()
  }

  /// Begins to follow the file on `loop`; who holds the watcher closes it.
  func watch(on loop: EventLoop) throws(IOFailure) -> FolderWatcher {
    // What changed between the first reading and the watch would be missed.
    let readAgain: @Sendable () -> Void = { [weak self] in self?.readLater() }
    return try FolderWatcher(path, on: loop, onReady: readAgain, handler: readAgain)
  }

  private func readLater() {
    let task = executor.startTask { [self] in read() }
    if task == nil { warn("the disk does not keep up with changes") }
  }

  private func read() {
    let bytes: [UInt8]
    do throws(IOFailure) {
      bytes = try Files.read(path, maximumBytes: Bounds.keyFileBytes)
    } catch {
      guard error == .notFound else { return warn("\(error)") }
      bytes = []
    }
    let digest = Digest(of: bytes)
    let isNew = believed.withLock { believed in
      defer { believed = digest }
      return believed != digest
    }
    guard isNew else { return }
    let file = KeyFile(bytes)
    table.replace(with: file)
    telemetry.tell(
      KeysLoaded(records: table.count, badLines: file.issues.map(\.line)),
      at: world.now
    )
  }

  private func warn(_ reason: String) {
    telemetry.tell(
      Warned("keys_unreadable", "\(path) cannot be read (\(reason)); the keys stay as they were"),
      at: world.now
    )
  }
}
