import SluiceTestSupport
import Testing

@testable import SluiceReactor

@Suite struct FolderWatcherTests {
  /// Starts watching `path` and returns, once the watches are set, what hears of changes.
  private func watch(
    _ path: String,
    on loop: EventLoop
  ) async throws -> (FolderWatcher, Mailbox<Bool>) {
    let heard = Mailbox<Bool>()
    let ready = Mailbox<Bool>()
    let watcher = try FolderWatcher(path, on: loop, settling: .milliseconds(5)) {
      ready.add(true)
    } handler: {
      heard.add(loop.isCurrent)
    }
    _ = await ready.next()
    return (watcher, heard)
  }

  @Test("hears of a file written in place, made, removed, or saved by renaming")
  func files() async throws {
    let folder = try ScratchFolder()
    try folder.write("a.yaml", "1")
    try await onLoop { loop in
      let (watcher, heard) = try await watch(folder.path, on: loop)
      defer { watcher.close() }
      try folder.overwrite("a.yaml", "2")
      #expect(await heard.next())
      try folder.write("b.yaml", "1")
      #expect(await heard.next())
      try folder.remove("b.yaml")
      #expect(await heard.next())
      // As editors save: a draft beside the file, then a rename over it.
      try Files.writeAtomically([51], to: folder.path("a.yaml"))
      #expect(await heard.next())
      // The file that was renamed into place is watched as the old one was.
      try folder.overwrite("a.yaml", "4")
      #expect(await heard.next())
    }
  }

  @Test("hears of folders below, also of those that are made later")
  func subfolders() async throws {
    let folder = try ScratchFolder()
    try Files.makeFolder(folder.path("sub"))
    try await onLoop { loop in
      let (watcher, heard) = try await watch(folder.path, on: loop)
      defer { watcher.close() }
      try folder.write("sub/a.yaml", "1")
      #expect(await heard.next())
      try Files.makeFolder(folder.path("sub/deeper"))
      #expect(await heard.next())
      try folder.write("sub/deeper/a.yaml", "1")
      #expect(await heard.next())
    }
  }

  @Test("hears of a Kubernetes volume that swaps its data by symbolic link")
  func kubernetes() async throws {
    let folder = try ScratchFolder()
    try Files.makeFolder(folder.path("..v1"))
    try folder.write("..v1/a.yaml", "1")
    try folder.link("..data", to: "..v1")
    try folder.link("a.yaml", to: "..data/a.yaml")
    try await onLoop { loop in
      let (watcher, heard) = try await watch(folder.path, on: loop)
      defer { watcher.close() }
      for version in 2...4 {
        try Files.makeFolder(folder.path("..v\(version)"))
        try folder.write("..v\(version)/a.yaml", "\(version)")
        try folder.link("..data_tmp", to: "..v\(version)")
        try folder.rename("..data_tmp", "..data")
        #expect(await heard.next())
        let read = try Files.read(folder.path("a.yaml"), maximumBytes: 9)
        #expect(read == Array("\(version)".utf8))
        // Whatever was told more than once has settled before the next round.
        try await loop.sleep(untilMonotonic: loop.soon(60))
        while heard.count > 0 { _ = await heard.next() }
      }
    }
  }

  @Test("hears when the watched path itself is pointed elsewhere, and follows")
  func swappedRoot() async throws {
    let folder = try ScratchFolder()
    for version in ["v1", "v2"] {
      try Files.makeFolder(folder.path(version))
      try folder.write("\(version)/a.yaml", version)
    }
    try folder.link("current", to: "v1")
    try await onLoop { loop in
      let (watcher, heard) = try await watch(folder.path("current"), on: loop)
      defer { watcher.close() }
      try folder.overwrite("v1/a.yaml", "x")
      #expect(await heard.next())
      try folder.link("next", to: "v2")
      try folder.rename("next", "current")
      #expect(await heard.next())
      try folder.overwrite("v2/a.yaml", "y")
      #expect(await heard.next())
    }
  }

  @Test("hears of the target of a link that leads out of the folder")
  func outsideTarget() async throws {
    let folder = try ScratchFolder()
    try Files.makeFolder(folder.path("bundle"))
    try Files.makeFolder(folder.path("shared"))
    try folder.write("shared/prices.yaml", "1")
    try folder.link("bundle/prices.yaml", to: "../shared/prices.yaml")
    try await onLoop { loop in
      let (watcher, heard) = try await watch(folder.path("bundle"), on: loop)
      defer { watcher.close() }
      try folder.overwrite("shared/prices.yaml", "2")
      #expect(await heard.next())
    }
  }

  @Test("waits for a folder that is not there yet")
  func missing() async throws {
    let folder = try ScratchFolder()
    try await onLoop { loop in
      let (watcher, heard) = try await watch(folder.path("not/yet"), on: loop)
      defer { watcher.close() }
      try Files.makeFolder(folder.path("not"))
      #expect(await heard.next())
      try Files.makeFolder(folder.path("not/yet"))
      #expect(await heard.next())
      try folder.write("not/yet/a.yaml", "1")
      #expect(await heard.next())
    }
  }

  @Test("is silent about its neighbours, about reading, and once closed")
  func silence() async throws {
    let folder = try ScratchFolder()
    try Files.makeFolder(folder.path("bundle"))
    try folder.write("bundle/a.yaml", "1")
    try await onLoop { loop in
      let (watcher, heard) = try await watch(folder.path("bundle"), on: loop)
      try folder.write("neighbour", "1")
      _ = try Files.read(folder.path("bundle/a.yaml"), maximumBytes: 9)
      try await loop.sleep(untilMonotonic: loop.soon(30))
      #expect(heard.count == 0)
      try folder.overwrite("bundle/a.yaml", "2")
      #expect(await heard.next())
      watcher.close()
      try folder.overwrite("bundle/a.yaml", "3")
      try await loop.sleep(untilMonotonic: loop.soon(30))
      #expect(heard.count == 0)
    }
  }

  @Test("tells once of a burst")
  func burst() async throws {
    let folder = try ScratchFolder()
    try await onLoop { loop in
      let (watcher, heard) = try await watch(folder.path, on: loop)
      defer { watcher.close() }
      for index in 0..<200 { try folder.write("\(index).yaml", "1") }
      #expect(await heard.next())
      try await loop.sleep(untilMonotonic: loop.soon(30))
      #expect(heard.count == 0)
    }
  }
}

@Suite struct SignalsTests {
  private func caught(
    _ body: @escaping @Sendable (EventLoop) async throws -> Void
  ) async throws {
    try await OneAtATime.signals.run { try await onLoop(body) }
  }

  @Test("are heard on the loop, as often as they come")
  func heard() async throws {
    try await caught { loop in
      let heard = Mailbox<Signals.Signal>()
      let signals = try Signals(on: loop) { signal in
        loop.checkIsolated()
        heard.add(signal)
      }
      defer { signals.close() }
      for signal in [Signals.Signal.hangUp, .terminate, .hangUp, .interrupt] {
        Signals.raise(signal)
        #expect(await heard.next() == signal)
      }
      #expect(throws: IOFailure.inUse) { try Signals(on: loop) { _ in } }
    }
  }

  @Test("can be caught again once they were released")
  func again() async throws {
    for _ in 0..<2 {
      try await caught { loop in
        let heard = Mailbox<Signals.Signal>()
        let signals = try Signals([.hangUp], on: loop) { heard.add($0) }
        Signals.raise(.hangUp)
        #expect(await heard.next() == .hangUp)
        signals.close()
      }
    }
  }
}
