package import SluiceCore
package import SluiceLanguage
import SluicePipeline
import SluicePolicy

/// What became of the cases of a bundle.
package struct TestReport: Sendable {
  package struct Case: Sendable {
    package var name: String
    package var place: SourcePlace
    /// Requests that were sent.
    package var requests: Int
    /// Of the first step that failed; empty: it passed.
    package var failures: [CaseFailure]

    package var hasPassed: Bool { failures.isEmpty }
  }

  package var cases: [Case] = []
  /// How many cases there are, run or not.
  package var declared = 0
  /// `nil` unless it was asked for.
  package var coverage: TestCoverage?

  package var passed: Int { cases.count { $0.hasPassed } }
  package var failed: Int { cases.count - passed }
  package var requests: Int { cases.reduce(0) { $0 + $1.requests } }

  package init() {}
}

/// An expectation that was not met.
package struct CaseFailure: Sendable {
  /// A node that the request passed.
  package struct Passage: Sendable, Equatable {
    package var node: String
    package var exit: String
    package var why: String?
    package var place: SourcePlace
  }

  /// As the author wrote it: `route`; empty where no expectation speaks.
  package var key: String
  package var expected: String
  package var got: String
  /// Of the expectation.
  package var span: SourceSpan
  /// Which of several alike it was, from 1; 0: it is about no request.
  package var number: Int
  package var times: Int
  /// What the request passed, and what decided.
  package var trail: [Passage]
  /// How the request ended.
  package var outcome: String

  /// A line about it.
  package var message: String {
    key.isEmpty ? "expected \(expected), but \(got)" : "expected \(key) `\(expected)`, got `\(got)`"
  }
}

extension CaseFailure {
  init(
    _ expectation: TestExpectation,
    _ mismatch: CaseMismatch,
    _ asked: CaseRun.Asked?,
    in run: CaseRun
  ) {
    key = expectation.key
    expected = mismatch.expected
    got = mismatch.got
    span = expectation.span
    number = asked?.number ?? 0
    times = asked?.step.ask?.times ?? 1
    trail = asked.map { run.trail(of: $0.exchange) } ?? []
    outcome = asked.map { run.outcome(of: $0.exchange) } ?? ""
  }

  /// A request that nothing will end.
  static func neverEnded(_ asked: CaseRun.Asked, in run: CaseRun) -> CaseFailure {
    CaseFailure(
      key: "",
      expected: "the request to end",
      got: "nothing will ever end it: its upstream hangs, and no deadline passes",
      span: asked.step.ask?.span ?? asked.step.span,
      number: asked.number,
      times: asked.step.ask?.times ?? 1,
      trail: run.trail(of: asked.exchange),
      outcome: "no end"
    )
  }
}

extension CaseRun {
  /// The nodes that an exchange passed, with the places that decided.
  func trail(of exchange: Int) -> [CaseFailure.Passage] {
    guard let walk = walk(of: exchange) else { return [] }
    return walk.steps.map { step in
      let node = generation.graph[step.node]
      var place = node.place
      // The route that was taken decides, rather than the list that it stands in.
      if node.kind == .route, let route = walk.route { place = policy.routes[route].place }
      return CaseFailure.Passage(
        node: node.name,
        exit: node.exits[step.exit.position].name,
        why: step.remark,
        place: place
      )
    }
  }

  /// What its client got, in a line.
  func outcome(of exchange: Int) -> String {
    let record = history.run.exchanges[exchange]
    let walk = walk(of: exchange)
    let code = record.code.map { " \($0)" } ?? ""
    let model = walk?.model.map { " by \($0)" } ?? ""
    let cost = walk.map { ", $\($0.cost)" } ?? ""
    let ending =
      switch record.endingWord {
      case "whole": "answered"
      case "refused": "refused"
      case "left": "left by its client"
      default: "cut"
      }
    return "\(ending)\(model): \(record.received.status ?? 0)\(code)\(cost)"
  }
}
