import SluiceCompiler
import SluiceCore
import SluiceHTTP
import SluiceLanguage
import SluicePipeline
import SluicePolicy
import SluiceReactor
import SluiceServer
import SluiceStages
import SluiceStores
import SluiceTelemetry
import Synchronization

/// The admin listener's side of its sockets: gate, route, answer.
final class AdminService: RequestService {
  private let token: AdminToken
  private let console = Mutex<AdminConsole?>(nil)

  init(token: AdminToken) { self.token = token }

  /// Says what the answers are about; before it, nothing is listened on.
  func attach(_ console: AdminConsole) { self.console.withLock { $0 = console } }

  var limits: ConnectionLimits { ConnectionLimits(idle: .seconds(75), head: .seconds(10)) }

  func receive(_ head: RequestHead) -> Reception {
    guard let console = console.withLock({ $0 }) else { return .refuse(AdminError.broken.reply) }
    do throws(AdminError) {
      let route = try AdminRoute.of(head)
      let gate = AdminGate(
        token: token,
        adminHost: console.installer.cell.generation.policy.server.admin.text,
        isLoopback: console.installer.state.admin?.isLoopback == true
      )
      switch gate.rule(on: route.access, fields: head.fields, host: head.host) {
      case .refuse(let error): throw error
      case .pass:
        return .serve(
          AdminHandler(route: route, console: console),
          maximumBody: route.access == .change ? Bounds.adminBodyBytes : 0,
          bodyTimeout: Duration.seconds(10).nanoseconds
        )
      }
    } catch {
      return .refuse(error.reply)
    }
  }

  func reply(to refusal: ServerRefusal) -> ServerReply {
    switch refusal {
    case .malformed: AdminError.malformed.reply
    case .bodyTooLarge(let limit): AdminError.bodyTooLarge(limit: limit).reply
    case .tooSlow: AdminError.tooSlow.reply
    case .overloaded: AdminError.busy.reply
    case .unanswered: AdminError.broken.reply
    }
  }
}

/// What an operator can see and do.
final class AdminConsole: Sendable {
  enum Phase: Sendable { case starting, serving, draining }

  let machine: Machine
  let installer: PolicyInstaller
  let reloads: ReloadLoop
  let listeners: Listeners
  let bundle: String
  private let current = Mutex(Phase.starting)

  init(
    machine: Machine,
    installer: PolicyInstaller,
    reloads: ReloadLoop,
    listeners: Listeners,
    bundle: String
  ) {
    self.machine = machine
    self.installer = installer
    self.reloads = reloads
    self.listeners = listeners
    self.bundle = bundle
  }

  var phase: Phase { current.withLock { $0 } }

  func enter(_ phase: Phase) { current.withLock { $0 = phase } }

  /// The breakers of the policy that is served, as they are now.
  var breakers: BreakerBoard {
    BreakerBoard(
      of: installer.cell.generation.policy,
      machine.breakers,
      installer.state.health,
      at: machine.world.now
    )
  }

  /// The live routes of which no candidate may be asked now, and whether there are others.
  var unservedRoutes: (names: [String], areAll: Bool) {
    let routes = installer.state.routes
    let policy = installer.cell.generation.policy
    let usable = Set(breakers.rows.filter(\.isUsable).map(\.model))
    let unserved = routes.filter { route in
      !route.models.contains { usable.contains(policy[$0].name) }
    }
    return (unserved.map(\.route), !routes.isEmpty && unserved.count == routes.count)
  }

