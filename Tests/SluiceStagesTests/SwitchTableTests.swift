import SluiceCore
import SluiceDialects
import SluiceExpressions
import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceStores
import SluiceTelemetry
import Synchronization
import Testing

/// A ledger whose spending a test sets, and that keeps what it is told of switches.
private final class SetLedger: Ledger {
  private struct State {
    var spending: [Account: NanoDollars] = [:]
    var changes: [SwitchChange] = []
  }
  private let state = Mutex(State())

  func set(_ spending: NanoDollars, on account: Account) {
    state.withLock { $0.spending[account] = spending }
  }
  var changes: [SwitchChange] { state.withLock { $0.changes } }

  func hold(_ claim: Claim, at moment: Moment) -> HoldDecision { .held(HoldID(1)) }
  func recorded(_ hold: HoldID, in world: any World) async throws(LedgerFailure) {}
  func settle(_ hold: HoldID, _ settlement: Settlement, at moment: Moment) -> NanoDollars { .zero }
  func balance(of account: Account, in period: BudgetPeriod) -> Balance {
    Balance(spent: state.withLock { $0.spending[account] ?? .zero })
  }
  func spending(on series: Account, within window: Int64, at moment: Moment) -> NanoDollars {
    state.withLock { $0.spending[series] ?? .zero }
  }
  func record(_ change: SwitchChange, at moment: Moment) {
    state.withLock { $0.changes.append(change) }
  }
  var isWritable: Bool { true }
}

@Suite("Kill switches")
struct SwitchTableTests {
  private let ledger = SetLedger()
  private let fixture: Fixture
  private let table: SwitchTable

  init() {
    table = SwitchTable(ledger: ledger)
    var fixture = Fixture()
    fixture.policy.models = [
      ModelSettings(
        name: "small",
        upstream: "main",
        upstreamName: "small",
        context: 1_000,
        maxOutput: 100
      )
    ]
    self.fixture = fixture
  }

  private var now: Moment { fixture.world.now }

  private static func settled(_ source: String) -> SluicePolicy.Expression {
    expression(source, .settled)
  }

  private static func expression(
    _ source: String,
    _ phase: PolicyPhase
  ) -> SluicePolicy.Expression {
    let outcome = CheckedExpression.check(source, in: Environment(phase: phase, features: []))
    guard let checked = outcome.expression else {
      preconditionFailure("\(source): \(outcome.issues)")
    }
    return SluicePolicy.Expression(checked, place: .builtIn)
  }

  private func rules(
    _ action: KillSwitchSettings.Action = .deny,
    for duration: Duration? = .seconds(60),
    clearWhen: String? = nil,
    key: String? = nil
  ) -> SwitchRules {
    SwitchRules(
      Policy(killSwitches: [
        KillSwitchSettings(
          name: "runaway",
          condition: Self.settled("spend(\"1m\") > usd(\"5\")"),
          action: action,
          duration: duration,
          clearCondition: clearWhen.map(Self.settled),
          key: key.map { Self.expression($0, .attempt) }
        )
      ]),
      table: table,
      ledger: ledger,
      metrics: MetricsRegistry()
    )
  }

  private func exchange(_ rules: SwitchRules, user: String = "ada") async -> Exchange {
    let exchange = fixture.exchange(
      Fixture.graph(SwitchStage(rules: rules)),
      caller: Caller(tenant: "acme", user: user, address: HostAddress(ipv4: 0))
    )
    await GraphRunner.run(exchange, service: .chat)
    return exchange
  }

  private func spend(_ dollars: Int64, as user: String = "ada", under rules: SwitchRules) async {
    let exchange = await exchange(rules, user: user)
    for account in rules.series(for: exchange, model: ModelIndex(0)) {
      ledger.set(NanoDollars(dollars * NanoDollars.perDollar), on: account)
    }
    rules.settled(
      rules.series(for: exchange, model: ModelIndex(0)),
      of: exchange,
      at: fixture.world.now
    )
  }

