import SluiceCore
import SluiceLanguage
import SluicePipeline
import SluicePolicy
import SluiceReactor
import SluiceTelemetry
import SluiceUpstream

/// The upstreams of one policy, connected.
struct UpstreamSet: Sendable {
  private struct Connected: Sendable {
    var plan: UpstreamPlan
    var upstream: any Upstream
    var client: HTTPUpstream
  }
  private var connected: [String: Connected] = [:]

  init() {}

  /// Connects the upstreams of `plans`, which opens nothing but the servers of simulated ones.
  ///
  /// What is connected in `current` by an equal plan is taken over with its pool.
  ///
  /// - Throws: `Problem`.
  init(_ plans: [UpstreamPlan], reusing current: UpstreamSet, on machine: Machine) throws(Problem) {
    for plan in plans {
      if let kept = current.connected[plan.name], kept.plan == plan {
        connected[plan.name] = kept
        continue
      }
      connected[plan.name] = try Self.connect(plan, machine)
    }
  }

  /// An upstream that cannot be set up.
  struct Problem: Error {
    var upstream: String
    var reason: String
    /// What the policy says there that is to blame; none for the upstream itself.
    var words: [String] = []
  }

  private static func connect(
    _ plan: UpstreamPlan,
    _ machine: Machine
  ) throws(Problem) -> Connected {
    let replays = machine.metrics.upstreamReplays[plan.name]
    func client(
      _ url: String,
      _ secret: String?,
      _ authorities: [UInt8]?
    ) throws(UpstreamSetupError) -> HTTPUpstream {
      try HTTPUpstream(
        name: plan.name,
        url: url,
        secret: secret,
        timeouts: plan.timeouts,
        version: SluiceVersion.current,
        loops: machine.loops.loops,
        resolver: machine.resolver,
        authorities: authorities,
        onReplay: { replays.increment() }
      )
    }
    do {
      switch plan.service {
      case .http(let url, let secret, let authorities):
        let client = try client(url, secret, authorities)
        return Connected(plan: plan, upstream: client, client: client)
      case .simulated(let settings):
        let simulated = try SimulatedUpstream(settings, on: machine.simulation.loops) {
          url throws(UpstreamSetupError) in
          try client(url, nil, nil)
        }
        return Connected(plan: plan, upstream: simulated, client: simulated.client)
      }
    } catch let error as UpstreamSetupError {
      throw Problem(upstream: plan.name, reason: error.message, words: ["\(error.key):"])
    } catch {
      throw Problem(upstream: plan.name, reason: "\(error)")
    }
  }

  /// For the graph, by name.
  var ports: [String: any Upstream] { connected.mapValues(\.upstream) }

  /// Whether an upstream is connected as it was in `other`.
  func shares(_ name: String, with other: UpstreamSet) -> Bool {
    guard let mine = connected[name] else { return false }
    return mine.client === other.connected[name]?.client
  }

  /// Connections that are open, idle ones included.
  var openConnections: Int {
    connected.values.reduce(0) { $0 + $1.client.busyConnections + $1.client.idleConnections }
  }

  /// Lets those rest no longer that `next` does not know; attempts that run go on.
  func retire(allBut next: UpstreamSet) {
    for (name, old) in connected where next.connected[name]?.client !== old.client {
      old.client.retire()
    }
  }
}
