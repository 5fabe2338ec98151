package import SluiceCore
import SluiceExpressions
package import SluicePipeline
package import SluicePolicy
package import SluiceTelemetry

/// The kill switches of one policy, made to run, over those of the process that are on.
package final class SwitchRules: SpendingStop {
  private struct Rule: Sendable {
    var name: String
    /// The owner of its accounts.
    var owner: String
    var settings: KillSwitchSettings
    var machine: KillSwitch.Rule
    var key: Program?
    /// Whether the key can be read at the node behind identity.
    var isKnownEarly: Bool
    var condition: Program
    var clearCondition: Program?
    var errors: Counter
  }

  package let table: SwitchTable
  private let rules: [Rule]
  private let ledger: any Ledger

  /// Makes the rules of `policy`.
  ///
  /// - Parameters:
  ///   - policy: whose `kill_switches` they are.
  ///   - table: where what is on is kept.
  ///   - ledger: knows what was spent.
  ///   - metrics: count expressions that fail.
  package init(
    _ policy: Policy,
    table: SwitchTable,
    ledger: any Ledger,
    metrics: MetricsRegistry
  ) {
    self.table = table
    self.ledger = ledger
    rules = policy.killSwitches.map { settings in
      Rule(
        name: settings.name,
        owner: SwitchTable.owner(of: settings.name),
        settings: settings,
        machine: KillSwitch.Rule(
          action: settings.action,
          duration: settings.duration.map { ($0.nanoseconds + 999_999_999) / 1_000_000_000 },
          waitsToClear: settings.clearCondition != nil
        ),
        key: settings.key?.checked.program(),
        isKnownEarly: settings.isKnownEarly,
        condition: settings.condition.checked.program(),
        clearCondition: settings.clearCondition?.checked.program(),
        errors: metrics.expressionErrors["kill_switch \(settings.name)"]
      )
    }
  }

  // MARK: Asking

  /// What stops the exchange before it is known what it asks for.
  func early(_ exchange: Exchange, at moment: Moment) -> ThrownSwitch? {
    guard table.isAnyOn else { return nil }
    let manual = table.stop(of: exchange.caller, model: nil, at: moment)
    return strictest(manual, of: exchange, isEarly: true, at: moment)
  }

  package func verdict(
    for exchange: Exchange,
    model: ModelIndex,
    at moment: Moment
  ) -> KillSwitchSettings.Action? {
    let name = exchange.generation.policy.models[model.position].name
    // Before the table is asked: whoever throws a switch now finds either it, or the switch.
    exchange.running?.model = name
    if table.isAnyOn {
      let manual = table.stop(of: exchange.caller, model: name, at: moment)
      if let thrown = strictest(manual, of: exchange, isEarly: false, at: moment) {
        exchange.thrown = thrown
      }
    }
    return exchange.thrown?.action
  }

  /// The strictest of what a person and what rules say.
  private func strictest(
    _ manual: ThrownSwitch?,
    of exchange: Exchange,
    isEarly: Bool,
    at moment: Moment
  ) -> ThrownSwitch? {
    var found = manual
    for rule in rules where found?.action != .deny && (rule.isKnownEarly || !isEarly) {
      guard let key = key(of: rule, exchange) else { continue }
      clearIfDue(rule, key: key, exchange, at: moment)
      let thrown = table.stop(of: rule.name, rule.machine, key: key, at: moment)
      if let thrown, found == nil || thrown.action == .deny { found = thrown }
    }
    return found
  }

  // MARK: Settling

  package func series(for exchange: Exchange, model: ModelIndex) -> [Account] {
    rules.compactMap { rule in
      key(of: rule, exchange).map { Account(owner: rule.owner, key: $0) }
    }
  }

  package func settled(_ series: [Account], of exchange: Exchange, at moment: Moment) {
    for account in series {
      guard let rule = rules.first(where: { $0.owner == account.owner }) else { continue }
      let facts = SettledFacts(exchange, series: account, ledger: ledger, at: moment)
      var frame = facts.frame
      if holds(rule.condition, of: rule, &frame) == true {
        let reason = String(rule.settings.condition.checked.source.prefix(Bounds.reasonBytes / 4))
        table.trip(account, rule.machine, reason: reason, at: moment)
      } else {
        clearIfDue(rule, key: account.key, exchange, at: moment)
      }
    }
  }

  /// Releases a switch whose time has passed and whose `clear_when` holds.
  ///
  /// Asked at settlements and, since a switch that is on stops those, by whoever it would stop, at
  /// most once a second.
  private func clearIfDue(_ rule: Rule, key: String, _ exchange: Exchange, at moment: Moment) {
    guard let condition = rule.clearCondition else { return }
    let account = Account(owner: rule.owner, key: key)
    guard table.asksToClear(account, rule.machine, at: moment) else { return }
    let facts = SettledFacts(exchange, series: account, ledger: ledger, at: moment)
    var frame = facts.frame
    guard holds(condition, of: rule, &frame) == true else { return }
    table.clear(account, reason: "clear_when holds", at: moment)
  }

  /// `nil`: it has no value; the switch stays as it is.
  private func holds(_ program: Program, of rule: Rule, _ frame: inout Frame) -> Bool? {
    do throws(EvaluationError) {
      return try program.evaluateBool(&frame)
    } catch {
      rule.errors.increment()
      return nil
    }
  }

  /// The value of a rule's key; `nil`: it has none, and the rule does not see this exchange.
  private func key(of rule: Rule, _ exchange: Exchange) -> String? {
    guard let program = rule.key else { return "" }
    do throws(EvaluationError) {
      return try program.evaluateString(&exchange.frame).asKey
    } catch {
      rule.errors.increment()
      return nil
    }
  }
}

extension KillSwitchSettings {
  /// Whether the key can be read behind identity, before the request is.
  package var isKnownEarly: Bool {
    let early: Set<PolicyVariable> = [
      .headers, .userID, .userTier, .tenant, .product, .clientIP, .now, .requestPath,
    ]
    guard let key else { return true }
    return key.checked.hostCalls.isEmpty
      && key.checked.slots.isSubset(of: Set(early.map(\.slot)))
  }
}
