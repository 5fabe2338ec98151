import SluiceCore
import SluiceDialects
import SluiceExpressions
import SluiceLanguage
import SluicePipeline
import SluicePolicy
import SluiceStages
import Synchronization

/// What is told of one exchange of a case, taken at the end of its walk.
struct CaseWalk: Sendable {
  struct Step: Sendable {
    var node: NodeIndex
    var exit: ExitIndex
    var remark: String?
  }

  var steps: [Step]
  var route: Int?
  var target: String?
  var model: String?
  var cache: CacheOutcome
  var cost: NanoDollars
  /// The values of budgets' keys, by the name of the budget; what has no value is left out.
  var keys: [String: String]
  var tier: String
  /// The features that were asked for and are true or false, by name.
  var features: [String: Bool]
  var isCut: Bool
}

/// One case as it runs: a gateway, its clients, its upstreams and its clock.
///
/// Confined to the call that runs it.
final class CaseRun {
  let policy: Policy
  let test: TestCase
  let world: SimulatedWorld
  let history: History
  let ports: SimulatedPorts
  let generation: Generation
  private let gateway: SimulatedGateway
  private let clients: CaseClients
  private let upstreams: CaseUpstreams
  private let walks: CaseWalks
  /// On the monotonic clock, when it began.
  private let began: Int64
  /// What was asked in the background and has not been judged yet.
  private var pending: [Asked] = []
  private(set) var failures: [CaseFailure] = []

  /// A request that was sent, and what it must come to.
  struct Asked {
    var exchange: Int
    var step: TestStep
    /// From 1.
    var number: Int
  }

  init(_ test: TestCase, of policy: Policy, _ tools: CaseTools, isExplained: Bool) {
    self.policy = policy
    self.test = test
    world = SimulatedWorld(seed: 1, startWall: test.start * 1_000_000_000)
    let history = History(world: world)
    self.history = history
    clients = CaseClients(of: test)
    let upstreams = CaseUpstreams(policy, counter: tools.counter)
    self.upstreams = upstreams
    var random = SeededRandom(seed: 1)
    var scripted: [String: ScriptedUpstream] = [:]
    for upstream in policy.upstreams {
      scripted[upstream.name] = ScriptedUpstream(
        name: upstream.name,
        plan: upstreams.script(of: upstream.name),
        random: random.fork(),
        history: history,
        firstByteNanoseconds: upstream.timeout.firstByte?.nanoseconds ?? .max,
        idleNanoseconds: upstream.timeout.idle?.nanoseconds ?? .max / 4,
        totalNanoseconds: upstream.timeout.total?.nanoseconds ?? .max
      )
    }
    ports = SimulatedPorts(
      keys: clients,
      upstreams: scripted,
      tokens: tools.counter,
      tokenizers: tools.tokenizers,
      history: history
    )
    generation = ports.generation(1, of: policy)
    let walks = CaseWalks(policy)
    self.walks = walks
    gateway = SimulatedGateway(
      history: history,
      first: generation,
      isExplained: isExplained,
      onEnd: { number, exchange in walks.take(number, exchange) }
    )
    began = world.now.monotonic
  }

  /// Runs the steps in order, up to the first that fails.
  func run() {
    for step in test.steps {
      take(step)
      judgePending()
      if !failures.isEmpty { return }
    }
    if !pending.isEmpty {
      world.run(until: { pending.allSatisfy { history.hasEnded($0.exchange) } })
      judgePending()
      for asked in pending { failures.append(.neverEnded(asked, in: self)) }
    }
  }

  func walk(of exchange: Int) -> CaseWalk? { walks[exchange] }
  var lastWalk: CaseWalk? { walks.last }
  var walked: [CaseWalk] { walks.all }

  // MARK: Steps

  private func take(_ step: TestStep) {
    for change in step.behaviours { upstreams.set(change) }
    if let wait = step.wait { world.pass(nanoseconds: wait.nanoseconds) }
    for order in step.orders { give(order) }
    if let ask = step.ask { send(ask, of: step) }
    guard failures.isEmpty else { return }
    for expectation in step.expectations where !expectation.concernsRequest {
      judge(expectation, of: nil)
    }
  }

  private func send(_ ask: TestAsk, of step: TestStep) {
    guard !ask.isInBackground else {
      let first = history.begun
      for number in 1...ask.times {
        pending.append(Asked(exchange: first + number - 1, step: step, number: number))
        gateway.serve(clients.ask(ask, after: world.now.monotonic - began))
      }
      // They begin before the next step, which may be another request.
      world.run(untilMonotonic: world.now.monotonic)
      return
    }
    for number in 1...ask.times {
      let asked = Asked(exchange: history.begun, step: step, number: number)
      gateway.serve(clients.ask(ask, after: world.now.monotonic - began))
      guard world.run(until: { history.hasEnded(asked.exchange) }) else {
        failures.append(.neverEnded(asked, in: self))
        return
      }
      judge(asked)
      if !failures.isEmpty { return }
    }
  }