  @Test("a rule that holds at a settlement denies from then on, until its time has passed")
  func trips() async {
    let rules = rules()
    await spend(5, under: rules)
    #expect(Fixture.exit(await exchange(rules)) == "clear")
    await spend(6, under: rules)
    let denied = await exchange(rules)
    #expect(Fixture.exit(denied) == "denied")
    #expect(denied.refusal?.code == "insufficient_quota")
    #expect(denied.refusal?.shouldRetry == false)
    #expect(denied.refusal?.message.contains("`runaway` is on until 20") == true)
    fixture.world.advance(by: .seconds(60))
    #expect(Fixture.exit(await exchange(rules)) == "clear")
    #expect(ledger.changes.map(\.action) == [.deny, nil])
    #expect(ledger.changes.map(\.by) == ["rule", "time"])
  }

  @Test("a rule with a key stops the value that spent, and no other")
  func keyed() async {
    let rules = rules(key: "user.id")
    await spend(6, as: "eve", under: rules)
    #expect(Fixture.exit(await exchange(rules, user: "eve")) == "denied")
    #expect(Fixture.exit(await exchange(rules, user: "ada")) == "clear")
  }

  @Test("a key that needs the candidate is asked at the hold only")
  func late() async {
    let rules = rules(key: "model.name")
    let first = await exchange(rules)
    first.frame.fill(PolicyVariable.modelName.slot, with: .string("small"))
    let series = rules.series(for: first, model: ModelIndex(0))
    #expect(series == [Account(owner: "switch.runaway", key: "small")])
    ledger.set(NanoDollars(6 * NanoDollars.perDollar), on: series[0])
    rules.settled(series, of: first, at: now)
    let next = await exchange(rules)
    #expect(Fixture.exit(next) == "clear")
    next.frame.fill(PolicyVariable.modelName.slot, with: .string("small"))
    #expect(rules.verdict(for: next, model: ModelIndex(0), at: now) == .deny)
    #expect(next.thrown?.name == "runaway")
  }

  @Test("clear_when releases a switch by what it is asked, once its time has passed")
  func clears() async {
    let rules = rules(clearWhen: "spend(\"1h\") < usd(\"1\")")
    await spend(6, under: rules)
    fixture.world.advance(by: .seconds(61))
    #expect(Fixture.exit(await exchange(rules)) == "denied")
    ledger.set(.zero, on: Account(owner: "switch.runaway", key: ""))
    // It was asked in this second already.
    #expect(Fixture.exit(await exchange(rules)) == "denied")
    fixture.world.advance(by: .seconds(1))
    #expect(Fixture.exit(await exchange(rules)) == "clear")
  }

  @Test("cache_only lets the exchange go on, and no attempt be made")
  func cacheOnly() async {
    let rules = rules(.cacheOnly)
    await spend(6, under: rules)
    let exchange = await exchange(rules)
    #expect(Fixture.exit(exchange) == "cache_only")
    #expect(rules.verdict(for: exchange, model: ModelIndex(0), at: now) == .cacheOnly)
  }

  @Test("a condition without a value leaves the switch as it is")
  func fails() async {
    let rules = SwitchRules(
      Policy(killSwitches: [
        KillSwitchSettings(
          name: "broken",
          condition: Self.settled("budget(\"nobody\").remaining < usd(\"5\")"),
          action: .deny
        )
      ]),
      table: table,
      ledger: ledger,
      metrics: MetricsRegistry()
    )
    await spend(6, under: rules)
    #expect(table.list(at: now) == [])
  }

  private func kill(
    _ scope: KillScope = .everything,
    _ action: KillSwitchSettings.Action = .deny,
    for duration: Int64? = nil,
    cuts: Bool = false
  ) -> SwitchTable.Kill {
    SwitchTable.Kill(
      scope: scope,
      action: action,
      duration: duration,
      cutsRunning: cuts,
      reason: "a drill",
      by: "ops"
    )
  }

