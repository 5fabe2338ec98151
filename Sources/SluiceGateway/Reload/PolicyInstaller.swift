import SluiceCompiler
import SluiceCore
import SluiceLanguage
import SluicePipeline
import SluicePolicy
import SluiceReactor
import SluiceSemantics
import SluiceServer
import SluiceStages
import SluiceStores
import SluiceTelemetry
import Synchronization

/// Takes a policy from its files into service, whole or not at all.
///
/// The order: read, compile, look references up, connect upstreams, bind sockets, read keys, lower,
/// publish, listen. Everything that can fail comes before the publication; until then the policy
/// that is served knows nothing of it.
///
/// Isolation: `load` and `rollBack` block and are called by one thread at a time (`ReloadLoop`);
/// `state` may be read from anywhere.
final class PolicyInstaller: Sendable {
  /// What is in service.
  struct State: Sendable {
    fileprivate var history = PolicyHistory<PolicyVersion>(bound: Bounds.keptGenerations)
    fileprivate var upstreams = UpstreamSet()
    fileprivate(set) var health = HealthChecks()
    /// What the live routes lead to.
    fileprivate(set) var routes: [RouteReach] = []
    fileprivate var keys: (watch: KeyFileWatch, watcher: FolderWatcher)?
    fileprivate(set) var generation: Generation?
    /// The findings of the policy that is served: warnings.
    var findings: Findings { history.current?.findings ?? Findings() }
    var hasPrevious: Bool { history.previous != nil }
    fileprivate(set) var loadedAt: Moment?
    /// How the last order ended.
    fileprivate(set) var report: PolicyReport?
    /// Since when the files have said something else than what is served, as far as is known.
    fileprivate(set) var staleSince: Moment?
    /// Where the servers listen, with the ports that the kernel chose.
    fileprivate(set) var traffic: [SocketAddress] = []
    fileprivate(set) var admin: SocketAddress?
    /// The file of keys; `nil`: the policy names none.
    var keysPath: String? { keys?.watch.path }
    var keyCount: Int { keys?.watch.table.count ?? 0 }
    var openUpstreamConnections: Int { upstreams.openConnections }
  }

  let cell: GenerationCell
  let live = LiveGenerations()
  private let current = Mutex(State())
  private let options: GatewayOptions
  private let folder: StateFolder
  private let machine: Machine
  private let listeners: Listeners

  init(
    _ options: GatewayOptions,
    folder: StateFolder,
    machine: Machine,
    cell: GenerationCell,
    listeners: Listeners
  ) {
    self.options = options
    self.folder = folder
    self.machine = machine
    self.cell = cell
    self.listeners = listeners
  }

  var state: State { current.withLock { $0 } }

  /// Nothing: what is in the cell before the first policy; no address is listened on then.
  static var nothing: Generation {
    Generation(
      number: 0,
      hash: "",
      policy: Policy(),
      graph: Graph(nodes: [], entries: [:]),
      features: []
    )
  }

  /// Reads the files, and publishes what they say unless it is wrong or served already.
  func load(cause: PolicyOrder.Cause, isForced: Bool) -> PolicyReport {
    let start = machine.world.now
    let (bundle, found) = BundleReader.load(paths: [options.bundle])
    let compiled = Compiler.compile(
      bundle,
      overrides: options.overrides,
      in: .here(bundle, on: CivilDate(ofWall: start.wall), machine.encoders),
      after: found
    )
    var draft = Draft(cause: cause.rawValue, start: start)
    draft.findings = compiled.findings
    draft.bundle = compiled.bundle
    guard let policy = compiled.policy else { return refuse(draft) }
    let plans = UpstreamPlanner(environment: options.environment)
      .plans(for: policy, of: compiled.bundle, &draft.findings)
    guard !draft.findings.haveErrors else { return refuse(draft) }
    RenamedBudgets(
      policy,
      served: state.history.current?.policy,
      owners: machine.ledger.owners(at: start)
    )
    .report(&draft.findings, of: compiled.bundle)
    let version = PolicyVersion(
      policy: policy,
      hash: compiled.hash,
      findings: draft.findings,
      bundle: compiled.bundle,
      upstreams: plans
    )
    if !isForced, let served = state.history.current, served.hash == version.hash,
      served.upstreams == plans
    {
      return end(draft, .unchanged, staleSince: nil)
    }
    return publish(version, draft) { $0.history.add(version) }
  }

  /// Goes back to the policy before the one that is served.
  ///
  /// References are looked up again, since a secret may have been replaced meanwhile; what cannot
  /// be found any more is taken as it was.
  func rollBack() -> PolicyReport {
    var draft = Draft(cause: PolicyOrder.Cause.admin.rawValue, start: machine.world.now)
    guard var version = state.history.previous else {
      draft.problem = "there is no earlier policy to go back to"
      return report(draft, .refused, state)
    }
    draft.findings = version.findings
    draft.bundle = version.bundle
    var found = version.findings
    let plans = UpstreamPlanner(environment: options.environment)
      .plans(for: version.policy, of: version.bundle, &found)
    version.upstreams = version.upstreams.map { old in
      plans.first { $0.name == old.name } ?? old
    }
    let back = version
    return publish(back, draft, as: .rolledBack) { $0.history.goBack(to: back) }
  }

  /// Stops following files; what is served is served on.
  func close() {
    state.keys?.watcher.close()
    state.health.stop()
  }

  // MARK: Publishing

  private struct Draft {
    var cause: String
    var start: Moment
    var findings = Findings()
    var bundle = Bundle()
    var problem: String?
  }

