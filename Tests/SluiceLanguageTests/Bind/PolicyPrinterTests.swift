import FoundationEssentials
import SluiceLanguage
import SluicePolicy
import Testing

@Suite("Printed policies")
struct PolicyPrinterTests {
  @Test(
    "a printed policy spells out its defaults",
    arguments: ["quickstart", "launch", "resilient"]
  )
  func golden(name: String) throws {
    let path = Repository.root.appending(component: "policies").appending(component: name).path
    let policy = try #require(Language.check(BundleReader.load(paths: [path]).bundle).policy)
    let file = Repository.tests.appending(component: "Golden").appending(component: "printed")
      .appending(component: "\(name).txt")
    try Golden.compare(PolicyPrinter.print(policy), with: file)
  }

  @Test(
    "a printed policy is a policy that says the same",
    arguments: ["quickstart", "launch", "resilient"]
  )
  func roundTrip(name: String) throws {
    let path = Repository.root.appending(component: "policies").appending(component: name).path
    let policy = try #require(Language.check(BundleReader.load(paths: [path]).bundle).policy)
    let printed = PolicyPrinter.print(policy)
    let again = Language.check(Bundle(texts: [("printed.yaml", printed)]))
    // Comments are not printed, so what `launch` allows in one is told again.
    let unexpected = again.findings.shown.filter {
      name != "launch" || ![.runwayTooShort, .evidenceMissing].contains($0.code)
    }
    #expect(unexpected.isEmpty, "\(again.findings.rendered(as: .human, of: again.bundle))")
    #expect(PolicyPrinter.print(try #require(again.policy)) == printed)
  }

  @Test("an empty policy prints the defaults of the server and of identity")
  func defaults() throws {
    let printed = PolicyPrinter.print(Policy())
    #expect(printed.contains("anonymous: true"))
    #expect(printed.contains("listen: [127.0.0.1:8080]"))
    #expect(Language.check(Bundle(texts: [("printed.yaml", printed)])).policy != nil)
  }

  @Test("every example of the language reads back from its print")
  func everything() throws {
    let text = """
      sluice: v1
      server: { listen: ["[::1]:0", localhost:8081], expose: [] }
      identity:
        keys: keys.jsonl
        headers: { trust_from: [10.0.0.0/8, "fd00::/8"], accept: [tier, user] }
        anonymous: { tier: free, products: ["yes"] }
      upstreams:
        remote:
          api: openai
          url: env:URL
          secret: file:secrets/key
          timeout: none
      models:
        "1.5": { upstream: remote, id: "a: b", context: 16Ki, max_output: 4k, price: free }
        dated:
          upstream: remote
          context: 1M
          max_output: 4k
          price:
            - { from: 2026-07-01, input: $1/M, cached_input: $0.1/M, output: $2/M, audio_input: $7/M }
            - { input: $1.25/M, output: $10/M, reasoning: $11/M, above: { 300k: { input: $3/M, output: $15/M }, 200k: { input: $2.50/M, output: $15/M, audio_output: $20/M } } }
        once:
          upstream: remote
          context: 1M
          max_output: 4k
          price: { from: 2026-07-01, input: free, output: $2/M }
      tiers:
        free: { models: ["1.5"] }
      features:
        quoted: "prompt.text.contains('it is \\"so\\"\\\\n')"
      targets:
        all: ["1.5"]
        half: { split: { all: 99.5%, rest: 0.5% }, by: user.id }
        rest: ["1.5", dated, once]
      routes:
        - { name: a, match: { user.tier: [free, ""], request.temperature: { le: 0.5 } }, to: half }
        - { name: b, when: "features.quoted ? true : request.stream", to: requested }
        - { name: c, to: all }
      products:
        "yes": { volatility: 1h30m, cache: { ttl: 90s, stale_if_error: 1h, stale_while_revalidate: 1m, key: 'headers["x-a"]', tags: [a, b] } }
        tagged: { cache: { ttl: 1h, tags: '["a", product + ":x"]' } }
        plain: {}
      limits:
        a: { key: user.id, rate: 30/10s, burst: 5, tiers: { free: 5/s } }
        b: { concurrent: 8 }
      """
    let first = Language.check(Bundle(texts: [("policy.yaml", text)]))
    #expect(!first.findings.haveErrors, "\(first.findings.rendered(as: .human, of: first.bundle))")
    let parsed = first.policy
    let policy = try #require(parsed)
    let printed = PolicyPrinter.print(policy)
    let again = Language.check(Bundle(texts: [("printed.yaml", printed)]))
    #expect(!again.findings.haveErrors, "\(again.findings.rendered(as: .human, of: again.bundle))")
    #expect(PolicyPrinter.print(try #require(again.policy)) == printed)
  }
}
