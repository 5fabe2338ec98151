import SluiceCore
import SluiceDialects
import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceTestSupport
import Testing

@Suite("Metering")
struct MeteringTests {
  private typealias Rates = ModelSettings.Price.Rates

  private static func dollars(_ count: Int64) -> TokenPrice {
    TokenPrice(nanoDollarsPerMillion: count * NanoDollars.perDollar)
  }

  /// A million tokens of each kind cost another whole number of dollars.
  private static let price = ModelSettings.Price(
    Rates(
      input: dollars(10),
      cachedInput: dollars(1),
      audioInput: dollars(100),
      output: dollars(20),
      reasoning: dollars(30),
      audioOutput: dollars(200)
    )
  )

  @Test("every kind of token costs its own rate")
  func kinds() {
    let usage = Usage(
      prompt: 10_000_000,
      completion: 6_000_000,
      cached: 4_000_000,
      reasoning: 2_000_000,
      promptAudio: 1_000_000,
      completionAudio: 1_000_000
    )
    let cost = Metering.cost(of: usage, at: Self.price)
    #expect(cost.count == (5 * 10 + 4 * 1 + 1 * 100 + 3 * 20 + 2 * 30 + 1 * 200) * 1_000_000_000)
  }

  @Test("rounds up once, not part by part")
  func rounding() {
    let price = ModelSettings.Price(
      Rates(
        input: TokenPrice(nanoDollarsPerMillion: 400_000),
        output: TokenPrice(nanoDollarsPerMillion: 500_000)
      )
    )
    #expect(Metering.cost(of: Usage(prompt: 1, completion: 1), at: price) == NanoDollars(1))
    #expect(Metering.cost(of: Usage(prompt: 2, completion: 1), at: price) == NanoDollars(2))
    #expect(Metering.cost(of: Usage(prompt: 0, completion: 0), at: price) == .zero)
  }

  @Test("a part that is larger than its whole counts in full")
  func partsBeyond() {
    let beside = Usage(prompt: 0, completion: 1_000_000, reasoning: 3_000_000)
    #expect(Metering.cost(of: beside, at: Self.price).count == 90 * NanoDollars.perDollar)
    let cached = Usage(prompt: 0, completion: 0, cached: 2_000_000)
    #expect(Metering.cost(of: cached, at: Self.price).count == 2 * NanoDollars.perDollar)
  }

  @Test("a prompt that passes a threshold has all of the request at the rates behind it")
  func thresholds() {
    let price = ModelSettings.Price(
      Rates(input: Self.dollars(1), output: Self.dollars(2)),
      thresholds: [
        .init(above: 200_000, rates: Rates(input: Self.dollars(3), output: Self.dollars(4))),
        .init(above: 400_000, rates: Rates(input: Self.dollars(5), output: Self.dollars(6))),
      ]
    )
    func cost(_ prompt: Int) -> Int64 {
      Metering.cost(of: Usage(prompt: prompt, completion: 1_000_000), at: price).count
    }
    #expect(cost(200_000) == 2_200_000_000)
    #expect(cost(200_001) == 4_600_003_000)
    #expect(cost(400_000) == 5_200_000_000)
    #expect(cost(400_001) == 8_000_005_000)
  }

  @Test("counts beyond all reason are clamped, not wrapped")
  func enormous() {
    let usage = Usage(prompt: .max, completion: .max, cached: .max, reasoning: .max)
    #expect(Metering.cost(of: usage, at: Self.price).count == .max)
    #expect(Metering.bound(input: .max, output: .max, at: Self.price).count == .max)
  }

  @Test("a bound takes the dearest rates, also where a lower threshold costs more")
  func bound() {
    let bound = Metering.bound(input: 1_000_000, output: 1_000_000, at: Self.price)
    #expect(bound.count == 300 * NanoDollars.perDollar)
    let falling = ModelSettings.Price(
      Rates(input: Self.dollars(9), output: Self.dollars(9)),
      thresholds: [.init(above: 100, rates: Rates(input: .free, output: .free))]
    )
    #expect(
      Metering.bound(input: 1_000, output: 50, at: falling)
        == Metering.cost(of: Usage(prompt: 100, completion: 50), at: falling)
    )
  }

  @Test("no usage within a bound costs more, at whatever price")
  func bounded() {
    var random = SplitMix(seed: 7)
    for round in 0..<20_000 {
      let price = Self.price(&random)
      let input = random.below(3_000)
      let output = random.below(3_000)
      let prompt = random.below(input + 1)
      let completion = random.below(output + 1)
      let usage = Usage(
        prompt: prompt,
        completion: completion,
        cached: random.below(prompt + 1),
        reasoning: random.below(completion + 1),
        promptAudio: random.below(prompt + 1),
        completionAudio: random.below(completion + 1)
      )
      let cost = Metering.cost(of: usage, at: price)
      let bound = Metering.bound(input: input, output: output, at: price)
      #expect(cost <= bound, "round \(round): \(usage) at \(price)")
    }
  }

  private static func price(_ random: inout SplitMix) -> ModelSettings.Price {
    func rate() -> TokenPrice {
      TokenPrice(nanoDollarsPerMillion: Int64(random.below(4) * random.below(5_000_000_000)))
    }
    func rates() -> Rates {
      Rates(
        input: rate(),
        cachedInput: random.below(2) == 0 ? nil : rate(),
        audioInput: random.below(2) == 0 ? nil : rate(),
        output: rate(),
        reasoning: random.below(2) == 0 ? nil : rate(),
        audioOutput: random.below(2) == 0 ? nil : rate()
      )
    }
    let counts = Set((0..<random.below(4)).map { _ in random.below(3_000) }).sorted()
    return ModelSettings.Price(rates(), thresholds: counts.map { .init(above: $0, rates: rates()) })
  }
}
