internal import SluiceCompiler
internal import SluiceCore
internal import SluiceLanguage
package import SluicePipeline
package import SluicePolicy
package import SluiceStages
package import SluiceStores
internal import SluiceTelemetry

/// The stores of a gateway, for real, and upstreams that follow a script.
///
/// They outlive generations, as the gateway's do.
package struct SimulatedPorts: Sendable {
  package let counters: EmbeddedCounters
  package let cache: EmbeddedReplyCache
  package let flights: FlightTable
  /// By the name of the upstream in the policy.
  package let upstreams: [String: ScriptedUpstream]
  private let ports: Ports

  /// Ports for the clients of `asks`, and upstreams of the given names that follow `plan`.
  ///
  /// `wrapping` lets a test put something between the stages and the cache.
  package init(
    for asks: [Ask],
    upstreams names: [String],
    plan: FaultPlan,
    random: inout SeededRandom,
    history: History,
    faults: PortFaults? = nil,
    wrapping: (any ReplyCache) -> any ReplyCache = { $0 }
  ) {
    let metrics = MetricsRegistry()
    counters = EmbeddedCounters()
    cache = EmbeddedReplyCache()
    flights = FlightTable(followers: metrics.flightFollowers)
    var upstreams: [String: ScriptedUpstream] = [:]
    for name in names {
      upstreams[name] = ScriptedUpstream(
        name: name,
        plan: plan,
        random: random.fork(),
        history: history,
        faults: faults
      )
    }
    self.upstreams = upstreams
    var keys: any KeyDirectory = ScriptedKeys(for: asks)
    var counters: any Counters = counters
    var cache = wrapping(cache)
    if let faults {
      keys = FaultyKeys(keys, faults)
      counters = FaultyCounters(counters, faults)
      cache = FaultyCache(cache, faults)
    }
    ports = Ports(
      keys: keys,
      counters: counters,
      cache: cache,
      flights: flights,
      upstreams: upstreams,
      metrics: metrics
    )
  }

  /// Lowers `policy` to a generation that is connected to these ports.
  package func generation(_ number: UInt64, of policy: Policy) -> Generation {
    Compiler.lower(policy, hash: "", number: number, ports: ports)
  }

  /// Has all upstreams follow another plan.
  package func follow(_ plan: FaultPlan) {
    for upstream in upstreams.values { upstream.follow(plan) }
  }
}

extension Policy {
  /// The policy that one file says; traps with the findings if it is wrong.
  package static func compiled(from text: String) -> Policy {
    let compilation = Compiler.compile(Bundle(texts: [("policy.yaml", text)]))
    guard let policy = compilation.policy else {
      preconditionFailure("a scenario's policy is wrong: \(compilation.findings)")
    }
    return policy
  }
}
