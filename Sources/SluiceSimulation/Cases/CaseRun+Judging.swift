import SluiceCore
import SluiceJSON
import SluiceLanguage
import SluicePipeline
import SluicePolicy
import SluiceStages

/// What an expectation wanted, and what there was.
struct CaseMismatch: Sendable, Equatable {
  var expected: String
  var got: String
}

extension CaseRun {
  /// How an expectation is not met; `nil`: it is.
  ///
  /// Exhaustive over the kinds, so that none can be bound and not judged.
  func mismatch(_ expectation: TestExpectation, of exchange: Int?) -> CaseMismatch? {
    switch expectation.kind {
    case .breaker(let model, let state):
      let actual = ports.breakers.state(of: model, at: world.now.monotonic)
      return unequal(state.rawValue, actual.rawValue)
    case .killSwitch(let name, let state):
      let isOn = ports.switches.list(at: world.now).contains { $0.name == name }
      return unequal(state.rawValue, isOn ? "on" : "off")
    case .budget(let name, let field, let amount, let key):
      return balance(of: name, key: key, field).flatMap { unequal("$\(amount)", $0) }
    case .status, .code, .route, .target, .model, .cache, .exits, .attempts, .cost, .held, .clamp,
      .reserved, .header, .answer, .ends, .within:
      guard let exchange else { preconditionFailure("what concerns a request needs one") }
      return mismatch(expectation.kind, of: history.run.exchanges[exchange])
    }
  }

  private func mismatch(
    _ kind: TestExpectation.Kind,
    of record: ExchangeRecord
  ) -> CaseMismatch? {
    let walk = walk(of: record.number)
    switch kind {
    case .status(let status): return unequal("\(status)", "\(record.received.status ?? 0)")
    case .code(let code): return unequal(code, record.code)
    case .route(let name): return unequal(name, walk?.route.map { policy.routes[$0].name })
    case .target(let name): return unequal(name, walk?.target)
    case .model(let name): return unequal(name, walk?.model)
    case .cache(let outcome): return unequal(outcome.rawValue, walk?.cache.rawValue)
    case .exits(let node, _, let exits): return mismatch(exits, at: node, walk)
    case .attempts(.count(let count)):
      return unequal("\(count)", "\(history.run.attempts(of: record.number).count)")
    case .attempts(.models(let models)):
      return unequal(
        Self.list(models),
        Self.list(history.run.attempts(of: record.number).map(name))
      )
    case .cost(let amount): return unequal("$\(amount)", "$\(walk?.cost ?? .zero)")
    case .held(let amount): return unequal("$\(amount)", "$\(held(by: record.number))")
    case .clamp(let tokens):
      let sent = history.run.attempts(of: record.number).last?.outputLimit
      return unequal(tokens.map(String.init), sent.map(String.init))
    case .reserved(let limit, let tokens):
      let made = history.run.reservations.last { reservation in
        reservation.limit == limit && reservation.isAdmitted && reservation.stamp > record.began
          && record.ended.map { reservation.stamp < $0 } ?? true
      }
      return unequal("\(tokens)", "\(made?.amount ?? 0)")
    case .header(let name, let value): return unequal(value, record.received.field(name))
    case .answer(let text): return unequal(text, record.received.text)
    case .ends(let ending): return unequal(ending.rawValue, record.endingWord)
    case .within(let duration):
      let took = (record.ended?.moment.monotonic ?? .max) - record.began.moment.monotonic
      return took <= duration.nanoseconds
        ? nil
        : CaseMismatch(
          expected: "at most \(duration.text)",
          got: Duration.nanoseconds(took).text
        )
    case .breaker, .budget, .killSwitch: preconditionFailure("judged apart from requests")
    }
  }

  private func mismatch(
    _ exits: TestExpectation.Exits,
    at name: String,
    _ walk: CaseWalk?
  ) -> CaseMismatch? {
    let taken = (walk?.steps ?? [])
      .compactMap { step -> String? in
        let node = generation.graph[step.node]
        return node.answers(to: name) ? node.exits[step.exit.position].name : nil
      }
    let got = Self.list(taken)
    switch exits {
    case .each(let exit):
      return !taken.isEmpty && taken.allSatisfy { $0 == exit }
        ? nil : CaseMismatch(expected: exit, got: taken.count == 1 ? taken[0] : got)
    case .list(let list): return unequal(Self.list(list), got)
    }
  }

  /// What was held for the last attempt of an exchange.
  private func held(by exchange: Int) -> NanoDollars {
    let run = history.run
    guard let hold = run.attempts(of: exchange).last?.hold,
      let record = run.holds.last(where: { $0.id == hold })
    else { return .zero }
    return record.claim.amount
  }

  private func name(of attempt: AttemptRecord) -> String {
    policy.models.first {
      $0.upstream == attempt.upstream && $0.upstreamName == attempt.model
    }?
    .name ?? attempt.model
  }

  /// A part of a budget's balance, for its key or for who asked last; in words if there is none.
  private func balance(
    of name: String,
    key: String?,
    _ field: TestExpectation.BalanceField
  ) -> String? {
    guard let settings = policy.budgets.first(where: { $0.name == name }) else { return nil }
    let terms = BudgetTerms(settings)
    let limit = terms.limit(ofTier: lastWalk?.tier ?? "")
    guard !terms.isPerRequest else {
      return field == .remaining ? "$\(limit)" : "$\(NanoDollars.zero)"
    }
    guard let key = key ?? (settings.key == nil ? "" : lastWalk?.keys[name]) else {
      return "nothing: nobody has asked whose balance it could be"
    }
    let balance = ports.ledger.balance(
      of: terms.account(of: key),
      in: terms.period(at: world.now)
    )
    return switch field {
    case .spent: "$\(balance.spent)"
    case .held: "$\(balance.held)"
    case .remaining: "$\(balance.remaining(of: limit))"
    }
  }

  private func unequal(_ expected: String?, _ got: String?) -> CaseMismatch? {
    expected == got ? nil : CaseMismatch(expected: expected ?? "none", got: got ?? "none")
  }

  private static func list(_ words: [String]) -> String {
    "[\(words.joined(separator: ", "))]"
  }
}

extension Node {
  /// Whether a test means this node by a name: its own, or the words that it begins with.
  func answers(to text: String) -> Bool {
    name == text
      || name.utf8.count > text.utf8.count && name.hasPrefix(text)
        && name.dropFirst(text.count).first == " "
  }
}

extension ExchangeRecord {
  /// The code of the error that its client got.
  var code: String? {
    switch ending {
    case .refused(_, let code): code.isEmpty ? nil : code
    case .replied(let status) where status >= 400: errorCode
    case .replied, .streamed, .cut, .abandoned, .nothing, nil: nil
    }
  }

  /// `error.code` of the body.
  private var errorCode: String? {
    guard let document = try? JSONDocument(received.body),
      let error = document.member("error", of: document.root),
      let code = document.member("code", of: error)
    else { return nil }
    return document.string(code)
  }

  /// How its reply ended, in the word of a test.
  var endingWord: String {
    switch ending {
    case .refused: "refused"
    case .replied(let status): status < 400 ? "whole" : "refused"
    case .streamed: "whole"
    case .abandoned: "left"
    case .cut: left == nil ? "cut" : "left"
    case .nothing, nil: "cut"
    }
  }
}
