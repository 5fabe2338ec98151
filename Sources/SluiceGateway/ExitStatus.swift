/// What a command tells the shell; the same for all of them, and documented in `Docs/cli.md`.
package enum ExitStatus: Int32, Sendable {
  /// No error; warnings may have been printed.
  case success = 0
  /// The policy, or what was asked for, is wrong.
  case errors = 1
  /// The command line is wrong.
  case usage = 2
  /// It could not be done: a port is taken, a folder locked, a file missing.
  case couldNotRun = 3
}

/// Why something could not be started or done, in one line that says what to do.
package struct Refusal: Error, Sendable {
  package var message: String
  package var status: ExitStatus

  package init(_ message: String, status: ExitStatus = .couldNotRun) {
    self.message = message
    self.status = status
  }
}
