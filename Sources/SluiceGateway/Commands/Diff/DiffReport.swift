import SluiceCompiler
import SluiceCore
import SluiceJSON
import SluicePolicy
import SluiceReactor

/// What can be said of two policies.
struct DiffReport: Sendable {
  enum Verdict: String, Sendable {
    /// No request is treated differently, which is proved.
    case same = "no change"
    case changed
    /// None was shown to be, and that none is cannot be said.
    case undecided = "cannot decide"
  }

  struct Change: Sendable {
    var difference: Difference
    /// `nil` for what holds whatever is asked.
    var witness: WitnessRequest?
  }

  struct Doubt: Sendable {
    var difference: Difference
    /// Requests that were traced, none of which shows it.
    var tried: Int
  }

  var changes: [Change] = []
  var doubts: [Doubt] = []
  /// `route a is called b`.
  var renamed: [String] = []
  /// Whether every request was looked at.
  var isWhole: Bool

  /// Puts the findings in order; `identities` is what shows who is who, by the key of `identity`.
  init(
    _ analysis: PolicyDifference,
    _ shown: [WitnessTracer.Shown],
    identities: [String: WitnessRequest] = [:]
  ) {
    isWhole = analysis.isWhole
    let standing = analysis.old.standing(analysis.new)
      .map { difference in
        let key = difference.setting?.split(separator: ".").first.map(String.init) ?? ""
        let isIdentity = difference.aspect.group == .identity
        return Change(difference: difference, witness: isIdentity ? identities[key] : nil)
      }
    changes = standing.filter { $0.difference.aspect.group == .identity }
    for one in shown {
      if let witness = one.witness {
        changes.append(Change(difference: one.difference, witness: witness))
      } else {
        doubts.append(Doubt(difference: one.difference, tried: one.tried))
      }
    }
    changes += standing.filter { $0.difference.aspect.group != .identity }
    renamed = analysis.renamedRoutes.map { old, new in
      "route \(analysis.old.policy.routes[old].name) is called "
        + "\(analysis.new.policy.routes[new].name), and takes the same requests to the same place"
    }
  }

  var verdict: Verdict {
    if !changes.isEmpty { return .changed }
    return doubts.isEmpty && isWhole ? .same : .undecided
  }

  /// The name of the file that holds the body of the witness of a change.
  static func file(_ number: Int, in folder: String) -> String { "\(folder)/\(number + 1).json" }

  /// Writes the bodies, and the lines that trace them.
  func write(to folder: String, tracing bundle: String) throws(IOFailure) {
    try Files.makeFolder(folder, mode: 0o755)
    var lines = "#!/bin/sh\n"
    for (number, change) in changes.enumerated() {
      guard let witness = change.witness else { continue }
      let file = Self.file(number, in: folder)
      try Files.writeAtomically(witness.body + [UInt8(ascii: "\n")], to: file, mode: 0o644)
      lines += "\n# \(change.difference.sentence)\n"
      lines += witness.command(tracing: bundle, file: file) + "\n"
    }
    try Files.writeAtomically(Array(lines.utf8), to: "\(folder)/trace.sh", mode: 0o755)
  }
}

extension Difference {
  /// `limit per-user: rate 100/m → 50/m`, in a line.
  var sentence: String {
    let what = "\(aspect.subject)" + (setting.map { ": \($0)" } ?? ":")
    switch kind {
    case .changed: return "\(what) \(old?.text ?? "") → \(new?.text ?? "")"
    case .added: return "\(what) added: \(new?.text ?? "")"
    case .removed: return "\(what) removed: \(old?.text ?? "")"
    case .renamed: return "\(what) renamed \(new?.text ?? "")"
    }
  }

  /// What else follows.
  var consequence: String? {
    switch (aspect.group, kind) {
    case (.money, .renamed), (.limits, .renamed):
      "starts from zero under its new name; keep the name to keep what was counted"
    case (.cache, .renamed): nil
    case (.money, .changed) where setting == "key" || setting == "per" || setting == "zone":
      aspect.subject.hasPrefix("budget") ? "counts from zero: its accounts are others" : nil
    case (.limits, .changed) where setting == "key": "counts from zero: its keys are others"
    default: nil
    }
  }
}