  /// Says what breakers and health checks are at; models and upstreams that are gone go.
  private func refreshBreakerGauges() {
    let metrics = machine.metrics
    let rows = breakers.rows.filter { $0.status != nil }
    let models = Set(rows.map(\.model))
    for family in [metrics.breakerState, metrics.breakerHeld] { family.keep(models) }
    for row in rows {
      guard let status = row.status else { continue }
      for state in Breaker.State.allCases {
        metrics.breakerState[row.model, state.rawValue].set(status.state == state ? 1 : 0)
        // There from the start, so that a rate sees the first change.
        _ = metrics.breakerTransitions[row.model, state.rawValue]
      }
      for force in Breaker.Force.allCases {
        metrics.breakerHeld[row.model, "forced_\(force.rawValue)"]
          .set(status.forcing?.to == force ? 1 : 0)
      }
      metrics.breakerHeld[row.model, "unhealthy"].set(row.health?.isHealthy == false ? 1 : 0)
    }
    let health = installer.state.health
    metrics.upstreamHealthy.keep(Set(health.upstreams))
    for upstream in health.upstreams {
      metrics.upstreamHealthy[upstream].set(health.report(of: upstream)?.isHealthy == true ? 1 : 0)
    }
  }

  /// Has a person decide about a breaker, and tells the log.
  ///
  /// - Returns: what the operator is told.
  func force(_ order: AdminOrder.Forcing, from client: String) throws(AdminError) -> [UInt8] {
    guard let before = breakers[order.model] else {
      let names = breakers.rows.map(\.model)
      throw .unknownModel(
        order.model,
        nearest: NearestName.nearest(to: order.model, among: names)
      )
    }
    guard before.status != nil else { throw .noBreaker(order.model) }
    machine.breakers.force(
      order.model,
      order.to.map { BreakerTable.Forcing(to: $0, reason: order.reason, by: order.by) },
      at: machine.world.now.monotonic
    )
    let board = breakers
    let after = board[order.model] ?? before
    machine.tell(
      BreakerForced(
        model: order.model,
        to: order.word,
        reason: order.reason,
        by: order.by,
        client: client,
        before: before.state,
        after: after.state
      )
    )
    return board.json(of: after, was: before.state)
  }

  /// The kill switches that are on now.
  var switches: SwitchBoard { SwitchBoard(machine.switches, at: machine.world.now) }

  /// Stops spending as a person decides, and tells the log.
  func kill(_ order: SwitchTable.Kill, from client: String) throws(AdminError) -> [UInt8] {
    guard let cut = machine.switches.kill(order, at: machine.world.now) else {
      throw .tooManySwitches
    }
    machine.tell(
      SpendingOrdered(
        .kill,
        action: order.action.rawValue,
        scope: "\(order.scope)",
        running: order.cutsRunning ? "cut" : "finish",
        count: cut,
        reason: order.reason,
        by: order.by,
        client: client
      )
    )
    return switches.json(cut: cut)
  }

  /// Lets spending go on as a person decides, and tells the log.
  func revive(_ order: AdminOrder.Revival, from client: String) throws(AdminError) -> [UInt8] {
    let released = machine.switches.revive(
      order.selection,
      reason: order.reason,
      by: order.by,
      at: machine.world.now
    )
    guard !released.isEmpty else { throw .nothingToRevive }
    machine.tell(
      SpendingOrdered(
        .revive,
        scope: released.map { $0.key.isEmpty ? $0.name : "\($0.name) \($0.key)" }
          .prefix(Bounds.manualSwitches).joined(separator: "; "),
        count: released.count,
        reason: order.reason,
        by: order.by,
        client: client
      )
    )
    return switches.json(released: released.count)
  }

  /// Has the cache forget answers as a person decides, and tells the log.
  ///
  /// - Returns: how many were forgotten; no look-up that begins now finds one of them, in this
  ///   process or a later one.
  /// - Throws: `cacheNotWritable` when this process has forgotten, but a later one may not have;
  ///   `unknownProduct` when nothing was forgotten of a product that nothing can be kept for, since
  ///   whoever misspelt it must not believe that old prices are gone.
  func invalidate(
    _ order: AdminOrder.Invalidation,
    from client: String
  ) async throws(AdminError) -> Int {
    let forgotten: Int
    do {
      forgotten = try await machine.forget(order.selection)
    } catch {
      machine.tell(
        Warned("cache_not_forgotten", "an invalidation may not survive a restart: \(error)")
      )
      throw .cacheNotWritable
    }
    let words = order.selection.words
    machine.tell(
      CacheInvalidated(
        selection: words.selection,
        name: words.name,
        forgotten: forgotten,
        reason: order.reason,
        by: order.by,
        client: client
      )
    )
    if forgotten == 0, case .product(let name) = order.selection {
      let names = installer.cell.generation.policy.products.filter { $0.cache != nil }.map(\.name)
      guard names.contains(name) else {
        throw .unknownProduct(
          name,
          cache: "a cache, and no answer of it was kept",
          nearest: NearestName.nearest(to: name, among: names)
        )
      }
    }
    return forgotten
  }

