/// What a command has to say, and how it ends.
package struct CommandAnswer: Sendable, Equatable {
  /// For standard output: what was asked for.
  package var output = ""
  /// For standard error: everything else.
  package var notes = ""
  package var status = ExitStatus.success

  package init(output: String = "", notes: String = "", status: ExitStatus = .success) {
    self.output = output
    self.notes = notes
    self.status = status
  }

  /// `sluice: …`, in one line.
  package init(_ refusal: Refusal) {
    self.init(notes: "sluice: \(refusal.message)\n", status: refusal.status)
  }
}
