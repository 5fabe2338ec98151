import SluicePolicy
import SluiceStages
import Testing

@Suite("The life of a kill switch")
struct KillSwitchTests {
  private func rule(for duration: Int64? = nil, clears: Bool = false) -> KillSwitch.Rule {
    KillSwitch.Rule(action: .deny, duration: duration, waitsToClear: clears)
  }

  @Test("is on for as long as its rule says, and no longer")
  func ends() {
    let rule = rule(for: 60)
    let killSwitch = KillSwitch(rule, at: 100)
    #expect(killSwitch.isOn(under: rule, at: 159))
    #expect(!killSwitch.isOn(under: rule, at: 160))
    #expect(killSwitch.end(under: rule) == 160)
  }

  @Test("is on until somebody releases it where its rule says no end")
  func stays() {
    let killSwitch = KillSwitch(rule(), at: 100)
    #expect(killSwitch.isOn(under: rule(), at: .max))
    #expect(killSwitch.end(under: rule()) == nil)
  }

  @Test("begins its time anew when its condition holds again, and never shortens it")
  func extends() {
    let rule = rule(for: 60)
    var killSwitch = KillSwitch(rule, at: 100)
    let first = killSwitch.extend(rule, at: 130)
    let again = killSwitch.extend(rule, at: 130)
    let shorter = killSwitch.extend(self.rule(for: 10), at: 140)
    #expect([first, again, shorter] == [true, false, false])
    #expect(killSwitch.isOn(under: rule, at: 189))
    #expect(killSwitch.end(under: rule) == 190)
  }

  @Test("with clear_when it is on beyond its time, and asks once a second from then on")
  func clears() {
    let rule = rule(for: 60, clears: true)
    var killSwitch = KillSwitch(rule, at: 100)
    let asked = [159, 160, 160, 161].map { killSwitch.asksToClear(under: rule, at: $0) }
    #expect(asked == [false, true, false, true])
    #expect(killSwitch.isOn(under: rule, at: 10_000))
  }
}

@Suite("Scopes of a person's switch")
struct KillScopeTests {
  @Test(
    "is read back from what it is written as",
    arguments: [
      KillScope.everything, KillScope([.tenant: "acme"]),
      KillScope([.tenant: "a=b,c%2C", .user: "ada, of course", .model: "gpt-4"]),
    ]
  )
  func roundTrip(scope: KillScope) { #expect(KillScope(text: scope.description) == scope) }

  @Test(
    "refuses what is none",
    arguments: ["", "tenant", "tenant=", "nobody=x", "user=a,user=b", "user=a,"]
  )
  func malformed(text: String) { #expect(KillScope(text: text) == nil) }
}
