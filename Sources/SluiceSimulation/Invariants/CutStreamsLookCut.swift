internal import SluicePipeline

/// What was not whole never looks complete.
///
/// What we cut ourselves at its hold, or on a person's word, ends legally, and says `length`.
package struct CutStreamsLookCut: Invariant {
  package let claim = "a stream that was cut never looks whole"

  package init() {}

  package func violations(in run: Run) -> [String] {
    run.exchanges.compactMap { exchange in
      let received = exchange.received
      if case .cut(let reason) = exchange.ending, reason == .beyondHold || reason == .killed {
        let text = String(decoding: received.body, as: UTF8.self)
        let saysSo = text.contains(#""finish_reason":"length""#)
        return received.isDone && saysSo ? nil : "cut by us, and not said, in \(exchange.line)"
      }
      if case .cut = exchange.ending {
        if received.isDone { return "cut, and done, in \(exchange.line)" }
        let text = String(decoding: received.body, as: UTF8.self)
        if exchange.left == nil, !text.contains(#""error""#) {
          return "cut without a word in \(exchange.line)"
        }
      }
      guard let number = received.attempt, run.attempts.indices.contains(number) else { return nil }
      let claimsWhole = exchange.ask.streams ? received.isDone : received.completions == 1
      return claimsWhole && !run.attempts[number].isWhole
        ? "attempt \(number) was not whole in \(exchange.line)" : nil
    }
  }
}
