package import SluiceCore

/// The cases that the test files of a bundle hold, bound and located.
///
/// What they name is declared in the policy beside them; only nodes and exits, which a policy is yet
/// to be lowered to, are looked up by whoever runs them.
package struct TestSuite: Sendable {
  package var cases: [TestCase] = []
  package init() {}
}

/// One case: a gateway that starts empty, and steps in order.
package struct TestCase: Sendable {
  package var name: String
  package var nameSpan: SourceSpan
  /// Seconds since 1970 at its start.
  package var start: Int64
  package var steps: [TestStep]

  /// One in which nothing happens.
  package static let empty = TestCase(
    name: "",
    nameSpan: SourceSpan(source: SourceID(index: 0), start: 0, end: 0),
    start: 0,
    steps: []
  )
}

/// One step; what it holds happens in the order of these members.
package struct TestStep: Sendable {
  package var span: SourceSpan
  /// How upstreams and models behave from here on.
  package var behaviours: [TestBehaviours]
  package var wait: Duration?
  package var orders: [TestOrder]
  package var ask: TestAsk?
  package var expectations: [TestExpectation]
}

/// What an operator does.
package enum TestOrder: Sendable {
  case kill(TestKill)
  /// Nothing named: everything that is on.
  case revive([String: String])
  case invalidate(TestSelection)
  /// A person decides about a model's breaker, or gives the decision back.
  case force(model: String, TestForce)
  /// A health check finds an upstream up or down.
  case health(upstream: String, TestHealth)
}

package enum TestForce: String, Sendable, CaseIterable { case open, closed, none }
package enum TestHealth: String, Sendable, CaseIterable { case up, down }

/// A switch that a person throws.
package struct TestKill: Sendable {
  package enum Action: String, Sendable, CaseIterable { case deny, cacheOnly = "cache_only" }
  /// By the fields of a scope; empty: everything.
  package var scope: [String: String]
  package var action: Action
  package var duration: Duration?
  package var cutsRunning: Bool
}

/// Which cached answers are forgotten.
package enum TestSelection: Sendable {
  case everything
  case product(String)
  case tag(String)
}

/// One request, or several that are alike.
package struct TestAsk: Sendable {
  package enum Path: String, Sendable, CaseIterable {
    case chat, completions, embeddings, models
  }

  package var span: SourceSpan
  package var identity: TestIdentity
  package var path: Path
  package var body: TestBody
  package var headers: [(name: String, value: String)]
  package var times: Int
  /// How long the client waits until it leaves.
  package var leavesAfter: Duration?
  /// Whether the next step does not wait for its end.
  package var isInBackground: Bool
}

/// The body of a request.
package enum TestBody: Sendable {
  /// Sent as it is.
  case verbatim(String)
  case prompt(TestPrompt)
}

package struct TestPrompt: Sendable, Equatable {
  package var text = ""
  package var system: String?
  package var model = "auto"
  package var isStreaming = false
  package var maxTokens: Int?
  package var choices: Int?
  package init() {}
}

/// Who asks.
package struct TestIdentity: Sendable, Equatable {
  package enum Key: Sendable, Equatable {
    /// No key is shown.
    case none
    /// One that nobody issued.
    case unknown
    case issued(tenant: String, user: String, tier: String, products: [String])
  }

  package var key = Key.none
  /// What `X-Sluice-Product` says.
  package var product: String?
  package var address = HostAddress(ipv4: 0x7f00_0001)

  package init() {}
}

/// How an upstream, or one of its models, treats attempts: each listed one once, the last for good.
package struct TestBehaviours: Sendable {
  package enum Subject: Sendable, Equatable {
    case upstream(String)
    case model(String)
  }

  package var subject: Subject
  package var listed: [TestBehaviour]
}

/// How one attempt is treated; what is not said is as the upstream's settings have it.
package struct TestBehaviour: Sendable, Equatable {
  package enum Fault: String, Sendable, CaseIterable {
    case refuse, reset, hang, stall, cut, html, malformed, redirect
  }

  package struct Usage: Sendable, Equatable {
    package var prompt: Int?
    package var completion: Int?
    package var cached: Int?
    package var reasoning: Int?
    package init() {}
  }

  package enum UsageReport: Sendable, Equatable {
    case counted
    case none
    case said(Usage)
  }

  package var status: Int?
  package var code: String?
  package var retryAfter: Duration?
  package var fault: Fault?
  /// Tokens that come before the fault.
  package var after: Int?
  package var answer: String?
  package var output: Int?
  /// Whether it says more than the request allows.
  package var ignoresLimit = false
  package var latency: Duration?
  package var gap: Duration?
  package var usage = UsageReport.counted

  package init() {}
}

/// What must be, at the end of a request or after a step.
package struct TestExpectation: Sendable {
  package enum Ending: String, Sendable, CaseIterable { case whole, cut, refused, left }
  package enum BreakerState: String, Sendable, CaseIterable {
    case closed, open, halfOpen = "half_open"
  }
  package enum SwitchState: String, Sendable, CaseIterable { case on, off }
  package enum BalanceField: String, Sendable, CaseIterable { case spent, held, remaining }
  package enum Cache: String, Sendable, CaseIterable { case miss, exact, semantic, stale, bypass }

  package enum Exits: Sendable, Equatable {
    /// Every passage took it, and there was one.
    case each(String)
    /// The passages took these, in order; empty: there was none.
    case list([String])
  }

  package enum Attempts: Sendable, Equatable {
    case count(Int)
    /// The models asked, in order.
    case models([String])
  }

  /// `nil` in a payload: there is none.
  package enum Kind: Sendable, Equatable {
    case status(Int)
    case code(String?)
    case route(String?)
    case target(String?)
    case model(String?)
    case cache(Cache)
    case exits(node: String, nodeSpan: SourceSpan, Exits)
    case attempts(Attempts)
    case cost(NanoDollars)
    case held(NanoDollars)
    case clamp(Int?)
    case reserved(limit: String, Int)
    case header(name: String, String?)
    case answer(String)
    case ends(Ending)
    case within(Duration)
    case breaker(model: String, BreakerState)
    case budget(name: String, BalanceField, NanoDollars, key: String?)
    case killSwitch(name: String, SwitchState)
  }

  /// As the author wrote it: `route`, `budgets.user-day.spent`.
  package var key: String
  package var kind: Kind
  /// The value.
  package var span: SourceSpan

  /// Whether it is about a request, rather than about the gateway.
  package var concernsRequest: Bool {
    switch kind {
    case .breaker, .budget, .killSwitch: false
    case .status, .code, .route, .target, .model, .cache, .exits, .attempts, .cost, .held, .clamp,
      .reserved, .header, .answer, .ends, .within:
      true
    }
  }
}
