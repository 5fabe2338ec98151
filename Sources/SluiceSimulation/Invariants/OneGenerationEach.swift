/// An exchange sees one generation, the one that was live when it began, from first to last.
package struct OneGenerationEach: Invariant {
  package let claim = "an exchange sees one generation from first byte to last"
  /// The generation that a name belongs to: of a model, a route or a node; `nil` for those that
  /// all generations share.
  private let generation: @Sendable (_ name: String) -> UInt64?

  /// Checks runs whose generations name their parts apart, so that a part tells where it is from.
  package init(named generation: @escaping @Sendable (_ name: String) -> UInt64?) {
    self.generation = generation
  }

  package func violations(in run: Run) -> [String] {
    run.exchanges.flatMap { exchange -> [String] in
      let live = run.publications.last { $0.stamp < exchange.began }
      var names = exchange.trail.compactMap { $0.split(separator: ":").first.map(String.init) }
      names += run.attempts(of: exchange.number).map(\.model)
      names += ["x-sluice-route", "x-sluice-model"].compactMap(exchange.received.field)
      var seen = names.compactMap { name in generation(name).map { (name, $0) } }
      if let header = exchange.received.field("x-sluice-generation").flatMap({ UInt64($0) }) {
        seen.append(("the reply's field", header))
      }
      seen.append(("the edge", exchange.generation))
      return seen.filter { $0.1 != live?.generation }
        .map { name, number in
          "\(name) is of generation \(number), \(live?.generation ?? 0) was live, in \(exchange.line)"
        }
    }
  }
}