  /// Has a product's semantic hits need the declared score again as a person decides, and tells the
  /// log.
  ///
  /// - Returns: what the operator is told.
  func reset(_ order: AdminOrder.SemanticReset, from client: String) throws(AdminError) -> [UInt8] {
    let names = installer.cell.generation.policy.products
      .filter { $0.cache?.semantic != nil }.map(\.name)
    guard names.contains(order.product), let memory = machine.semanticMemory else {
      throw .unknownProduct(
        order.product,
        cache: "a semantic cache",
        nearest: NearestName.nearest(to: order.product, among: names)
      )
    }
    let before = memory.memory(of: order.product).reset()
    machine.tell(
      SemanticReset(
        product: order.product,
        before: before?.bar,
        reason: order.reason,
        by: order.by,
        client: client
      )
    )
    return caches.json
  }

  /// What every budget of the policy that is served has spent and holds.
  func budgets(named name: String? = nil, key: String? = nil) throws(AdminError) -> BudgetBoard {
    let policy = installer.cell.generation.policy
    let names = policy.budgets.map(\.name)
    if let name, !names.contains(name) {
      throw .unknownBudget(name, nearest: NearestName.nearest(to: name, among: names))
    }
    return BudgetBoard(
      policy.budgets.filter { name == nil || $0.name == name },
      key: key,
      machine.ledger,
      at: machine.world.now
    )
  }

  /// What the caches of the policy that is served hold.
  var caches: CacheBoard {
    CacheBoard(
      of: installer.cell.generation.policy,
      machine.metrics,
      answers: machine.cache.usage,
      questions: machine.semanticUsage,
      points: { [memory = machine.semanticMemory] in memory?.memory(of: $0).point }
    )
  }

  /// Says how many switches of each rule are on; rules that are gone go.
  private func refreshSwitchGauges() {
    let names = installer.cell.generation.policy.killSwitches.map(\.name) + [SwitchTable.manual]
    let rows = switches.rows
    let metrics = machine.metrics
    metrics.switchActive.keep(Set(names))
    for name in names {
      metrics.switchActive[name].set(Int64(rows.count { $0.name == name }))
      // There from the start, so that a rate sees the first change.
      for kind in SwitchTable.Transition.Kind.allCases {
        _ = metrics.switchTransitions[name, kind.rawValue]
      }
    }
  }

  /// The bar that no hit reaches.
  private static let beyondAllScores = 2.0

