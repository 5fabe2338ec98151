import SluiceCore
import SluiceLanguage
import SluicePolicy
import Testing

@testable import SluiceGateway

@Suite("Importing prices")
struct PricesCommandTests {
  /// In the shape of LiteLLM's table, with numbers as it writes them.
  private static let table = """
    {
      "sample_spec": { "input_cost_per_token": 0.0, "litellm_provider": "one of …", "mode": "one of" },
      "fallback_generalizations": { "rules": [] },
      "plain": {
        "input_cost_per_token": 1.5e-07, "output_cost_per_token": 6E-7, "litellm_provider": "openai",
        "mode": "chat", "max_tokens": 4096, "supports_vision": true, "source": "https://a.invalid"
      },
      "bands": {
        "input_cost_per_token": 1.25e-06, "output_cost_per_token": 1e-05,
        "cache_read_input_token_cost": 1.25e-07, "output_cost_per_reasoning_token": 1.2e-05,
        "input_cost_per_audio_token": 0.00004, "output_cost_per_audio_token": 8e-05,
        "input_cost_per_token_above_200k_tokens": 2.5e-06,
        "output_cost_per_token_above_200k_tokens": 1.5e-05,
        "cache_read_input_token_cost_above_200k_tokens": 2.5e-07,
        "input_cost_per_token_above_512k_tokens": 3e-06,
        "input_cost_per_token_priority": 2.25e-06, "output_cost_per_token_flex": 5e-06,
        "cache_creation_input_token_cost": 1.5e-06,
        "search_context_cost_per_query": { "search_context_size_low": 0.035 },
        "input_cost_per_image": 0.0, "new_cost_of_something": 1,
        "litellm_provider": "gemini", "mode": "chat"
      },
      "azure/uneven": {
        "input_cost_per_token": 3.0001999999999996e-07, "output_cost_per_token": 0,
        "litellm_provider": "azure", "mode": "responses"
      },
      "vectors": { "input_cost_per_token": 2e-08, "litellm_provider": "openai", "mode": "embedding" },
      "given": { "input_cost_per_token": 0.0, "output_cost_per_token": 0, "mode": "chat" },
      "pictures": { "output_cost_per_image": 0.04, "litellm_provider": "openai", "mode": "image_generation" },
      "speech": { "input_cost_per_second": 0.0001, "litellm_provider": "openai", "mode": "chat" }
    }
    """

  private func converted(
    _ models: [String] = [],
    provider: String? = nil,
    table: String = PricesCommandTests.table
  ) -> CommandAnswer {
    var command = PricesCommand(path: "folder/table.json")
    command.models = models
    command.provider = provider
    do throws(Refusal) {
      return try command.converted(Array(table.utf8))
    } catch {
      return CommandAnswer(error)
    }
  }

  @Test("a table becomes a file of prices, sorted, and says where it is from and what it lacks")
  func whole() {
    let answer = converted()
    let digest = Digest(of: Array(Self.table.utf8)).hex
    #expect(
      answer.output == """
        # Prices of 5 models, by `sluice prices import` from
        # table.json, SHA-256 \(digest)
        sluice-prices: v1
        models:
          azure/uneven: { input: $0.30002/M, output: $0.00/M }
          bands: { input: $1.25/M, cached_input: $0.125/M, audio_input: $40.00/M, output: $10.00/M, reasoning: $12.00/M, audio_output: $80.00/M, above: { 200000: { input: $2.50/M, cached_input: $0.25/M, output: $15.00/M } } }
          given: free
          plain: { input: $0.15/M, output: $0.60/M }
          vectors: { input: $0.02/M, output: $0.00/M }

        """
    )
    #expect(
      answer.notes == """
        prices of 5 models
        rounded up to a whole nano-dollar a million tokens:
          `input_cost_per_token`: 1 (azure/uneven)
        models that the table gives away; make sure that it is so:
          `free`: 1 (given)
        models that are left out:
          mode `image_generation`: 1 (pictures)
          no price of a token of input and of output: 1 (speech)
        what their prices leave out:
          `new_cost_of_something`: 1 (bands)
          other levels of service: 1 (bands)
          rates above 512000 tokens that lack input or output: 1 (bands)
          searches, tools and files: 1 (bands)
          writing to the upstream's cache: 1 (bands)

        """
    )
    #expect(answer.status == .success)
  }

  @Test("models are chosen, and named as the policy names them")
  func chosen() {
    let answer = converted(["smart=bands", "plain", "also=plain"])
    let names = answer.output.split(separator: "\n").dropFirst(4)
      .map { $0.prefix { $0 != ":" }.trimmingPrefix("  ") }
    #expect(names == ["also", "plain", "smart"])
    #expect(!answer.notes.contains("pictures"))
    #expect(converted(provider: "azure").output.contains("Prices of 1 model,"))
  }

  @Test("what cannot be had is refused, with the reason")
  func refused() {
    func expect(_ answer: CommandAnswer, _ words: String, _ status: SluiceGateway.ExitStatus) {
      #expect(answer.status == status && answer.output.isEmpty)
      #expect(answer.notes.contains(words), "\(answer.notes)")
    }
    expect(converted(["plian"]), "no model `plian`; did you mean `plain`?", .errors)
    expect(
      converted(["pictures"]),
      "`pictures` cannot be carried over: mode `image_generation`",
      .errors
    )
    expect(converted(["plain"], provider: "azure"), "its provider is `openai`", .errors)
    expect(converted(provider: "nobody"), "prices no model of provider `nobody`", .errors)
    expect(converted(["a=plain", "a=bands"]), "names `a` twice", .usage)
    expect(converted(["=plain"]), "got `=plain`", .usage)
    #expect(converted(table: "[1]").status == .errors)
    #expect(converted(table: "{").notes.contains("no JSON"))
    #expect(converted(table: #"{"a": {}, "a": {}}"#).notes.contains("`a` stands twice"))
    #expect(PricesCommand(path: "/nonexistent").run().status == .couldNotRun)
  }

  @Test("what is written reads back as the policy's prices")
  func readsBack() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.table, to: "table.json")
    let text = Policies.simulated()
      .replacing(", price: { input: $1/M, output: $2/M }", with: "")
    try folder.write(text, to: "policy.yaml")
    var command = PricesCommand(path: "\(folder.path)/table.json")
    command.models = ["small=bands"]
    command.output = "\(folder.path)/prices.yaml"
    let answer = command.run()
    #expect(answer.status == .success && answer.output.isEmpty)
    #expect(answer.notes.hasPrefix("prices of 1 model in \(folder.path)/prices.yaml\n"))
    let (bundle, found) = BundleReader.load(paths: [folder.path])
    let checked = Language.check(bundle, after: found)
    #expect(checked.findings.isEmpty, "\(checked.findings.rendered(as: .short, of: bundle))")
    let price = try #require(checked.policy?.models.first?.price(atWall: 0))
    #expect(price.rates(ofPrompt: 200_001).cachedInput.description == "$0.25/M")
    command.output = "\(folder.path)/missing/prices.yaml"
    #expect(command.run().status == .couldNotRun)
  }

  @Test(
    "numbers are read digit by digit, and rounded up where they do not divide",
    arguments: [
      ("1.5e-07", 150_000_000, true), ("0.00003", 30_000_000_000, true), ("0", 0, true),
      ("0.0e5", 0, true), ("1e-15", 1, true), ("1.0e-16", 1, false), ("12E-16", 2, false),
      ("2.0000000000000002e-07", 200_000_001, false), ("1e-99", 1, false),
      ("0.1e-05", 1_000_000_000, true), ("9.2e3", 9_200_000_000_000_000_000, true),
      ("1e-05", 10_000_000_000, true), ("+1", nil, true), ("-1e-7", nil, true), ("1e5", nil, true),
      ("1e999", nil, true), ("", nil, true), ("e5", nil, true), ("1e", nil, true),
      ("12345678901234567890123456e-40", nil, true),
    ] as [(String, Int64?, Bool)]
  )
  func numbers(text: String, expected: Int64?, isExact: Bool) {
    let read = DecimalPrice.reading(text)
    #expect(read?.price.nanoDollarsPerMillion == expected)
    if let read { #expect(read.isExact == isExact) }
  }
}