  @Test("a person stops what the scope covers, and lets it go on")
  func byHand() async {
    let rules = rules()
    #expect(table.kill(kill(KillScope([.user: "eve"])), at: now) == 0)
    let denied = await exchange(rules, user: "eve")
    #expect(Fixture.exit(denied) == "denied")
    #expect(denied.refusal?.message.contains("a drill") == true)
    #expect(Fixture.exit(await exchange(rules)) == "clear")
    #expect(table.revive(.scope(.everything), reason: "x", by: "ops", at: now) == [])
    let released = table.revive(
      .scope(KillScope([.user: "eve"])),
      reason: "fixed",
      by: "ops",
      at: now
    )
    #expect(released.map(\.key) == ["user=eve"])
    #expect(Fixture.exit(await exchange(rules, user: "eve")) == "clear")
    #expect(ledger.changes.map(\.reason) == ["a drill", "fixed"])
  }

  @Test("the strictest of several decides")
  func strictest() async {
    let rules = rules(.cacheOnly)
    await spend(6, under: rules)
    #expect(Fixture.exit(await exchange(rules)) == "cache_only")
    _ = table.kill(kill(KillScope([.tenant: "acme"])), at: now)
    #expect(Fixture.exit(await exchange(rules)) == "denied")
  }

  @Test("a switch of a model is asked at the hold")
  func model() async {
    let rules = rules()
    _ = table.kill(kill(KillScope([.model: "small"])), at: now)
    let exchange = await exchange(rules)
    #expect(Fixture.exit(exchange) == "clear")
    #expect(rules.verdict(for: exchange, model: ModelIndex(0), at: now) == .deny)
  }

  @Test("cuts what runs if asked, and only what the scope covers")
  func cuts() {
    let caller = Caller(tenant: "acme", user: "ada", address: HostAddress(ipv4: 0))
    let others = Caller(tenant: "evil", user: "eve", address: HostAddress(ipv4: 0))
    let running = [caller, others]
      .map { RunningExchange(caller: $0, cancellation: Cancellation()) }
    for exchange in running { table.enter(exchange) }
    #expect(table.kill(kill(KillScope([.tenant: "acme"])), at: now) == 0)
    #expect(running.allSatisfy { $0.cancellation.reason == nil })
    #expect(table.kill(kill(KillScope([.tenant: "acme"]), cuts: true), at: now) == 1)
    #expect(running.map { $0.cancellation.reason == .killed } == [true, false])
    for exchange in running { table.leave(exchange) }
    #expect(table.runningCount == 0)
  }

  @Test("an exchange is known as running until it ends")
  func running() async {
    _ = await exchange(rules())
    #expect(table.runningCount == 0)
  }

  @Test("people throw a bounded number of switches, and may change one that is on")
  func bounded() {
    for number in 0..<Bounds.manualSwitches {
      #expect(table.kill(kill(KillScope([.user: "u\(number)"])), at: now) == 0)
    }
    #expect(table.kill(kill(), at: now) == nil)
    #expect(table.kill(kill(KillScope([.user: "u1"]), .cacheOnly), at: now) == 0)
  }

  @Test("beyond the bound of keys a rule stops all of them")
  func boundedKeys() {
    let rule = KillSwitch.Rule(action: .deny, duration: 60, waitsToClear: false)
    for number in 0...Bounds.switchKeys {
      table.trip(SwitchTable.account(of: "r", key: "\(number)"), rule, reason: "", at: now)
    }
    #expect(table.stop(of: "r", rule, key: "anybody", at: now)?.action == .deny)
    #expect(table.stop(of: "other", rule, key: "anybody", at: now) == nil)
  }

  @Test("what is on outlives a restart, and a rule that is gone takes its switches along")
  func restores() async {
    let before = rules()
    await spend(6, under: before)
    _ = table.kill(kill(KillScope([.user: "eve"])), at: now)
    let again = SwitchTable(ledger: ledger, thrown: ledger.changes, at: now)
    #expect(again.list(at: now).map(\.name) == ["runaway", "manual"])
    again.keep(["runaway"], at: now)
    #expect(again.list(at: now).count == 2)
    again.keep([], at: now)
    #expect(again.list(at: now).map(\.name) == ["manual"])
    #expect(ledger.changes.last?.by == "reload")
  }
}
