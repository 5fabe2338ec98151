import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceReactor
import SluiceStages

/// The health checks of the policy that is served.
struct HealthChecks: Sendable {
  private var running: [String: HealthCheck] = [:]

  /// What is known of an upstream; `nil` if it is not checked.
  func report(of upstream: String) -> HealthCheck.Report? { running[upstream]?.report }

  var upstreams: [String] { running.keys.sorted() }

  /// Has the checks be those of `policy`, on the loops of the traffic.
  ///
  /// What has not changed goes on. A check that changed takes over what was found, unless its
  /// upstream is another one by now.
  mutating func follow(
    _ policy: Policy,
    _ upstreams: UpstreamSet,
    before: UpstreamSet,
    on machine: Machine
  ) {
    let old = running
    running = [:]
    let now = machine.world.now.monotonic
    var free = Set(old.values.flatMap(\.models))
    for (position, upstream) in policy.upstreams.enumerated() {
      guard let settings = upstream.healthCheck, let port = upstreams.ports[upstream.name] else {
        continue
      }
      let models = policy.models.filter { $0.upstream == upstream.name }.map(\.name)
      free.subtract(models)
      let known = upstreams.shares(upstream.name, with: before) ? old[upstream.name] : nil
      if let known, known.settings == settings, known.models == models {
        running[upstream.name] = known
        continue
      }
      old[upstream.name]?.stop()
      let check = HealthCheck(
        of: upstream.name,
        models: models,
        settings: settings,
        port: port,
        breakers: machine.breakers,
        telemetry: machine.telemetry,
        after: known?.record ?? HealthRecord()
      )
      running[upstream.name] = check
      check.begin(at: now)
      let loops = machine.loops.loops
      let loop = loops[position % loops.count]
      loop.startTask { await check.run(in: loop) }
    }
    for (name, check) in old where running[name] !== check { check.stop() }
    // Nobody would ever find these up again.
    let guarded = policy.guardedModels
    machine.breakers.setUnhealthy(free.intersection(guarded).sorted(), until: nil, at: now)
  }

  /// Ends all checks.
  func stop() {
    for check in running.values { check.stop() }
  }
}

extension Policy {
  /// The models that have a breaker.
  var guardedModels: Set<String> {
    let guarded = Set(upstreams.filter { $0.breaker != nil }.map(\.name))
    return Set(models.filter { guarded.contains($0.upstream) }.map(\.name))
  }
}
