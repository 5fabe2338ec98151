import SluiceCore
package import SluiceLanguage
import SluicePipeline
import SluicePolicy
import SluiceReactor
import SluiceServer
import SluiceStores
import SluiceTelemetry
import Synchronization

/// The whole gateway in one process: start, run, drain.
///
/// Starting is a reload from nothing: what refuses a reload refuses the start.
///
/// ```swift
/// let gateway = try await Gateway.start(options)
/// await gateway.run()
/// ```
package final class Gateway: Sendable {
  let machine: Machine
  private let folder: StateFolder
  let console: AdminConsole
  private let exchanges: ExchangeLog
  /// Held to the end of the process.
  private let lock: LockFile
  private let stopping = Occasion()
  private let watching = Mutex<(signals: Signals, watcher: FolderWatcher)?>(nil)

  private init(
    machine: Machine,
    folder: StateFolder,
    console: AdminConsole,
    exchanges: ExchangeLog,
    lock: LockFile
  ) {
    self.machine = machine
    self.folder = folder
    self.console = console
    self.exchanges = exchanges
    self.lock = lock
  }

  // MARK: Starting

  /// Starts everything and returns once traffic is served.
  ///
  /// - Throws: `StartRefusal`: what stands in the way, in words for the operator.
  package static func start(_ options: GatewayOptions) async throws(StartRefusal) -> Gateway {
    if let refusal = BundlePath.objection(to: [options.bundle]) { throw StartRefusal(refusal) }
    let folder = StateFolder(options.stateFolder)
    let lock: LockFile
    let token: AdminToken
    do throws(Refusal) {
      try folder.make()
      lock = try folder.lock()
      token = try folder.adminToken()
    } catch {
      throw StartRefusal(error)
    }
    let machine: Machine
    do {
      try ThisProcess.raiseDescriptorLimit()
      let journal = try folder.journal()
      machine = try Machine(
        options,
        journal: journal,
        archive: try folder.archive(),
        cacheJournal: folder.cacheJournal()
      )
    } catch let damage as LedgerDamage {
      throw StartRefusal(Refusal(damage, in: folder.ledgerPath))
    } catch let refusal as Refusal {
      throw StartRefusal(refusal)
    } catch {
      throw StartRefusal(Refusal("the process gets no threads or descriptors: \(error)"))
    }

    let cell = GenerationCell(PolicyInstaller.nothing)
    let exchanges = ExchangeLog(machine.telemetry)
    let admin = AdminService(token: token)
    let service = TrafficService(cell, observer: exchanges)
    let listeners = Listeners(
      service: service,
      traffic: HTTPServer(service, on: machine.loops.loops),
      admin: HTTPServer(admin, on: machine.control.loops)
    )
    let installer = PolicyInstaller(
      options,
      folder: folder,
      machine: machine,
      cell: cell,
      listeners: listeners
    )
    let console = AdminConsole(
      machine: machine,
      installer: installer,
      reloads: ReloadLoop(installer, on: machine),
      listeners: listeners,
      bundle: options.bundle
    )
    admin.attach(console)
    let gateway = Gateway(
      machine: machine,
      folder: folder,
      console: console,
      exchanges: exchanges,
      lock: lock
    )
    do throws(StartRefusal) {
      try await gateway.begin()
    } catch {
      await machine.closeLedger()
      await machine.closeCache()
      machine.stop()
      throw error
    }
    return gateway
  }

  private func begin() async throws(StartRefusal) {
    let isWatched = Occasion()
    do throws(IOFailure) {
      let signals = try Signals(on: machine.world) { [self] in hear($0) }
      let watcher = try FolderWatcher(
        console.bundle,
        on: machine.world,
        onReady: { isWatched.come() },
        handler: { [console] in console.reloads.trigger(.files) }
      )
      watching.withLock { $0 = (signals, watcher) }
    } catch {
      throw StartRefusal(Refusal("signals and files cannot be followed: \(error)"))
    }
    // Before the files are read: what changes from then on is told.
    await isWatched.hasCome()
    guard let report = await console.reloads.carryOut(.reload(.start, isForced: true)) else {
      preconditionFailure("nothing waits before the start")
    }
    guard !report.isRefused else {
      stopWatching()
      throw StartRefusal(report)
    }
    console.enter(.serving)
    let state = console.installer.state
    machine.tell(
      Started(
        version: SluiceVersion.current,
        listen: state.traffic.map { "\($0)" },
        admin: state.admin.map { "\($0)" } ?? "",
        generation: report.generation,
        policyHash: report.hash
      )
    )
  }

  // MARK: Running

  /// Serves until a signal says otherwise, then drains; afterwards nothing of it runs.
  package func run() async {
    await stopping.hasCome()
    await drain()
    stopWatching()
    await machine.closeLedger()
    await machine.closeCache()
    let world = machine.world
    await machine.log?.flush(until: world.now.monotonic + Self.flushGrace, in: world)
    machine.stop()
  }

  /// How long the reader of the log may take for the last lines.
  private static let flushGrace = Duration.seconds(2).nanoseconds

  /// Orders the gateway to drain and end.
  package func stop() { stopping.come() }

  private func hear(_ signal: Signals.Signal) {
    switch signal {
    case .hangUp: console.reloads.trigger(.signal)
    case .interrupt, .terminate:
      guard stopping.isPast else { return stopping.come() }
      // The second one means now: the signal does what it does to any process.
      watching.withLock { $0?.signals.close() }
      Signals.raise(signal)
    }
  }

  /// Stops accepting, lets open exchanges finish, and cuts what is left at `server.timeout.drain`.
  private func drain() async {
    console.enter(.draining)
    // A policy that were published now would be listened for.
    await console.reloads.close()
    let grace = console.installer.cell.generation.policy.server.timeout.drain.nanoseconds
    machine.tell(
      Draining(inFlight: Int(machine.metrics.activeRequests.value), grace: grace)
    )
    let deadline = machine.world.now.monotonic + grace
    machine.background.close()
    machine.world.startWork { [machine] in
      _ = machine.world.schedule(atMonotonic: deadline) { machine.background.cancelAll() }
    }
    await console.listeners.traffic.drain(until: deadline)
    await machine.background.emptied()
    machine.tell(Stopped(cut: exchanges.cut))
    // Operators read until the traffic has ended, and then lose their connections at once.
    await console.listeners.admin.drain(until: machine.world.now.monotonic)
    console.installer.close()
  }

  private func stopWatching() {
    let watched = watching.withLock { watching in
      defer { watching = nil }
      return watching
    }
    watched?.watcher.close()
    watched?.signals.close()
  }

  // MARK: For the operator

  /// What a person who started it wants to know, a line each.
  package var banner: [String] {
    let state = console.installer.state
    guard let generation = state.generation else { return [] }
    let policy = generation.policy
    var lines = [
      "sluice \(SluiceVersion.current) serves \(console.bundle): "
        + "\(policy.routes.count) routes, \(policy.models.count) models, "
        + "policy \(generation.hash.prefix(12))",
      "  traffic  " + state.traffic.map { "http://\($0)" }.joined(separator: "  "),
      "  admin    " + (state.admin.map { "http://\($0)/" } ?? "")
        + "  token in \(folder.tokenPath)",
    ]
    if let path = state.keysPath {
      lines.append("  keys     \(state.keyCount) in \(path)")
      if state.keyCount == 0, policy.identity.anonymous == nil {
        lines.append("           nobody can ask yet: sluice keys add --tenant NAME --user NAME")
      }
    }
    return lines
  }

  /// The warnings of the policy that is served.
  package func warnings(as style: FindingsStyle) -> String {
    guard let report = console.installer.state.report else { return "" }
    return report.findings.rendered(as: .human, of: report.bundle, style: style)
  }
}

/// Why the gateway did not start.
package struct StartRefusal: Error, Sendable {
  package var refusal: Refusal
  /// The report of the policy, if it is to blame.
  package var report: PolicyReport?

  init(_ refusal: Refusal) { self.refusal = refusal }

  init(_ report: PolicyReport) {
    self.report = report
    let errors = report.findings.shown.filter { $0.severity == .error }
    refusal =
      if let problem = report.problem {
        Refusal(problem)
      } else if !errors.isEmpty, errors.allSatisfy({ report.bundle[$0.span.source].isFlag }) {
        Refusal("the command line is wrong, not the policy; mend the flag", status: .usage)
      } else {
        Refusal("the policy has errors; mend them and start again", status: .errors)
      }
  }
}

extension StartRefusal {
  /// What the operator is shown: the findings, if there are any, and the reason in one line.
  package func answer(as style: FindingsStyle) -> CommandAnswer {
    var answer = CommandAnswer(refusal)
    if let report, !report.findings.isEmpty {
      let findings = report.findings.rendered(as: .human, of: report.bundle, style: style)
      answer.notes = findings + "\n" + answer.notes
    }
    return answer
  }
}