  private func publish(
    _ version: PolicyVersion,
    _ draft: Draft,
    as result: ReloadFinished.Result = .accepted,
    remember: (inout State) -> Void
  ) -> PolicyReport {
    let before = state
    var draft = draft
    let upstreams: UpstreamSet
    let keys: (watch: KeyFileWatch, watcher: FolderWatcher)?
    let binding: Listeners.Binding
    let tokens: PromptCount?
    let semantic: SemanticMemory?
    do {
      tokens = try machine.promptCount(for: version.policy)
      semantic = try machine.semanticMemory(for: version.policy)
      upstreams = try UpstreamSet(version.upstreams, reusing: before.upstreams, on: machine)
      keys = try self.keys(of: version.policy, reusing: before.keys)
      binding = try listeners.bind(version.policy.server)
    } catch let problem as TokenTableError {
      draft.problem = "\(problem)"
      return refuse(draft)
    } catch let problem as SentenceEncoderError {
      draft.findings.reportMissingEncoder(
        "\(problem)",
        of: version.policy,
        in: draft.bundle,
        isRefused: true
      )
      return refuse(draft)
    } catch let problem as UpstreamSet.Problem {
      report(problem, of: version.policy, &draft)
      return refuse(draft)
    } catch let problem as Listeners.Problem {
      draft.problem = "cannot listen on \(problem.endpoint.text): \(problem.reason)"
      return refuse(draft)
    } catch {
      draft.problem = "the file of keys cannot be watched: \(error)"
      return refuse(draft)
    }

    let generation = Compiler.lower(
      version.policy,
      hash: version.hash,
      number: cell.generation.number + 1,
      ports: Ports(
        keys: keys?.watch.table ?? KeyTable(),
        counters: machine.counters,
        cache: machine.cache,
        ledger: machine.ledger,
        budgetWatch: machine.budgetWatch,
        flights: machine.flights,
        semantic: semantic,
        embedded: { [machine] in machine.semanticMemory(embeddedBy: $0) },
        background: machine.background,
        breakers: machine.breakers,
        switches: machine.switches,
        retryBudgets: machine.retryBudgets,
        upstreams: upstreams.ports,
        tokens: tokens,
        meter: machine.meter,
        metrics: machine.metrics
      )
    )
    machine.ledger.configure(
      durability: version.policy.server.durability,
      onFailure: version.policy.server.onLedgerFailure
    )
    cell.publish(generation)
    live.add(generation)
    var health = before.health
    health.follow(version.policy, upstreams, before: before.upstreams, on: machine)
    machine.breakers.keep(version.policy.guardedModels)
    machine.followSemantic(version.policy)
    machine.switches.keep(Set(version.policy.killSwitches.map(\.name)), at: machine.world.now)
    current.withLock { state in
      remember(&state)
      state.upstreams = upstreams
      state.health = health
      state.routes = Compiler.reach(of: version.policy)
      state.keys = keys
      state.generation = generation
      state.loadedAt = machine.world.now
      state.traffic = binding.traffic.addresses
      state.admin = binding.admin.addresses.first
    }
    listeners.listen(on: binding)
    if let address = binding.admin.addresses.first { note(address) }
    before.upstreams.retire(allBut: upstreams)
    if let old = before.keys, old.watch !== keys?.watch { old.watcher.close() }
    // After a roll-back the files say something else until they are read again.
    return end(draft, result, staleSince: result == .rolledBack ? machine.world.now : nil)
  }

  /// Leaves the address of the admin listener for commands on this machine.
  private func note(_ address: SocketAddress) {
    do throws(IOFailure) {
      try Files.writeAtomically(Array("\(address)\n".utf8), to: folder.adminAddressPath)
    } catch {
      machine.tell(
        Warned("admin_address_not_kept", "`\(folder.adminAddressPath)` cannot be written: \(error)")
      )
    }
  }

  private func keys(
    of policy: Policy,
    reusing current: (watch: KeyFileWatch, watcher: FolderWatcher)?
  ) throws(IOFailure) -> (watch: KeyFileWatch, watcher: FolderWatcher)? {
    guard let name = policy.identity.keys else { return nil }
    let path = folder.keysPath(name)
    if let current, current.watch.path == path { return current }
    let watch = KeyFileWatch(
      path: path,
      executor: machine.keeping,
      world: machine.world,
      telemetry: machine.telemetry
    )
    return (watch, try watch.watch(on: machine.control.loops[0]))
  }

  private func report(_ problem: UpstreamSet.Problem, of policy: Policy, _ draft: inout Draft) {
    guard let upstream = policy.upstreams.first(where: { $0.name == problem.upstream }),
      let span = draft.bundle.span(of: problem.words, near: upstream.place)
    else { return }
    draft.findings.report(
      .indirectionUnresolved(
        upstream.name,
        reason: "cannot be connected: \(problem.reason)",
        at: span
      )
    )
  }

  private func refuse(_ draft: Draft) -> PolicyReport {
    end(draft, .refused, staleSince: state.staleSince ?? draft.start)
  }

  private func end(
    _ draft: Draft,
    _ result: ReloadFinished.Result,
    staleSince: Moment?
  ) -> PolicyReport {
    current.withLock { state in
      let report = report(draft, result, state)
      state.report = report
      state.staleSince = staleSince
      return report
    }
  }

  private func report(
    _ draft: Draft,
    _ result: ReloadFinished.Result,
    _ state: State
  ) -> PolicyReport {
    let now = machine.world.now
    return PolicyReport(
      result: result,
      cause: draft.cause,
      generation: state.generation?.number ?? 0,
      hash: state.generation?.hash ?? "",
      findings: draft.findings,
      bundle: draft.bundle,
      problem: draft.problem,
      at: now,
      duration: now.monotonic - draft.start.monotonic
    )
  }
}