  /// Reads what is only known by looking, for a scrape.
  func refreshGauges() {
    refreshBreakerGauges()
    refreshSwitchGauges()
    let metrics = machine.metrics
    let state = installer.state
    metrics.generationsLive.set(Int64(installer.live.count))
    let stale = state.staleSince.map { machine.world.now.monotonic - $0.monotonic } ?? 0
    metrics.configStaleSeconds.set(stale / 1_000_000_000)
    metrics.connectionsOpen.set(Int64(listeners.traffic.openConnections))
    metrics.upstreamConnectionsOpen.set(Int64(state.openUpstreamConnections))
    let usage = machine.cache.usage
    metrics.cacheEntries.set(Int64(usage.entries))
    metrics.cacheBytes.set(Int64(usage.bytes))
    metrics.cacheEvictions.advance(to: usage.evictions)
    let journal = machine.cacheJournal.usage
    metrics.cacheJournalWritten.advance(to: journal.written)
    metrics.cacheJournalDropped.advance(to: journal.dropped)
    metrics.cacheJournalBytes.set(Int64(journal.bytes))
    metrics.cacheJournalWritable.set(journal.isWritable ? 1 : 0)
    let semantic = machine.semanticUsage
    metrics.semanticQuestions.set(Int64(semantic.count))
    metrics.semanticBytes.set(Int64(semantic.bytes))
    let products = state.generation?.policy.products ?? []
    metrics.semanticBar.keep(Set(products.filter { $0.cache?.semantic != nil }.map(\.name)))
    let shadowed = Set(products.filter { $0.cache?.semantic?.shadow != nil }.map(\.name))
    for family in [metrics.semanticWrongShare, metrics.semanticWrongShareBound] {
      family.keep(shadowed)
    }
    for product in products {
      guard let bar = product.cache?.semantic?.bar else { continue }
      let point = machine.semanticMemory?.memory(of: product.name).point
      let now = point.map { $0.bar ?? Self.beyondAllScores } ?? bar
      metrics.semanticBar[product.name].set(now.nano)
      guard product.cache?.semantic?.shadow != nil, let estimate = point?.estimate else { continue }
      metrics.semanticWrongShare[product.name].set(estimate.share.nano)
      let interval = estimate.interval
      metrics.semanticWrongShareBound[product.name, "low"].set(interval.lowerBound.nano)
      metrics.semanticWrongShareBound[product.name, "high"].set(interval.upperBound.nano)
      // There from the start, so that a rate sees the first.
      for result in ShadowResult.allCases {
        _ = metrics.semanticShadows[product.name, result.rawValue]
      }
    }
    let ledger = machine.ledger.usage
    metrics.ledgerWritable.set(ledger.isWritable ? 1 : 0)
    metrics.ledgerFailures.advance(to: ledger.failures)
    metrics.ledgerUnrecorded.advance(to: ledger.unrecorded)
    metrics.ledgerBytes.advance(to: Int64(clamping: ledger.bytes))
    metrics.ledgerAccounts.set(Int64(ledger.accounts))
    metrics.ledgerOpenHolds.set(Int64(ledger.openHolds))
    metrics.ledgerHeld.set(ledger.held.count)
    // Where `/proc` is not mounted these two stay as they are; nothing else depends on them.
    if let bytes = try? ThisProcess.residentBytes() {
      metrics.residentMemoryBytes.set(Int64(bytes))
    }
    if let count = try? ThisProcess.openDescriptors() {
      metrics.openFileDescriptors.set(Int64(count))
    }
  }
}

/// Answers one request that the gate let in.
private struct AdminHandler: RequestHandler {
  let route: AdminRoute
  let console: AdminConsole

  func respond(to request: ServerRequest, through sink: ResponseSink) async {
    var reply: ServerReply
    do throws(AdminError) {
      reply = try await answer(request)
    } catch {
      reply = error.reply
    }
    reply.fields.append([
      "cache-control": "no-store", "x-content-type-options": "nosniff",
      "x-frame-options": "DENY", "content-security-policy": AdminPage.contentPolicy,
    ])
    // An operator who left is told nothing; the order was carried out.
    try? await sink.send(reply)
  }

