import FoundationEssentials
import SluiceCore
import SluiceLanguage
import Testing

@Suite("Bundle reader")
struct BundleReaderTests {
  /// A folder for one test, removed when it ends.
  private final class Folder {
    let url: URL
    var path: String { url.path }

    init() throws {
      url = FileManager.default.temporaryDirectory.appending(
        component: "sluice-\(UUID().uuidString)"
      )
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func write(_ text: String, to name: String) throws {
      let file = URL(filePath: path + "/" + name)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(),
        withIntermediateDirectories: true
      )
      try Data(text.utf8).write(to: file)
    }

    func link(_ name: String, to target: String) throws {
      try FileManager.default.createSymbolicLink(
        atPath: path + "/" + name,
        withDestinationPath: target
      )
    }

    /// Paths below the folder, and what they hold.
    func load() -> (files: [String], codes: [String], bundle: Bundle) {
      let (bundle, findings) = BundleReader.load(paths: [path])
      let texts = bundle.files.filter(\.isText)
      return (
        texts.map { String($0.path.dropFirst(path.count + 1)) }, findings.shown.map(\.code.id),
        bundle
      )
    }
  }

  @Test("reads every .yaml below, sorted, without names that begin with a dot")
  func folder() throws {
    let folder = try Folder()
    for name in ["b.yaml", "a.yaml", "sub/deep/c.yaml", ".hidden.yaml", ".git/d.yaml", "README.md"]
    {
      try folder.write("# \(name)", to: name)
    }
    let loaded = folder.load()
    #expect(loaded.files == ["a.yaml", "b.yaml", "sub/deep/c.yaml"])
    #expect(loaded.codes.isEmpty)
    #expect(loaded.bundle.files[0].text(in: 0..<8) == "# a.yaml")
  }

  @Test("reads a Kubernetes ConfigMap once")
  func configMap() throws {
    let folder = try Folder()
    try folder.write("a: 1", to: "..2026_11_24/routes.yaml")
    try folder.write("b: 1", to: "..2026_11_24/tiers.yaml")
    try folder.link("..data", to: "..2026_11_24")
    try folder.link("routes.yaml", to: "..data/routes.yaml")
    try folder.link("tiers.yaml", to: "..data/tiers.yaml")
    let loaded = folder.load()
    #expect(loaded.files == ["routes.yaml", "tiers.yaml"])
    #expect(loaded.codes.isEmpty)
  }

  @Test("a folder that links to itself is read once")
  func loop() throws {
    let folder = try Folder()
    try folder.write("a: 1", to: "sub/a.yaml")
    try folder.link("sub/again", to: "..")
    let loaded = folder.load()
    #expect(loaded.files == ["sub/a.yaml"])
    #expect(loaded.codes.isEmpty)
  }

  @Test("a .yml is named, and not read")
  func wrongExtension() throws {
    let folder = try Folder()
    try folder.write("a: 1", to: "a.yaml")
    try folder.write("b: 1", to: "b.yml")
    let loaded = folder.load()
    #expect(loaded.files == ["a.yaml"])
    #expect(loaded.codes == ["SL0020"])
  }

  @Test("an empty folder, a missing path and a dead link are told")
  func nothing() throws {
    let folder = try Folder()
    #expect(folder.load().codes == ["SL0022"])
    #expect(
      BundleReader.load(paths: [folder.path + "/none"]).findings.shown.map(\.code) == [
        .unreadableFile
      ]
    )
    try folder.link("dead.yaml", to: "nowhere.yaml")
    #expect(folder.load().codes == ["SL0021"])
  }

  @Test("a single file is a bundle, and is read once however often it is named")
  func single() throws {
    let folder = try Folder()
    try folder.write("a: 1", to: "any.name")
    let path = folder.path + "/any.name"
    let (bundle, findings) = BundleReader.load(paths: [path, path, folder.path + "/./any.name"])
    #expect(bundle.files.map(\.path) == [path])
    #expect(findings.isEmpty)
  }

  @Test("a file beyond the bound is told, and its neighbours are read")
  func large() throws {
    let folder = try Folder()
    try folder.write(String(repeating: "#", count: Bounds.policyFileBytes + 1), to: "a.yaml")
    try folder.write("b: 1", to: "b.yaml")
    let loaded = folder.load()
    #expect(loaded.files == ["b.yaml"])
    #expect(loaded.codes == ["SL0018"])
  }

  @Test("more files than the bound are told once")
  func many() throws {
    let folder = try Folder()
    for index in 0...Bounds.bundleFiles { try folder.write("", to: "\(index).yaml") }
    let loaded = folder.load()
    #expect(loaded.files.count == Bounds.bundleFiles)
    #expect(loaded.codes == ["SL0019"])
  }

  @Test("a device is not read")
  func device() throws {
    let folder = try Folder()
    try folder.link("zero.yaml", to: "/dev/zero")
    #expect(folder.load().codes == ["SL0021"])
  }
}
