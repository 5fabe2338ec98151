import FoundationEssentials
import SluiceCore

/// Reads the files of a bundle from disk.
///
/// A folder gives every `*.yaml` below it, sorted by path. Names that begin with a dot are skipped,
/// so a Kubernetes ConfigMap, whose visible links lead through `..data`, is read once. Links are
/// followed; a folder that links lead to twice is read once. Blocking; not for an event loop.
package enum BundleReader {
  /// Reads files and folders, each as the user named it.
  ///
  /// What cannot be read is a finding; the rest is in the bundle all the same.
  package static func load(paths: [String]) -> (bundle: Bundle, findings: Findings) {
    var walk = BundleWalk()
    for path in paths { walk.visit(named: path) }
    walk.close(paths)
    return (walk.bundle, walk.findings)
  }
}

/// The state of one reading.
private struct BundleWalk {
  var bundle = Bundle()
  var findings = Findings()
  private let disk = FileManager.default
  private var bytes = 0
  private var texts = 0
  private var seen: Set<String> = []
  private var isFull = false

  /// A path that the user named: a folder, or a file whatever its extension.
  mutating func visit(named path: String) {
    var isFolder = false
    guard disk.fileExists(atPath: path, isDirectory: &isFolder) else {
      report(at: path) { .unreadableFile("there is no such file or folder", at: $0) }
      return
    }
    if isFolder { visitFolder(path, depth: 0) } else { read(path) }
  }

  /// Says so when there was nothing to read.
  mutating func close(_ paths: [String]) {
    guard texts == 0, !findings.haveErrors else { return }
    report(at: paths.first ?? ".") { .emptyBundle(at: $0) }
  }

  private mutating func visitFolder(_ path: String, depth: Int) {
    guard !isFull, seen.insert(real(path)).inserted else { return }
    guard depth < Bounds.bundleDepth else {
      report(at: path) { .unreadableFile("folders are nested too deep", at: $0) }
      return
    }
    let names: [String]
    do {
      names = try disk.contentsOfDirectory(atPath: path).sorted()
    } catch {
      report(at: path) { .unreadableFile("the folder cannot be listed", at: $0) }
      return
    }
    for name in names where !name.hasPrefix(".") && !isFull {
      visitEntry(join(path, name), depth: depth)
    }
  }

  private mutating func visitEntry(_ path: String, depth: Int) {
    var isFolder = false
    let exists = disk.fileExists(atPath: path, isDirectory: &isFolder)
    if isFolder {
      visitFolder(path, depth: depth + 1)
    } else if path.hasSuffix(".yaml") {
      guard exists else {
        report(at: path) { .unreadableFile("it is a link that leads nowhere", at: $0) }
        return
      }
      read(path)
    } else if path.hasSuffix(".yml") {
      report(at: path) { .wrongExtension(path, at: $0) }
    }
  }

  private mutating func read(_ path: String) {
    let target = real(path)
    guard !isFull, seen.insert(target).inserted else { return }
    guard texts < Bounds.bundleFiles else {
      isFull = true
      report(at: path) { .bundleTooLarge("\(Bounds.bundleFiles) files", at: $0) }
      return
    }
    guard let facts = try? disk.attributesOfItem(atPath: target),
      facts[.type] as? FileAttributeType == .typeRegular
    else {
      report(at: path) { .unreadableFile("it is not a plain file", at: $0) }
      return
    }
    let size = (facts[.size] as? UInt64).map(Int.init(clamping:)) ?? 0
    guard size <= Bounds.policyFileBytes else {
      report(at: path) { .fileTooLarge(bytes: size, at: $0) }
      return
    }
    guard bytes + size <= Bounds.bundleBytes else {
      isFull = true
      report(at: path) { .bundleTooLarge("\(Bounds.bundleBytes) bytes", at: $0) }
      return
    }
    guard let content = disk.contents(atPath: target) else {
      report(at: path) { .unreadableFile("permission is missing, or it just vanished", at: $0) }
      return
    }
    bytes += content.count
    texts += 1
    bundle.add(SourceText(path: path, bytes: Array(content)))
  }

  /// Reports at a place that has no text, and remembers that something is missing.
  private mutating func report(at path: String, _ finding: (SourceSpan) -> Diagnostic) {
    let source = bundle.add(SourceText(placeAt: path))
    let made = finding(SourceSpan(source: source, start: 0, end: 0))
    findings.report(made)
    if made.severity == .error, made.code != .emptyBundle { findings.markIncomplete(source) }
  }

  /// The path behind all links.
  private func real(_ path: String) -> String {
    URL(filePath: path).resolvingSymlinksInPath().path
  }

  private func join(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }
}
