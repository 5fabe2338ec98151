internal import SluiceCore

/// A model whose upstream said when to come back is not asked before.
package struct PausesAreKept: Invariant {
  package let claim = "an upstream that asks for a pause gets it"
  /// In percent of what was asked for.
  private let percent: Int64

  package init(percent: Int64 = 100) { self.percent = percent }

  package func violations(in run: Run) -> [String] {
    run.attempts.grouped { $0.model }
      .flatMap { model, attempts in
        attempts.compactMap { earlier -> String? in
          guard let pause = earlier.pause, let ended = earlier.ended else { return nil }
          let end = ended.moment.monotonic + pause / 100 * percent
          let early = attempts.first { later in
            ended < later.asked && later.asked.moment.monotonic < end
          }
          return early.map { "attempt \($0.number) of \(model) in the pause of \(earlier.number)" }
        }
      }
  }
}
