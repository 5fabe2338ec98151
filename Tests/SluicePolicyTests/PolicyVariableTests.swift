import SluiceExpressions
import SluicePolicy
import Testing

@Suite("Variables of the policy language")
struct PolicyVariableTests {
  @Test("have names and slots of their own, features behind them")
  func slots() {
    let variables = PolicyVariable.allCases
    #expect(Set(variables.map(\.name)).count == variables.count)
    #expect(variables.map(\.slot) == Array(0..<variables.count))
    #expect(PolicyVariable.slot(ofFeature: 0) == variables.count)
  }

  @Test("say what they mean", arguments: PolicyVariable.allCases)
  func meaning(variable: PolicyVariable) {
    #expect(!variable.meaning.isEmpty)
    #expect(!variable.phases.isEmpty)
  }

  @Test("can be named in their phases, and in no other", arguments: PolicyVariable.allCases)
  func phases(variable: PolicyVariable) {
    for phase in PolicyPhase.allCases {
      let outcome = CheckedExpression.check(
        variable.name,
        in: Environment(phase: phase, features: [])
      )
      #expect((outcome.expression != nil) == variable.phases.contains(phase), "\(phase.name)")
    }
  }

  @Test("features are there once a limit has admitted a request")
  func features() {
    for phase in PolicyPhase.allCases {
      let environment = Environment(phase: phase, features: [("has_code", .bool)])
      let outcome = CheckedExpression.check("features.has_code", in: environment)
      let isThere = phase == .request || phase == .routed || phase == .attempt
      #expect((outcome.expression != nil) == isThere, "\(phase.name)")
    }
  }
}

@Suite("Policies")
struct PolicyTests {
  @Test("without a word said listen on loopback only, and have defaults that end")
  func defaults() {
    let server = Policy().server
    #expect(server.listen.map(\.text) == ["127.0.0.1:8080"])
    #expect(server.admin.text == "127.0.0.1:9090")
    #expect(server.timeout.request > .zero)
    #expect(!server.expose.contains(.similarity))
  }
}
