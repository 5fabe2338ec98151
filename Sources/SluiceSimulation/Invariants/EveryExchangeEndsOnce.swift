/// Every exchange ends once, with one outcome, and its client gets exactly what that outcome says.
package struct EveryExchangeEndsOnce: Invariant {
  package let claim = "an exchange ends exactly once, with one outcome"

  package init() {}

  package func violations(in run: Run) -> [String] {
    run.exchanges.flatMap { exchange in
      findings(about: exchange).map { "\($0) in \(exchange.line)" }
    }
      + run.attempts.filter { $0.endings.count != 1 }
      .map {
        "attempt \($0.number) has \($0.endings.count) ends"
      }
  }

  private func findings(about exchange: ExchangeRecord) -> [String] {
    var findings: [String] = []
    let received = exchange.received
    if exchange.endings.count != 1 { findings.append("\(exchange.endings.count) ends") }
    if received.heads > 1 { findings.append("\(received.heads) heads") }
    if received.completions > 1 { findings.append("completed \(received.completions) times") }
    if received.heads == 0, !received.body.isEmpty { findings.append("a body without a head") }
    guard let ending = exchange.ending else { return findings }
    switch ending {
    case .nothing: findings.append("no outcome")
    case .replied, .refused:
      if received.writes > 0 { findings.append("a stream and a reply") }
      if exchange.left == nil, received.completions != 1 { findings.append("no reply") }
    case .streamed:
      if received.completions != 1 || received.heads != 1 { findings.append("no whole stream") }
    case .cut:
      if received.heads != 1, exchange.left == nil { findings.append("cut before it began") }
    case .abandoned:
      if exchange.left == nil { findings.append("abandoned though its client stayed") }
    }
    return findings
  }
}
