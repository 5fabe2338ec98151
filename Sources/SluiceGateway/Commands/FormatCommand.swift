import FoundationEssentials
import SluiceCore
package import SluiceLanguage
import SluiceReactor

/// `sluice fmt`: policy files in the one form that they are written in.
package struct FormatCommand: Sendable {
  package enum Mode: Sendable {
    /// Each file that is not formatted is replaced.
    case write
    /// Files that are not formatted are listed.
    case check
    /// What was formatted is printed.
    case print
  }

  /// Lines of difference that `--check` shows for a file.
  private static let shownLines = 40

  package var paths: [String]
  package var mode = Mode.write
  package var style = FindingsStyle()

  package init(paths: [String]) { self.paths = paths }

  /// Formats files and folders.
  package func run() -> CommandAnswer {
    if let refusal = BundlePath.objection(to: paths) { return CommandAnswer(refusal) }
    let (bundle, found) = BundleReader.load(paths: paths)
    var answer = CommandAnswer()
    if found.haveErrors {
      answer.notes += found.rendered(as: .human, of: bundle, style: style)
      answer.status = .errors
    }
    for source in bundle.sources where bundle[source].isText {
      take(source, of: bundle, &answer)
    }
    return answer
  }

  /// Formats a text that is in no file: from standard input.
  package static func format(_ bytes: [UInt8], style: FindingsStyle) -> CommandAnswer {
    var command = FormatCommand(paths: [])
    command.mode = .print
    command.style = style
    var answer = CommandAnswer()
    let bundle = Bundle(files: [("<stdin>", bytes)])
    command.take(SourceID(index: 0), of: bundle, &answer)
    return answer
  }

  private func take(_ source: SourceID, of bundle: Bundle, _ answer: inout CommandAnswer) {
    let file = bundle[source]
    switch PolicyFormatter.format(source, of: bundle) {
    case .unreadable(let findings):
      answer.notes += findings.rendered(as: .human, of: bundle, style: style)
      answer.status = .errors
    case .unfaithful:
      answer.notes += "sluice: \(file.path) is left as it is: it would not say the same\n"
      answer.status = .errors
    case .formatted(let bytes):
      switch mode {
      case .print: answer.output += String(decoding: bytes, as: UTF8.self)
      case .check where bytes != file.bytes:
        let diff = LineDiff.text(file, SourceText(path: file.path, bytes: bytes))
        answer.output += "\(file.path)\n"
        if diff.utf8.count(where: { $0 == 0x0A }) <= Self.shownLines { answer.notes += diff }
        answer.status = .errors
      case .write where bytes != file.bytes: write(bytes, over: file, &answer)
      case .check, .write: break
      }
    }
  }

  /// Replaces a file, by a rename that leaves either the old or the new one.
  private func write(_ bytes: [UInt8], over file: SourceText, _ answer: inout CommandAnswer) {
    // A link stays a link.
    let path = URL(filePath: file.path).resolvingSymlinksInPath().path
    let facts = try? FileManager.default.attributesOfItem(atPath: path)
    let mode = (facts?[.posixPermissions] as? UInt).map { UInt32(truncatingIfNeeded: $0) }
    do throws(IOFailure) {
      try Files.writeAtomically(bytes, to: path, mode: mode ?? 0o644)
      answer.notes += "formatted \(file.path)\n"
    } catch {
      answer.notes += "sluice: cannot write `\(file.path)`: \(error)\n"
      answer.status = .couldNotRun
    }
  }
}
