import Testing

@testable import SluiceReactor

@Suite struct FilesTests {
  @Test("reads back what it wrote, and replaces it whole")
  func roundTrip() throws {
    let folder = try ScratchFolder()
    let path = folder.path("keys.jsonl")
    try Files.writeAtomically(Array("one".utf8), to: path)
    try Files.writeAtomically(Array("two".utf8), to: path)
    #expect(try Files.read(path, maximumBytes: 3) == Array("two".utf8))
    #expect(try Folder.entries(of: folder.path).map(\.name) == ["keys.jsonl"])
  }

  @Test("fails with a reason that can be switched on")
  func failures() throws {
    let folder = try ScratchFolder()
    let path = folder.path("file")
    #expect(throws: IOFailure.notFound) { try Files.read(path, maximumBytes: 1) }
    try Files.writeAtomically([1, 2], to: path)
    #expect(throws: IOFailure.tooLarge) { try Files.read(path, maximumBytes: 1) }
    #expect(throws: IOFailure.notFound) {
      try Files.writeAtomically([], to: folder.path("none/file"))
    }
    #expect(throws: IOFailure.self) { try Files.read(folder.path, maximumBytes: 1) }
  }

  @Test("reads files that do not know their size")
  func procFiles() throws {
    #expect(try !Files.read("/proc/self/statm", maximumBytes: 4_096).isEmpty)
  }

  @Test("makes a folder once, and is content if it exists")
  func folders() throws {
    let folder = try ScratchFolder()
    let path = folder.path("state")
    #expect(Files.kind(of: path) == .nothing)
    try Files.makeFolder(path)
    try Files.makeFolder(path)
    #expect(Files.kind(of: path) == .folder)
    try Files.writeAtomically([], to: folder.path("file"))
    #expect(Files.kind(of: folder.path("file")) == .other)
    #expect(throws: IOFailure.inUse) { try Files.makeFolder(folder.path("file")) }
  }

  @Test("one holder at a time has the lock")
  func locks() throws {
    let folder = try ScratchFolder()
    let path = folder.path("lock")
    do {
      let held = try LockFile(path)
      #expect(throws: IOFailure.inUse) { try LockFile(path) }
      withExtendedLifetime(held) {}
    }
    _ = try LockFile(path)
    #expect(try Files.read(path, maximumBytes: 20) == Array("\(ThisProcess.id)\n".utf8))
  }

  @Test("the process knows its own size")
  func process() throws {
    #expect(try ThisProcess.residentBytes() > 1 << 20)
    #expect(try ThisProcess.openDescriptors() >= 3)
    #expect(try ThisProcess.raiseDescriptorLimit() >= 256)
    #expect(ThisProcess.coreCount >= 1)
  }
}

@Suite struct AppendFileTests {
  @Test("appends, cuts, and goes on where it was when it is opened again")
  func append() throws {
    let folder = try ScratchFolder()
    let path = folder.path("journal")
    let file = try AppendFile(path)
    #expect(try file.append(Array("one two".utf8).span) == 7)
    try file.cut(to: 3)
    #expect(try file.append(Array(" three".utf8).span) == 6)
    try file.sync()
    #expect(try AppendFile(path).append(Array("!".utf8).span) == 1)
    #expect(try Files.read(path, maximumBytes: 64) == Array("one three!".utf8))
  }

  @Test("says why it cannot be written")
  func failures() throws {
    let folder = try ScratchFolder()
    #expect(throws: IOFailure.notFound) { try AppendFile(folder.path("none/journal")) }
    let full = try AppendFile("/dev/full")
    #expect(throws: IOFailure.noSpace) { try full.append([1].span) }
  }
}
