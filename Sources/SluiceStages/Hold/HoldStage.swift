import SluiceCore
import SluiceDialects
package import SluiceExpressions
package import SluicePipeline
package import SluicePolicy

/// Holds the most that an attempt can cost on every budget, right before it is made.
///
/// What does not fit runs the `on_exceed` list of the first budget that it does not fit: a lower
/// clamp, another target, the cache; last, a refusal. Nothing is dispatched whose hold is not
/// recorded. This is also the one place where a thrown switch stops an attempt.
package final class HoldStage: WaitingStage {
  package enum Exit: Int, StageExit {
    case held
    /// Held after the clamp was lowered to what fits.
    case clamped
    /// This model cannot serve the request: for its tier, its path or its length.
    case skipped
    /// The last look-up is what is left.
    case cacheOnly
    case refused
  }

  /// A target that a budget may be left for.
  package struct Reroute: Sendable {
    package var target: TargetIndex
    package var name: String

    package init(target: TargetIndex, name: String) {
      self.target = target
      self.name = name
    }
  }

  /// Those of `Exit`, then one for each target.
  package let exits: [String]
  private let model: ModelIndex
  private let settings: ModelSettings
  private let rules: HoldRules
  private let access: ModelAccess
  private let meter: UsageMeter
  private let reroutes: [Reroute]
  private let splits: [TargetIndex: (split: Split, key: Program)]
  private let hasLookup: Bool

  /// Makes the node in front of an attempt.
  ///
  /// - Parameters:
  ///   - model: the candidate.
  ///   - settings: of the model.
  ///   - rules: of all holds.
  ///   - access: what a tier may reach, and a model serve.
  ///   - meter: counts prompts for models that name their tokenizer.
  ///   - reroutes: targets that `on_exceed` may lead to, splits resolved; none behind a re-route.
  ///   - splits: of targets that `on_exceed` names.
  ///   - hasLookup: whether anything is cached.
  package init(
    model: ModelIndex,
    settings: ModelSettings,
    rules: HoldRules,
    access: ModelAccess,
    meter: UsageMeter,
    reroutes: [Reroute] = [],
    splits: [TargetIndex: (split: Split, key: Program)] = [:],
    hasLookup: Bool
  ) {
    self.model = model
    self.settings = settings
    self.rules = rules
    self.access = access
    self.meter = meter
    self.reroutes = reroutes
    self.splits = splits
    self.hasLookup = hasLookup
    exits = Exit.names + reroutes.map { "to_\($0.name)" }
  }

  package func decide(_ exchange: Exchange) async -> ExitIndex {
    if access.skips(model, in: exchange) { return Exit.skipped.index }
    guard let asked = exchange.facts.asked else { preconditionFailure("read before a hold") }
    let moment = exchange.moment
    rules.fill(exchange, with: settings)
    if let action = rules.stop.verdict(for: exchange, model: model, at: moment) {
      return stop(exchange, action)
    }
    guard let charges = rules.charges(of: exchange, at: moment) else {
      return leave(exchange, by: .refused)
    }
    let size = await size(of: exchange, asked)
    if exchange.isTraced {
      exchange.explain(
        "would hold $\(size.amount) for \(size.input) + \(size.output(atClamp: size.clamp)) tokens"
      )
      return Exit.held.index
    }
    let claim = rules.claim(size.amount, on: charges, for: exchange, model, settings)
    switch rules.take(claim, for: exchange, at: moment) {
    case .held(let id):
      return await record(exchange, id, claim, size, clamp: size.clamp, by: .held)
    case .short(let shortage):
      // Nobody waits for a shadow; what does not fit whole is not worth its money.
      if exchange.purpose == .shadow {
        return goWithout(exchange, rules.lines(for: exchange)[shortage.line], size)
      }
      return await relieve(exchange, shortage, claim, size, at: moment)
    case .unavailable:
      exchange.refuse(.ledgerUnavailable)
      exchange.explain("the ledger takes no holds")
      return leave(exchange, by: .refused)
    }
  }

  // MARK: What is asked for

  private func size(of exchange: Exchange, _ asked: ModelRequest) async -> HoldSize {
    HoldSize(
      of: asked,
      at: settings,
      counted: await meter.inputTokens(of: asked, in: exchange, at: settings),
      estimate: { exchange.promptTokens(upTo: settings.context) },
      wall: exchange.startedAt.wall
    )
  }

  // MARK: Taking it

  /// Waits for the record, without which nothing may be sent.
  private func record(
    _ exchange: Exchange,
    _ id: HoldID,
    _ claim: Claim,
    _ size: HoldSize,
    clamp: Int,
    by exit: Exit
  ) async -> ExitIndex {
    let hold = AttemptHold(
      id: id,
      claim: claim,
      model: model,
      input: size.input,
      output: size.output(atClamp: clamp),
      clamp: rules.lines.isEmpty || size.answers == 0 ? nil : clamp,
      notice: rules.notice,
      ledger: rules.ledger
    )
    do throws(LedgerFailure) {
      try await rules.record(hold, for: exchange)
    } catch {
      exchange.refuse(.ledgerUnavailable)
      exchange.explain("the hold could not be recorded: \(error.reason)")
      return leave(exchange, by: .refused)
    }
    exchange.explain("$\(claim.amount) for \(hold.input) + \(hold.output) tokens")
    return exit.index
  }

  // MARK: When it does not fit

  private func goWithout(_ exchange: Exchange, _ line: BudgetLine, _ size: HoldSize) -> ExitIndex {
    exchange.shortage = .insufficientQuota(
      reason: "budget `\(line.settings.name)` does not cover a shadow"
    )
    exchange.explain("budget \(line.settings.name) does not cover $\(size.amount)")
    return leave(exchange, by: .refused)
  }

  private func relieve(
    _ exchange: Exchange,
    _ shortage: HoldRules.Shortage,
    _ claim: Claim,
    _ size: HoldSize,
    at moment: Moment
  ) async -> ExitIndex {
    let line = rules.lines[shortage.line]
    let limit = line.terms.limit(ofTier: exchange.caller.tier)
    let refusal =
      line.isPerRequest && size.amount(atClamp: 0) > limit
      ? APIError.requestOverBudget(budget: line.settings.name, limit: "\(limit)")
      : .insufficientQuota(reason: line.refusal(limit: limit, at: moment))
    steps: for relief in line.settings.onExceed {
      switch relief {
      case .clamp:
        guard let (id, claim, clamp) = lower(exchange, shortage, claim, size, line, at: moment)
        else { continue }
        line.count(.clamp)
        return await record(exchange, id, claim, size, clamp: clamp, by: .clamped)
      case .reroute(let target):
        guard let position = place(of: target, for: exchange) else { continue }
        line.count(.reroute)
        exchange.shortage = refusal
        exchange.explain("budget \(line.settings.name) does not cover $\(size.amount)")
        // Whoever waits for this answer asks for one of its own.
        (exchange.flight as? PendingAnswer)?.land(isStored: false)
        exchange.flight = nil
        exchange.watch?.ended(.neither, at: exchange.world.now)
        exchange.watch = nil
        return ExitIndex(Exit.allCases.count + position)
      case .cacheOnly:
        guard hasLookup else { continue }
        line.count(.cacheOnly)
        exchange.shortage = refusal
        exchange.explain("budget \(line.settings.name) does not cover $\(size.amount)")
        return leave(exchange, by: .cacheOnly)
      case .deny: break steps
      }
    }
    line.count(.deny)
    exchange.refuse(refusal)
    exchange.explain("budget \(line.settings.name) does not cover $\(size.amount)")
    return leave(exchange, by: .refused)
  }

  /// Holds less, at the largest clamp that fits every budget.
  private func lower(
    _ exchange: Exchange,
    _ shortage: HoldRules.Shortage,
    _ claim: Claim,
    _ size: HoldSize,
    _ line: BudgetLine,
    at moment: Moment
  ) -> (HoldID, Claim, clamp: Int)? {
    var available = shortage.available
    // Others may take what was left in between.
    for _ in 0..<Bounds.clampTries {
      guard let clamp = size.clamp(fitting: available, least: line.settings.minimumOutput) else {
        return nil
      }
      var lower = claim
      lower.amount = size.amount(atClamp: clamp)
      switch rules.take(lower, for: exchange, at: moment) {
      case .held(let id): return (id, lower, clamp)
      case .short(let next): available = next.available
      case .unavailable: return nil
      }
    }
    return nil
  }

  /// The place of a target among the re-routes; `nil` where there are none.
  private func place(of target: TargetIndex, for exchange: Exchange) -> Int? {
    guard !reroutes.isEmpty else { return nil }
    var target = target
    if let (split, key) = splits[target] {
      do throws(EvaluationError) {
        target = split.target(of: try key.evaluateString(&exchange.frame))
      } catch {
        exchange.explain("the split has no value: \(error)")
        return nil
      }
    }
    return reroutes.firstIndex { $0.target == target }
  }

  private func stop(_ exchange: Exchange, _ action: KillSwitchSettings.Action) -> ExitIndex {
    let words = exchange.thrown?.words ?? "a kill switch is thrown"
    let refusal = APIError.insufficientQuota(reason: words)
    exchange.explain("\(action.rawValue): \(words)")
    if action == .cacheOnly, hasLookup {
      exchange.shortage = refusal
      return leave(exchange, by: .cacheOnly)
    }
    exchange.refuse(refusal)
    return leave(exchange, by: .refused)
  }

  /// Leaves without an attempt: what the breaker let through does not come.
  private func leave(_ exchange: Exchange, by exit: Exit) -> ExitIndex {
    exchange.watch?.ended(.neither, at: exchange.world.now)
    exchange.watch = nil
    return exit.index
  }
}
