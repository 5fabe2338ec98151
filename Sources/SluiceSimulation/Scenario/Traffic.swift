/// Bursts of asks, drawn from a seed.
package struct Traffic: Sendable {
  package var loops = 1
  package var tenants = ["acme", "bolt"]
  /// Users of each tenant; their names begin with the tenant's.
  package var usersPerTenant = 2
  package var tiers = [""]
  package var products = [""]
  package var models = ["auto"]
  /// So many different questions; few of them make many repeats.
  package var questions = 3
  package var streamingPercent = 40
  package var leavingPercent = 0
  package var slowPercent = 0
  /// Nanoseconds over which a burst is spread.
  package var spread: Int64 = 20_000_000

  package init() {}

  /// `count` asks from `after` on, in the order in which they come.
  package func burst(
    of count: Int,
    after: Int64 = 0,
    _ random: inout SeededRandom
  ) -> [Ask] {
    var asks: [Ask] = []
    for _ in 0..<count {
      let tenant = random.pick(tenants)
      let user = Int.random(in: 0..<usersPerTenant, using: &random)
      var ask = Ask(
        // Few distinct instants, so that many things happen at once.
        after: after + Int64.random(in: 0...8, using: &random) * (spread / 8),
        loop: Int.random(in: 0..<loops, using: &random),
        tenant: tenant,
        user: "\(tenant)-\(user)",
        tier: tiers[user % tiers.count],
        product: random.pick(products),
        question: "question-\(Int.random(in: 0..<questions, using: &random))",
        model: random.pick(models),
        streams: random.chance(streamingPercent)
      )
      ask.wantsUsage = ask.streams && random.chance(50)
      if random.chance(leavingPercent) {
        ask.leavesAfter = Int64.random(in: 0...30, using: &random) * 1_000_000
      }
      if random.chance(slowPercent) {
        ask.writeDelay = Int64.random(in: 1...20, using: &random) * 1_000_000
      }
      asks.append(ask)
    }
    return asks.sorted { $0.after < $1.after }
  }

  /// `count` asks, one after another, of clients that are patient and stay.
  package func calm(
    of count: Int,
    after: Int64,
    _ random: inout SeededRandom
  ) -> [Ask] {
    burst(of: count, &random).enumerated()
      .map { place, ask in
        var ask = ask
        ask.after = after + Int64(place) * 1_000_000_000
        ask.leavesAfter = nil
        ask.writeDelay = 0
        return ask
      }
  }
}