@Suite("The cost of a policy")
struct CostCommandTests {
  private func command(_ text: String) throws -> (CostCommand, TemporaryFolder) {
    let folder = try TemporaryFolder()
    try folder.write(text, to: "p.yaml")
    return (CostCommand(path: folder.path), folder)
  }

  private static let moment = Moment(monotonic: 0, wall: 1_780_000_000_000_000_000)

  @Test("a table for people says what is assumed, and what is unlimited")
  func table() throws {
    let (command, folder) = try command(Policies.simulated())
    let answer = command.run(at: Self.moment)
    let lines = answer.output.replacing(folder.path, with: "BUNDLE")
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    #expect(lines[0] == "The most that BUNDLE permits, at the prices of 2026-05-28")
    #expect(
      lines[2...4] == [
        "A request   if nothing fails  if every try is paid  made of",
        "route rest  $0.009            $0.018                2 x small",
        "",
      ]
    )
    #expect(answer.output.contains("\nall users"))
    #expect(answer.output.contains("unlimited"))
    #expect(answer.output.contains("\nAssumed\n  - a request asks for one answer"))
    #expect(!answer.output.contains("\u{1B}"))
    #expect(lines.allSatisfy { !$0.hasSuffix(" ") })
    var colored = command
    colored.style = FindingsStyle(hasColor: true)
    #expect(colored.run(at: Self.moment).output.contains("\u{1B}[1mA request"))
  }

  @Test("the same for programs, with exact amounts")
  func json() throws {
    var (command, folder) = try command(
      Policies.simulated(extra: "limits: { all: { rate: 1/h } }")
    )
    command.format = .json
    command.choices = 2
    let output = command.run(at: Self.moment).output
    #expect(output.contains(#""prices_of":"2026-05-28","choices":2"#))
    #expect(output.contains(#""requests":24,"requests_bound_by":"all""#))
    #expect(output.contains(#""attempt_dollars":"0.011""#))
    #expect(output.hasPrefix(#"{"bundle":"\#(folder.path)","#) && output.hasSuffix("}\n"))
  }

  @Test("a wrong policy tells its findings, a wrong flag itself")
  func wrong() throws {
    var (command, folder) = try command("sluice: v1\nroutes: 1\n")
    let answer = command.run(at: Self.moment)
    #expect(answer.status == .errors && answer.output.isEmpty && answer.notes.contains("error["))
    try folder.write(Policies.simulated(), to: "p.yaml")
    command.day = "tomorrow"
    #expect(command.run(at: Self.moment).status == .usage)
    command.day = "2027-01-01"
    #expect(command.run(at: Self.moment).output.contains("the prices of 2027-01-01"))
    command.choices = 0
    #expect(command.run(at: Self.moment).status == .usage)
    #expect(CostCommand(path: "/nonexistent").run().status == .couldNotRun)
  }
}
