import SluiceCompiler
import SluiceCore
import SluiceLanguage
import SluicePolicy
import Testing

@testable import SluiceGateway

@Suite("What env: and file: stand for")
struct UpstreamPlannerTests {
  private func policy(_ upstream: String, at path: String = "p.yaml") throws -> Compilation {
    let text = """
      sluice: v1
      identity: { keys: keys.jsonl }
      upstreams:
        one: { api: openai, \(upstream) }
      models:
        m: { upstream: one, context: 8k, max_output: 1k, price: { input: $1/M, output: $1/M } }
      targets: { t: [m] }
      routes: [{ name: r, to: t }]
      """
    return Compiler.compile(Bundle(texts: [(path, text)]))
  }

  private func plans(
    _ compiled: Compilation,
    _ environment: [String: String] = [:]
  ) throws -> (plans: [UpstreamPlan], findings: String) {
    let policy = try #require(compiled.policy, "\(compiled.findings.shown)")
    var findings = Findings()
    let plans = UpstreamPlanner(environment: environment)
      .plans(for: policy, of: compiled.bundle, &findings)
    return (plans, findings.rendered(as: .short, of: compiled.bundle))
  }

  @Test("looks both up, without the line feed that files end with")
  func found() throws {
    let folder = try TemporaryFolder()
    try folder.write("sk-secret\n", to: "key")
    let compiled = try policy("url: env:URL, secret: file:key", at: "\(folder.path)/p.yaml")
    let (plans, findings) = try plans(compiled, ["URL": "http://127.0.0.1:1/v1"])
    #expect(findings.isEmpty)
    #expect(
      plans.map(\.service) == [
        .http(url: "http://127.0.0.1:1/v1", secret: "sk-secret", authorities: nil)
      ]
    )
  }

  @Test("tells what is missing where the policy names it, all of it at once")
  func missing() throws {
    let (plans, findings) = try plans(try policy("url: env:URL, secret: file:key"))
    #expect(plans.isEmpty)
    #expect(
      findings == """
        p.yaml:4:28: error[SL0114] `env:URL` is not set in the environment
        p.yaml:4:45: error[SL0114] `file:key` cannot be read: not found

        """
    )
  }

  @Test("an empty value is a missing one")
  func empty() throws {
    let compiled = try policy("url: http://127.0.0.1:1, secret: env:KEY")
    #expect(try plans(compiled, ["KEY": " \n"]).findings.contains("`env:KEY` is empty"))
    #expect(try plans(compiled, ["KEY": "x"]).plans.count == 1)
  }

  @Test("the bytes of `ca:` are part of the plan, so that another file makes another pool")
  func authorities() throws {
    let folder = try TemporaryFolder()
    let (one, other) = (Certificates.one, Certificates.other)
    try folder.write(one, to: "ca.pem")
    let compiled = try policy("url: https://h/v1, ca: ca.pem", at: "\(folder.path)/p.yaml")
    let (first, findings) = try plans(compiled)
    #expect(findings.isEmpty)
    #expect(
      first.map(\.service) == [
        .http(url: "https://h/v1", secret: nil, authorities: Array(one.utf8))
      ]
    )
    try folder.write(other, to: "ca.pem")
    #expect(try plans(compiled).plans != first)
  }

  @Test(
    "a `ca:` that holds no certificates is told where the policy names it, with what to do",
    arguments: [
      (" \n", "is empty"),
      ("hello", "is not PEM: it has no line `-----BEGIN CERTIFICATE-----`"),
      (
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "holds a certificate that is damaged"
      ),
    ]
  )
  func badAuthorities(text: String, reason: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(text, to: "ca.pem")
    let compiled = try policy("url: https://h/v1, ca: ca.pem", at: "\(folder.path)/p.yaml")
    let (plans, findings) = try plans(compiled)
    #expect(plans.isEmpty)
    #expect(findings.contains("p.yaml:4:42: error[SL0114]"))
    #expect(findings.contains("ca.pem` \(reason)"))
  }

  @Test("a `ca:` that cannot be read is told where the policy names it")
  func missingAuthorities() throws {
    let (plans, findings) = try plans(try policy("url: https://h/v1, ca: no.pem"))
    #expect(plans.isEmpty)
    #expect(findings == "p.yaml:4:42: error[SL0114] `no.pem` cannot be read: not found\n")
  }

  @Test("shows no secret in any description")
  func hides() {
    let plan = UpstreamPlan(
      name: "one",
      service: .http(url: "http://h/", secret: "sk-secret", authorities: nil),
      timeouts: UpstreamSettings.Timeouts()
    )
    var dumped = ""
    dump(plan, to: &dumped)
    #expect(!dumped.contains("secret") && !"\(plan)".contains("secret"))
    #expect(!String(reflecting: plan).contains("sk-secret"))
  }
}

/// Two authorities of nobody.
private enum Certificates {
  static let one = """
    -----BEGIN CERTIFICATE-----
    MIIBMjCB5aADAgECAhRXLVz4WSXL3IfNTiFLiO9UyiT1WDAFBgMrZXAwDjEMMAoG
    A1UEAwwDb25lMCAXDTI2MTEyNDEwNTgzMFoYDzIxMjYxMDMxMTA1ODMwWjAOMQww
    CgYDVQQDDANvbmUwKjAFBgMrZXADIQC18vbWCK4HY3HpNLReWsaWqLDOTuU3LlA2
    X2gO7RAE/aNTMFEwHQYDVR0OBBYEFG9dFl49fhUXtK5/KVATXIUiEgW/MB8GA1Ud
    IwQYMBaAFG9dFl49fhUXtK5/KVATXIUiEgW/MA8GA1UdEwEB/wQFMAMBAf8wBQYD
    K2VwA0EAYQAEh2jNGVF13/DMkzFa2/GnJrImFIhiiN48iX0lSR1poUMv8Dc+m4ms
    iaGbRqd1MQ/POmAh64f9sOS0PIANDg==
    -----END CERTIFICATE-----

    """
  static let other = """
    -----BEGIN CERTIFICATE-----
    MIIBMjCB5aADAgECAhQ1ZIa9glQF6zz71ICDq8Bgm3uiPzAFBgMrZXAwDjEMMAoG
    A1UEAwwDdHdvMCAXDTI2MTEyNDEwNTgzMFoYDzIxMjYxMDMxMTA1ODMwWjAOMQww
    CgYDVQQDDAN0d28wKjAFBgMrZXADIQDtgeMj9ZQR4ShXutoyVOnTPP3rDjb5MNEp
    pYVN1ZvytKNTMFEwHQYDVR0OBBYEFF3ejirvS4454tPNZiWZ0ZIjiUfcMB8GA1Ud
    IwQYMBaAFF3ejirvS4454tPNZiWZ0ZIjiUfcMA8GA1UdEwEB/wQFMAMBAf8wBQYD
    K2VwA0EAp6SIVLlpxzaCO5C+M5la5zxRQc7MT5ulQfNFeqJTQjT8/mk+FPZl4ZHE
    e0oM91Iqo4FqwKj56m+MCiksxar1Ag==
    -----END CERTIFICATE-----

    """
}
