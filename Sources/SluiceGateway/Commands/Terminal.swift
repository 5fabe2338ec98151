import Glibc
package import SluiceLanguage
import SluiceReactor

/// The two streams that a command writes to.
package enum Terminal {
  package enum Stream: Int32, Sendable {
    case output = 1
    case error = 2
  }

  /// When text is coloured.
  package enum Color: String, Sendable, CaseIterable { case auto, always, never }

  /// Shows an answer: what was asked for on standard output, the rest on standard error.
  ///
  /// - Returns: its status; `couldNotRun` where standard output does not take it all, as on a full
  ///   disk. A reader who has left is no mistake.
  package static func show(_ answer: CommandAnswer) -> ExitStatus {
    var notes = answer.notes
    var status = answer.status
    do throws(IOFailure) {
      try Files.write(Array(answer.output.utf8), to: Stream.output.rawValue)
    } catch {
      if error != .reset {
        let refusal = Refusal("standard output does not take all that was asked for: \(error)")
        notes += CommandAnswer(refusal).notes
        status = refusal.status
      }
    }
    write(notes, to: .error)
    return status
  }

  /// Writes text as it is; a stream that nobody reads any more takes nothing, which is no mistake.
  package static func write(_ text: String, to stream: Stream) {
    guard !text.isEmpty else { return }
    try? Files.write(Array(text.utf8), to: stream.rawValue)
  }

  package static func isTerminal(_ stream: Stream) -> Bool { isatty(stream.rawValue) == 1 }

  /// How findings look on a stream: `NO_COLOR`, `TERM=dumb` and `COLUMNS` are obeyed.
  package static func style(
    _ color: Color,
    on stream: Stream,
    environment: [String: String]
  ) -> FindingsStyle {
    let isTerminal = isTerminal(stream)
    let hasColor =
      switch color {
      case .always: true
      case .never: false
      // https://no-color.org: any value but the empty one.
      case .auto:
        isTerminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
      }
    return FindingsStyle(
      hasColor: hasColor,
      width: environment["COLUMNS"].flatMap { Int($0) } ?? 100
    )
  }

  /// Reads a file, or standard input for `-`.
  package static func read(_ path: String, maximumBytes: Int) throws(Refusal) -> [UInt8] {
    do throws(IOFailure) {
      return try Files.read(path == "-" ? "/dev/stdin" : path, maximumBytes: maximumBytes)
    } catch {
      throw Refusal("`\(path)` cannot be read: \(error)")
    }
  }
}
