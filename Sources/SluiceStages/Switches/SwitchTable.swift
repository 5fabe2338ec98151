package import SluiceCore
package import SluicePipeline
package import SluicePolicy
internal import Synchronization

/// The kill switches of the process that are on, across loops and generations.
///
/// The shell around `KillSwitch`: it owns the lock, has the ledger record every change, and knows the
/// exchanges that run, so that a person can cut them. State sits under stable names: a reload keeps
/// what is on, and drops it with its rule. Safe from any thread.
///
/// A rule has at most `Bounds.switchKeys` switches on, over all rules; one more stops all values of
/// its key, since not to stop would be to go on spending.
package final class SwitchTable: Sendable {
  /// A switch that went on or off.
  package struct Transition: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable { case on, extended, off }
    package var kind: Kind
    /// Of the rule; `manual` for a person's.
    package var name: String
    /// The value of the key, or the scope of a person's.
    package var key: String
    /// `nil`: it is off.
    package var action: KillSwitchSettings.Action?
    package var until: Int64?
    /// Who: `rule`, `time`, `reload`, or the name that the person gave.
    package var by: String
    package var reason: String

    fileprivate init(_ kind: Kind, _ change: SwitchChange) {
      self.kind = kind
      name = SwitchTable.name(of: change.account)
      key = change.account.key
      action = change.action
      until = change.until
      by = change.by
      reason = change.reason
    }
  }

  /// A switch that is on, for whoever looks.
  package struct Status: Sendable, Equatable {
    package var name: String
    package var key: String
    package var action: KillSwitchSettings.Action
    package var since: Int64
    package var until: Int64?
    package var by: String
    package var reason: String
  }

  private struct Live {
    var machine: KillSwitch
    var rule: KillSwitch.Rule
    var reason: String
  }

  private struct Manual {
    var scope: KillScope
    var action: KillSwitchSettings.Action
    var since: Int64
    var until: Int64?
    var by: String
    var reason: String

    var account: Account { Account(owner: SwitchTable.manual, key: scope.description) }

    var change: SwitchChange {
      SwitchChange(account: account, action: action, until: until, by: by, reason: reason)
    }

    func isOn(at second: Int64) -> Bool { until.map { second < $0 } ?? true }

    func isStricter(than other: Manual) -> Bool {
      if action != other.action { return action == .deny }
      return (since, account.key) < (other.since, other.account.key)
    }
  }

  private struct State {
    var live: [Account: Live] = [:]
    var manual: [KillScope: Manual] = [:]
  }

  package static let manual = "manual"
  private static let prefix = "switch."

  private let state: Mutex<State>
  /// Whether anything is on; all that most exchanges ever ask.
  private let count = Atomic(0)
  private let ledger: any Ledger
  private let onChange: @Sendable (Transition, Moment) -> Void
  /// Apart from each other, so that loops seldom meet.
  private let running: [RunningExchanges]
  private static let shards = 16

  /// Makes a table.
  ///
  /// - Parameters:
  ///   - ledger: records every change.
  ///   - thrown: what it remembers as on.
  ///   - moment: now; when what is remembered went on is not known any more.
  ///   - onChange: is told of each change, outside the lock.
  package init(
    ledger: any Ledger,
    thrown: [SwitchChange] = [],
    at moment: Moment = Moment(monotonic: 0, wall: 0),
    onChange: @escaping @Sendable (Transition, Moment) -> Void = { _, _ in }
  ) {
    self.ledger = ledger
    self.onChange = onChange
    running = (0..<Self.shards).map { _ in RunningExchanges() }
    var state = State()
    let second = moment.wallSeconds
    for change in thrown {
      guard let action = change.action else { continue }
      if change.account.owner == Self.manual {
        guard let scope = KillScope(text: change.account.key) else { continue }
        state.manual[scope] = Manual(
          scope: scope,
          action: action,
          since: second,
          until: change.until,
          by: change.by,
          reason: change.reason
        )
      } else {
        state.live[change.account] = Live(
          machine: KillSwitch(since: second, until: change.until),
          // Until the rule itself is asked, what was recorded decides.
          rule: KillSwitch.Rule(action: action, duration: nil, waitsToClear: change.until == nil),
          reason: change.reason
        )
      }
    }
    count.store(state.live.count + state.manual.count, ordering: .relaxed)
    self.state = Mutex(state)
  }

  /// Whether any switch is on.
  package var isAnyOn: Bool { count.load(ordering: .acquiring) > 0 }

  // MARK: Rules

  /// The owner of the accounts of a rule's switches, and of their spending.
  package static func owner(of name: String) -> String { prefix + name }

  /// The account of a rule's switch, and of its spending, for one value of its key.
  package static func account(of name: String, key: String) -> Account {
    Account(owner: owner(of: name), key: key)
  }

  /// What the switch of a rule says, if it is on.
  package func stop(
    of name: String,
    _ rule: KillSwitch.Rule,
    key: String,
    at moment: Moment
  ) -> ThrownSwitch? {
    let account = Self.account(of: name, key: key)
    return change(at: moment) { state, changes in
      for account in key.isEmpty ? [account] : [account, Self.account(of: name, key: "")] {
        guard var live = state.live[account] else { continue }
        live.rule = rule
        state.live[account] = live
        guard live.machine.isOn(under: rule, at: moment.wallSeconds) else {
          Self.release(account, by: "time", reason: "its time has passed", &state, &changes)
          continue
        }
        return ThrownSwitch(
          name: name,
          action: rule.action,
          reason: "spending reached what its rule allows",
          until: live.machine.end(under: rule)
        )
      }
      return nil
    }
  }

  /// The `when` of a rule holds: its switch goes on, or is on for longer.
  package func trip(
    _ account: Account,
    _ rule: KillSwitch.Rule,
    reason: String,
    at moment: Moment
  ) {
    change(at: moment) { state, changes in
      let second = moment.wallSeconds
      if var live = state.live[account], live.machine.isOn(under: rule, at: second) {
        let isLonger = live.machine.extend(rule, at: second)
        live.rule = rule
        state.live[account] = live
        if isLonger { changes.append((.extended, Self.change(account, live))) }
        return
      }
      let isFull = state.live.count >= Bounds.switchKeys && state.live[account] == nil
      let place = isFull ? Account(owner: account.owner, key: "") : account
      let live = Live(machine: KillSwitch(rule, at: second), rule: rule, reason: reason)
      state.live[place] = live
      changes.append((.on, Self.change(place, live)))
    }
  }

  /// Whether the `clear_when` of a switch that is on is to be evaluated now.
  package func asksToClear(_ account: Account, _ rule: KillSwitch.Rule, at moment: Moment) -> Bool {
    guard isAnyOn else { return false }
    return state.withLock { state in
      state.live[account]?.machine.asksToClear(under: rule, at: moment.wallSeconds) ?? false
    }
  }

  /// The `clear_when` of a rule holds.
  package func clear(_ account: Account, reason: String, at moment: Moment) {
    change(at: moment) { state, changes in
      guard state.live[account] != nil else { return }
      Self.release(account, by: "rule", reason: reason, &state, &changes)
    }
  }

  /// Drops the switches of all rules but these: what has no rule any more can be on no longer.
  package func keep(_ names: Set<String>, at moment: Moment) {
    let owners = Set(names.map(Self.owner(of:)))
    change(at: moment) { state, changes in
      for account in state.live.keys.sorted(by: Account.isBefore)
      where !owners.contains(account.owner) {
        let reason = "the policy has no such switch any more"
        Self.release(account, by: "reload", reason: reason, &state, &changes)
      }
    }
  }

  // MARK: By hand

  /// What a person decides.
  package struct Kill: Sendable, Equatable {
    package var scope: KillScope
    package var action: KillSwitchSettings.Action
    /// Seconds; `nil`: until somebody releases it.
    package var duration: Int64?
    package var cutsRunning: Bool
    package var reason: String
    package var by: String

    package init(
      scope: KillScope,
      action: KillSwitchSettings.Action,
      duration: Int64?,
      cutsRunning: Bool,
      reason: String,
      by: String
    ) {
      self.scope = scope
      self.action = action
      self.duration = duration
      self.cutsRunning = cutsRunning
      self.reason = reason
      self.by = by
    }
  }

  /// Stops spending: when it returns, no exchange on any loop passes a switch node or a hold that the
  /// scope covers.
  ///
  /// - Returns: how many exchanges were cut; `nil` if there are `Bounds.manualSwitches` already.
  package func kill(_ order: Kill, at moment: Moment) -> Int? {
    let second = moment.wallSeconds
    let manual = Manual(
      scope: order.scope,
      action: order.action,
      since: second,
      until: order.duration.map { second + $0 },
      by: order.by,
      reason: order.reason
    )
    let isTaken = change(at: moment) { state, changes in
      guard state.manual[order.scope] != nil || state.manual.count < Bounds.manualSwitches else {
        return false
      }
      state.manual[order.scope] = manual
      changes.append((.on, manual.change))
      return true
    }
    guard isTaken else { return nil }
    return order.cutsRunning ? cut(order.scope) : 0
  }

  /// Releases a person's switch, or a rule's for one value of its key, or all that are on.
  ///
  /// - Parameters:
  ///   - selection: `nil`: everything that is on.
  ///   - reason: why.
  ///   - name: who releases it.
  ///   - moment: now.
  /// - Returns: what was released.
  package func revive(
    _ selection: Selection?,
    reason: String,
    by name: String,
    at moment: Moment
  ) -> [Status] {
    let before = list(at: moment)
    let released = before.filter { selection?.covers($0) ?? true }
    change(at: moment) { state, changes in
      for status in released {
        let account = Self.account(ofListed: status)
        Self.release(account, by: name, reason: reason, &state, &changes)
      }
    }
    return released
  }

  /// Which of the switches that are on are meant.
  package enum Selection: Sendable, Equatable {
    case scope(KillScope)
    /// All values of its key if none is named.
    case rule(String, key: String?)

    func covers(_ status: Status) -> Bool {
      switch self {
      case .scope(let scope): status.name == SwitchTable.manual && status.key == scope.description
      case .rule(let name, let key):
        status.name == name && status.name != SwitchTable.manual
          && (key ?? status.key) == status.key
      }
    }
  }

  /// What a person's switches say of a caller.
  package func stop(of caller: Caller, model: String?, at moment: Moment) -> ThrownSwitch? {
    change(at: moment) { state, changes in
      guard !state.manual.isEmpty else { return nil }
      var found: Manual?
      for manual in state.manual.values {
        guard manual.isOn(at: moment.wallSeconds) else {
          let reason = "its time has passed"
          Self.release(manual.account, by: "time", reason: reason, &state, &changes)
          continue
        }
        guard manual.scope.covers(caller, model: model) else { continue }
        // The strictest decides; of equals, the one that has been on for longest, then by name.
        if found.map({ manual.isStricter(than: $0) }) ?? true { found = manual }
      }
      return found.map {
        ThrownSwitch(name: Self.manual, action: $0.action, reason: $0.reason, until: $0.until)
      }
    }
  }

  // MARK: Looking

  /// The switches that are on, rules first, by name and key.
  package func list(at moment: Moment) -> [Status] {
    let second = moment.wallSeconds
    return state.withLock { state in
      state.live.filter { $0.value.machine.isOn(under: $0.value.rule, at: second) }
        .sorted { Account.isBefore($0.key, $1.key) }
        .map { account, live in
          Status(
            name: Self.name(of: account),
            key: account.key,
            action: live.rule.action,
            since: live.machine.since,
            until: live.machine.end(under: live.rule),
            by: "rule",
            reason: live.reason
          )
        }
        + state.manual.values.filter { $0.isOn(at: second) }
        .sorted { $0.account.key < $1.account.key }
        .map {
          Status(
            name: Self.manual,
            key: $0.scope.description,
            action: $0.action,
            since: $0.since,
            until: $0.until,
            by: $0.by,
            reason: $0.reason
          )
        }
    }
  }

  // MARK: Running exchanges

  package func enter(_ exchange: RunningExchange) { shard(of: exchange).enter(exchange) }

  package func leave(_ exchange: RunningExchange) { shard(of: exchange).leave(exchange) }

  /// Exchanges that run.
  package var runningCount: Int { running.reduce(0) { $0 + $1.count } }

  private func shard(of exchange: RunningExchange) -> RunningExchanges {
    let address = UInt(bitPattern: ObjectIdentifier(exchange).hashValue)
    return running[Int(address % UInt(running.count))]
  }

  private func cut(_ scope: KillScope) -> Int {
    running.flatMap { $0.covered(by: scope) }
      .count { exchange in
        guard exchange.cancellation.reason == nil else { return false }
        exchange.cancellation.cancel(.killed)
        return true
      }
  }

  // MARK: Changing

  private typealias Change = (kind: Transition.Kind, change: SwitchChange)

  /// Changes the state under the lock; then records and tells what changed.
  @discardableResult
  private func change<Answer: Sendable>(
    at moment: Moment,
    _ body: (inout State, inout [Change]) -> Answer
  ) -> Answer {
    let (answer, changes) = state.withLock { state -> (Answer, [Change]) in
      var changes: [Change] = []
      let answer = body(&state, &changes)
      if !changes.isEmpty {
        count.store(state.live.count + state.manual.count, ordering: .releasing)
      }
      return (answer, changes)
    }
    for (kind, change) in changes {
      ledger.record(change, at: moment)
      onChange(Transition(kind, change), moment)
    }
    return answer
  }

  private static func release(
    _ account: Account,
    by name: String,
    reason: String,
    _ state: inout State,
    _ changes: inout [Change]
  ) {
    if account.owner == manual {
      guard let scope = KillScope(text: account.key),
        state.manual.removeValue(forKey: scope) != nil
      else { return }
    } else {
      guard state.live.removeValue(forKey: account) != nil else { return }
    }
    let change = SwitchChange(account: account, action: nil, until: nil, by: name, reason: reason)
    changes.append((.off, change))
  }

  private static func change(_ account: Account, _ live: Live) -> SwitchChange {
    SwitchChange(
      account: account,
      action: live.rule.action,
      until: live.machine.end(under: live.rule),
      by: "rule",
      reason: live.reason
    )
  }

  fileprivate static func name(of account: Account) -> String {
    account.owner == manual ? manual : String(account.owner.dropFirst(prefix.count))
  }

  private static func account(ofListed status: Status) -> Account {
    status.name == manual
      ? Account(owner: manual, key: status.key) : account(of: status.name, key: status.key)
  }
}

/// Some of the exchanges that run.
private final class RunningExchanges: Sendable {
  private let exchanges = Mutex<[ObjectIdentifier: RunningExchange]>([:])

  var count: Int { exchanges.withLock { $0.count } }

  func enter(_ exchange: RunningExchange) {
    exchanges.withLock { $0[ObjectIdentifier(exchange)] = exchange }
  }

  func leave(_ exchange: RunningExchange) {
    exchanges.withLock { $0[ObjectIdentifier(exchange)] = nil }
  }

  func covered(by scope: KillScope) -> [RunningExchange] {
    exchanges.withLock { Array($0.values) }
      .filter { scope.covers($0.caller, model: $0.model) }
  }
}

extension Account {
  fileprivate static func isBefore(_ left: Account, _ right: Account) -> Bool {
    (left.owner, left.key) < (right.owner, right.key)
  }
}
