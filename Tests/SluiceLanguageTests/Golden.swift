import FoundationEssentials
import Testing

/// Golden files: an input and, beside it, what is printed for it.
///
/// A missing expectation is written and fails; `SLUICE_RECORD=1` rewrites them; under `CI=true`
/// nothing is written.
struct Golden: CustomTestStringConvertible, Sendable {
  let input: URL
  var testDescription: String { name }
  var name: String { input.lastPathComponent }
  private var stem: String { input.deletingPathExtension().lastPathComponent }

  /// The inputs of a folder below `Golden`, sorted by name.
  static func inputs(in folder: String) -> [Golden] {
    let root = Repository.tests.appending(component: "Golden").appending(component: folder)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
    return names.filter { $0.hasSuffix(".yaml") }.sorted()
      .map { Golden(input: root.appending(component: $0)) }
  }

  func bytes() throws -> [UInt8] { Array(try Data(contentsOf: input)) }

  func compare(_ printed: String, _ location: SourceLocation = #_sourceLocation) throws {
    let file = input.deletingLastPathComponent().appending(component: stem + ".txt")
    try Self.compare(printed, with: file, location)
  }

  /// Compares a text with a file, which is recorded if the run says so.
  static func compare(
    _ printed: String,
    with file: URL,
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    let known = (try? Data(contentsOf: file)).map { String(decoding: $0, as: UTF8.self) }
    guard known != printed else { return }
    let environment = ProcessInfo.processInfo.environment
    let isRecording = environment["SLUICE_RECORD"] == "1"
    let mayWrite = environment["CI"] != "true" && (known == nil || isRecording)
    if mayWrite { try Data(printed.utf8).write(to: file) }
    if isRecording, mayWrite { return }
    let comment: Comment =
      known == nil
      ? "no expectation yet for \(file.lastPathComponent)\(mayWrite ? "; written" : "")"
      : "\(difference(known ?? "", printed))"
    Issue.record(comment, sourceLocation: location)
  }

  /// Lines that differ, `-` expected and `+` printed.
  private static func difference(_ expected: String, _ printed: String) -> String {
    let old = expected.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let new = printed.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    return new.difference(from: old)
      .map { change in
        switch change {
        case .remove(let line, let text, _): "-\(line + 1): \(text)"
        case .insert(let line, let text, _): "+\(line + 1): \(text)"
        }
      }
      .joined(separator: "\n")
  }
}

/// Where the files of this package stand.
enum Repository {
  static let tests = URL(filePath: #filePath).deletingLastPathComponent()
  static let root = tests.deletingLastPathComponent().deletingLastPathComponent()
  static let pages = root.appending(component: "Docs").appending(component: "diagnostics")
  static let language = root.appending(component: "Sources").appending(component: "SluiceLanguage")
}
