import SluiceCore
import SluiceLanguage
import SluicePolicy
import Testing

@Suite("Prices")
struct PriceTests {
  private static let policy = """
    sluice: v1
    upstreams: { sim: { api: simulated } }
    models:
      small: { upstream: sim, context: 16k, max_output: 4k }
      large: { upstream: sim, context: 16k, max_output: 4k }
    targets: { all: [small, large] }
    routes: [{ name: rest, to: all }]

    """

  private func check(_ prices: String..., policy: String = PriceTests.policy) -> CheckedBundle {
    let files = prices.enumerated().map { ("prices-\($0).yaml", "sluice-prices: v1\n" + $1) }
    return Language.check(Bundle(texts: [("policy.yaml", policy)] + files))
  }

  private func codes(_ checked: CheckedBundle) -> [String] {
    checked.findings.shown.map(\.code.id)
  }

  @Test("files of prices price the models that the policy declares")
  func files() throws {
    let checked = check(
      "models: { small: { input: $1/M, cached_input: $0.1/M, output: $2/M } }\n",
      "models: { large: free }\n"
    )
    #expect(codes(checked).isEmpty)
    let policy = try #require(checked.policy)
    #expect(policy.models.map(\.name) == ["large", "small"])
    #expect(policy.models[0].prices == [.init(.free)])
    #expect(policy.models[1].prices.first?.price.base.cachedInput.description == "$0.10/M")
  }

  @Test("a model is priced in one place, and both are shown")
  func twice() throws {
    let own = Self.policy.replacing("4k }\n  large", with: "4k, price: free }\n  large")
    let beside = check("models: { small: free, large: free }\n", policy: own)
    #expect(codes(beside) == ["SL0408"])
    let finding = try #require(beside.findings.shown.first)
    #expect(beside.bundle.text(of: finding.span) == "small")
    #expect(finding.span.source.index == 1)
    #expect(finding.seconds.map(\.span.source.index) == [0])
    let two = check("models: { small: free, large: free }\n", "models: { small: free }\n")
    #expect(codes(two) == ["SL0408"])
  }

  @Test("a price of a model that nobody declares says which is meant")
  func unknown() {
    let checked = check("models: { small: free, large: free, lareg: free }\n")
    #expect(codes(checked) == ["SL0101"])
    #expect(checked.findings.shown.first?.message.contains("did you mean `large`") == true)
  }

  @Test("a wrong price in a file is told once, and does not also count as none")
  func wrong() {
    let checked = check("models: { small: { input: 1, output: $2/M }, large: free }\n")
    #expect(codes(checked) == ["SL0107"])
  }

  @Test(
    "a file of prices takes its kind and its models, and needs them",
    arguments: [
      ("modles: { small: free }\n", ["SL0002", "SL0402", "SL0402"]),
      ("", ["SL0104", "SL0402", "SL0402"]),
      ("models: free\n", ["SL0105", "SL0402", "SL0402"]),
    ]
  )
  func keys(text: String, expected: [String]) {
    #expect(codes(check(text)).sorted() == expected)
  }

  @Test("the price in force is that of the last day that has come, before the first the first")
  func dates() throws {
    let checked = check(
      """
      models:
        large: [{ from: 2026-07-01, input: $8/M, output: $1/M }, { input: $10/M, output: $1/M }]
        small: [{ from: 2026-07-01, input: $7/M, output: $1/M }, { from: 2026-03-01, input: $5/M, output: $1/M }]

      """
    )
    #expect(codes(checked).isEmpty)
    let models = try #require(checked.policy).models
    func input(_ model: Int, _ time: String) -> String? {
      UTCTime.seconds(of: time)
        .flatMap { models[model].price(atWall: $0 * 1_000_000_000)?.base.input.description }
    }
    #expect(input(0, "1999-01-01T00:00:00Z") == "$10.00/M")
    #expect(input(0, "2026-06-30T23:59:59Z") == "$10.00/M")
    #expect(input(0, "2026-07-01T00:00:00Z") == "$8.00/M")
    #expect(input(1, "1999-01-01T00:00:00Z") == "$5.00/M")
    #expect(input(1, "2026-07-01T01:00:00+02:00") == "$5.00/M")
    #expect(input(1, "2030-01-01T00:00:00Z") == "$7.00/M")
  }

  @Test("a model without a price is a warning, and an error that a budget and a route lead to")
  func unpriced() {
    #expect(codes(check("models: { small: free }\n")) == ["SL0402"])
    let budgeted = Self.policy + "budgets: { company: { per: day, limit: $1 } }\n"
    let found = check("models: { small: free }\n", policy: budgeted).findings.shown
    #expect(found.map(\.code.id) == ["SL0407"])
    #expect(found.first?.message.contains("budget `company`") == true)
    #expect(found.first?.label == "reached by route `rest`")
    let apart = budgeted.replacing("[small, large]", with: "[small]")
    #expect(
      codes(check("models: { small: free }\n", policy: apart)).contains("SL0407") == false
    )
    let named = apart.replacing("to: all }]", with: "to: requested }]")
    #expect(codes(check("models: { small: free }\n", policy: named)).contains("SL0407"))
    let free = check("models: { small: free, large: free }\n", policy: budgeted)
    #expect(codes(free) == [])
  }
}
