import SluiceExpressions
import SluicePolicy
import Testing

@Suite("Variables of the policy language")
struct PolicyVariableTests {
  private func issue(_ source: String, in phase: PolicyPhase) -> String? {
    CheckedExpression.check(
      source,
      in: Environment(phase: phase, features: [(name: "has_code", type: .bool)])
    )
    .issues.first?
    .message
  }

  @Test("each has a slot of its own, in front of the features")
  func slots() {
    #expect(Set(PolicyVariable.allCases.map(\.slot)).count == PolicyVariable.allCases.count)
    #expect(PolicyVariable.slot(ofFeature: 0) == PolicyVariable.allCases.count)
  }

  @Test("each has a name and a meaning")
  func documented() {
    #expect(Set(PolicyVariable.allCases.map(\.name)).count == PolicyVariable.allCases.count)
    #expect(PolicyVariable.allCases.allSatisfy { !$0.meaning.isEmpty && !$0.phases.isEmpty })
  }

  @Test("what does not exist yet cannot be used")
  func phases() {
    #expect(issue("features.has_code", in: .request) == nil)
    #expect(issue("features.has_code", in: .admission) != nil)
    #expect(issue("route == 'a'", in: .routed) == nil)
    #expect(issue("route == 'a'", in: .request) != nil)
    #expect(issue("model.name == 'a'", in: .attempt) == nil)
    #expect(issue("model.name == 'a'", in: .routed) != nil)
    #expect(issue("spend('1m') > usd('5')", in: .settled) == nil)
    #expect(issue("spend('1m') > usd('5')", in: .request) != nil)
    #expect(issue("user.id == 'a'", in: .settled) != nil)
  }
}