  private func answer(_ request: ServerRequest) async throws(AdminError) -> ServerReply {
    let state = console.installer.state
    switch route {
    case .home:
      return ServerReply(
        status: 200,
        contentType: "text/html; charset=utf-8",
        body: AdminPage.html(state, console, budgets: try console.budgets())
      )
    case .metrics:
      console.refreshGauges()
      return ServerReply(
        status: 200,
        contentType: ExpositionPage.contentType,
        body: console.machine.metrics.exposition()
      )
    case .health: return AdminPage.state("ok", status: 200)
    case .readiness:
      switch console.phase {
      case .starting: return AdminPage.state("starting: no policy is served yet", status: 503)
      case .serving: return AdminPage.readiness(unserved: console.unservedRoutes)
      case .draining: return AdminPage.state("draining: open exchanges are finished", status: 503)
      }
    case .policy:
      return ServerReply(
        status: 200,
        body: AdminPage.policy(state, live: console.installer.live.count, bundle: console.bundle)
      )
    case .graph:
      let query = try AdminQuery(request.head.query ?? "", names: ["format"])
      let printer = GraphPrinter(console.installer.cell.generation.graph)
      let picture: (type: String, text: String) =
        switch query["format"] ?? "text" {
        case "text": ("text/plain", printer.text)
        case "dot": ("text/vnd.graphviz", printer.dot)
        case "mermaid": ("text/plain", printer.mermaid)
        default: throw .badQuery("`format` is text, dot or mermaid.")
        }
      return ServerReply(
        status: 200,
        contentType: "\(picture.type); charset=utf-8",
        body: Array(picture.text.utf8)
      )
    case .breakers: return ServerReply(status: 200, body: console.breakers.json)
    case .force:
      let order = try AdminOrder.forcing(request.body)
      let body = try console.force(order, from: "\(request.peer)")
      return ServerReply(status: 200, body: body)
    case .switches: return ServerReply(status: 200, body: console.switches.json)
    case .budgets:
      let query = try AdminQuery(request.head.query ?? "", names: ["budget", "key"])
      let board = try console.budgets(named: query["budget"], key: query["key"])
      return ServerReply(status: 200, body: board.json)
    case .kill:
      let order = try AdminOrder.kill(request.body)
      return ServerReply(status: 200, body: try console.kill(order, from: "\(request.peer)"))
    case .revive:
      let order = try AdminOrder.revival(request.body)
      return ServerReply(status: 200, body: try console.revive(order, from: "\(request.peer)"))
    case .spend: return try await spending(request.head.query ?? "")
    case .reload:
      return try await carryOut(.reload(.admin, isForced: try AdminOrder.isForced(request.body)))
    case .rollback:
      try AdminOrder.checkEmpty(request.body)
      return try await carryOut(.rollBack)
    case .cache: return ServerReply(status: 200, body: console.caches.json)
    case .shadows:
      return ServerReply(
        status: 200,
        contentType: "application/jsonl; charset=utf-8",
        body: console.machine.shadowLines
      )
    case .reset:
      let order = try AdminOrder.semanticReset(request.body)
      return ServerReply(status: 200, body: try console.reset(order, from: "\(request.peer)"))
    case .invalidate:
      let order = try AdminOrder.invalidation(request.body)
      return AdminPage.invalidated(try await console.invalidate(order, from: "\(request.peer)"))
    }
  }

  private func spending(_ query: String) async throws(AdminError) -> ServerReply {
    let query = try AdminQuery(query, names: ["by", "since", "until", "format"])
    let isCSV = query["format"] == "csv"
    guard isCSV || ["json", nil].contains(query["format"]) else {
      throw .badQuery("`format` is json or csv.")
    }
    let question: SpendQuestion
    do throws(Refusal) {
      question = try SpendQuestion(
        by: query["by"],
        since: query["since"],
        until: query["until"],
        at: console.machine.world.now
      )
    } catch {
      throw .badQuery("\(error.message).")
    }
    do {
      let printer = SpendPrinter(report: try await console.machine.spending(on: question))
      return ServerReply(
        status: 200,
        contentType: isCSV ? "text/csv; charset=utf-8" : "application/json",
        body: isCSV ? Array(printer.csv.utf8) : printer.json
      )
    } catch {
      console.machine.tell(Warned("spend_unreadable", "the ledger cannot be read: \(error)"))
      throw .ledgerUnreadable
    }
  }

  private func carryOut(_ order: PolicyOrder) async throws(AdminError) -> ServerReply {
    guard console.phase != .draining else { throw .stopping }
    guard let report = await console.reloads.carryOut(order) else { throw .busy }
    // 409: nothing to go back to, or an address that is taken; 422: the policy is wrong.
    let status = !report.isRefused ? 200 : report.problem != nil ? 409 : 422
    return ServerReply(status: status, body: AdminPage.report(report))
  }
}

extension Double {
  /// As gauges of such a unit hold it.
  fileprivate var nano: Int64 { Int64((self * 1_000_000_000).rounded()) }
}