  private func give(_ order: TestOrder) {
    let moment = world.now
    switch order {
    case .kill(let kill):
      _ = ports.switches.kill(
        SwitchTable.Kill(
          scope: KillScope(fields: kill.scope),
          action: kill.action == .deny ? .deny : .cacheOnly,
          duration: kill.duration.map { ($0.nanoseconds + 999_999_999) / 1_000_000_000 },
          cutsRunning: kill.cutsRunning,
          reason: "a test says so",
          by: "test"
        ),
        at: moment
      )
    case .revive(let fields):
      _ = ports.switches.revive(
        fields.isEmpty ? nil : .scope(KillScope(fields: fields)),
        reason: "a test says so",
        by: "test",
        at: moment
      )
    case .invalidate(let selection):
      let selection: CacheSelection =
        switch selection {
        case .everything: .everything
        case .product(let name): .product(name)
        case .tag(let name): .tag(name)
        }
      history.invalidate(selection, forgotten: ports.cache.invalidate(selection))
    case .force(let model, let force):
      let decided: Breaker.Force? =
        switch force {
        case .open: .open
        case .closed: .closed
        case .none: nil
        }
      ports.breakers.force(
        model,
        decided.map { BreakerTable.Forcing(to: $0, reason: "a test says so", by: "test") },
        at: moment.monotonic
      )
    case .health(let upstream, let health):
      ports.breakers.setUnhealthy(
        policy.models.filter { $0.upstream == upstream }.map(\.name),
        until: health == .down ? .max : nil,
        at: moment.monotonic
      )
    }
  }

  // MARK: Judging

  private func judgePending() {
    let ended = pending.filter { history.hasEnded($0.exchange) }
    pending.removeAll { history.hasEnded($0.exchange) }
    for asked in ended { judge(asked) }
  }

  private func judge(_ asked: Asked) {
    for expectation in asked.step.expectations where expectation.concernsRequest {
      judge(expectation, of: asked)
    }
  }

  private func judge(_ expectation: TestExpectation, of asked: Asked?) {
    guard let mismatch = mismatch(expectation, of: asked?.exchange) else { return }
    failures.append(CaseFailure(expectation, mismatch, asked, in: self))
  }
}

extension KillScope {
  /// A scope of the fields that a test names.
  init(fields: [String: String]) {
    var values: [Field: String] = [:]
    for (name, value) in fields {
      guard let field = Field(rawValue: name) else { continue }
      values[field] = value
    }
    self.init(values)
  }
}

/// The walks of a case, by the numbers of their exchanges.
final class CaseWalks: Sendable {
  private let policy: Policy
  private let budgetKeys: [(name: String, key: Program?)]
  private let walks = Mutex<(all: [Int: CaseWalk], last: Int?)>(([:], nil))

  init(_ policy: Policy) {
    self.policy = policy
    budgetKeys = policy.budgets.map { ($0.name, $0.key?.checked.program()) }
  }

  subscript(exchange: Int) -> CaseWalk? { walks.withLock { $0.all[exchange] } }

  /// That of the exchange that ended last.
  var last: CaseWalk? { walks.withLock { walks in walks.last.flatMap { walks.all[$0] } } }

  var all: [CaseWalk] { walks.withLock { $0.all.sorted { $0.key < $1.key }.map(\.value) } }

  func take(_ number: Int, _ exchange: Exchange) {
    var keys: [String: String] = [:]
    for (name, key) in budgetKeys {
      guard let key else {
        keys[name] = ""
        continue
      }
      do throws(EvaluationError) {
        keys[name] = try key.evaluateString(&exchange.frame).asKey
      } catch {
        // A request that was refused early has no such key; who asks for the balance is told.
        continue
      }
    }
    var features: [String: Bool] = [:]
    for feature in policy.features {
      if case .bool(let value)? = exchange.frame.knownValue(at: feature.slot) {
        features[feature.name] = value
      }
    }
    let isCut = if case .cut = exchange.outcome { true } else { false }
    let walk = CaseWalk(
      steps: exchange.trail.steps.map {
        CaseWalk.Step(node: $0.node, exit: $0.exit, remark: $0.remark)
      },
      route: exchange.route,
      target: exchange.target.isEmpty ? nil : exchange.target,
      model: exchange.answeredBy.map { policy[$0].name },
      cache: exchange.cacheOutcome,
      cost: exchange.cost ?? .zero,
      keys: keys,
      tier: exchange.caller.tier,
      features: features,
      isCut: isCut
    )
    walks.withLock { walks in
      walks.all[number] = walk
      walks.last = number
    }
  }
}
