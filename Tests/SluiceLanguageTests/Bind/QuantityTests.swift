import SluiceCore
import SluicePolicy
import Testing

@testable import SluiceLanguage

@Suite("Quantities")
struct QuantityTests {
  @Test(
    "durations carry a unit, and may be compound from the longest on",
    arguments: [
      ("300ms", 300), ("30s", 30_000), ("5m", 300_000), ("6h", 21_600_000), ("7d", 604_800_000),
      ("1h30m", 5_400_000), ("1.5h", 5_400_000), ("0", 0), ("0s", 0), ("1d1ms", 86_400_001),
    ]
  )
  func durations(text: String, milliseconds: Int) throws {
    #expect(try Duration.reading(text) == .milliseconds(milliseconds))
  }

  @Test(
    "what is no duration says why",
    arguments: [
      ("30", QuantityIssue.unitMissing), ("30x", .unknownUnit("x")), ("", .malformed),
      ("m", .malformed), ("30m1h", .malformed), ("1h30", .malformed), ("-5s", .malformed),
      ("5 s", .malformed), ("1.2.3s", .malformed), ("9999999999999d", .tooLarge),
      ("1234567890123456789012s", .tooLarge), ("1s1s", .malformed), ("5S", .unknownUnit("S")),
    ]
  )
  func badDurations(text: String, issue: QuantityIssue) {
    #expect(throws: issue) { try Duration.reading(text) }
  }

  @Test("a duration's text reads back", arguments: [0, 1, 300, 5_400_000, 86_461_001])
  func durationTexts(milliseconds: Int) throws {
    let duration = Duration.milliseconds(milliseconds)
    #expect(try Duration.reading(duration.text) == duration)
  }

  @Test("rates name a window, and perhaps tokens")
  func rates() throws {
    let perMinute = RateQuantity(
      rate: LimitSettings.Rate(count: 100, per: .seconds(60)),
      isTokens: false
    )
    #expect(try RateQuantity.reading("100/m") == perMinute)
    #expect(try RateQuantity.reading("100 requests/m") == perMinute)
    #expect(try RateQuantity.reading("5/s").rate.window == .seconds(1))
    #expect(try RateQuantity.reading("1k/h").rate.count == 1_000)
    #expect(try RateQuantity.reading("30/10s").rate.window == .seconds(10))
    let tokens = try RateQuantity.reading("200k tokens/m")
    #expect(tokens.isTokens)
    #expect(tokens.rate.count == 200_000)
    #expect(tokens.rate.tokensText == "200000 tokens/m")
    #expect(throws: QuantityIssue.unitMissing) { try RateQuantity.reading("100") }
    #expect(throws: QuantityIssue.unknownUnit("cats")) { try RateQuantity.reading("5 cats/m") }
    #expect(throws: QuantityIssue.malformed) { try RateQuantity.reading("5/") }
    #expect(throws: QuantityIssue.malformed) { try RateQuantity.reading("5 tokens") }
  }

  @Test("money and prices are exact and carry their sign")
  func money() throws {
    #expect(try NanoDollars.reading("$0.10") == NanoDollars(100_000_000))
    #expect(try NanoDollars.reading("$1000").count == 1_000 * NanoDollars.perDollar)
    #expect(throws: QuantityIssue.unitMissing) { try NanoDollars.reading("5") }
    #expect(throws: QuantityIssue.malformed) { try NanoDollars.reading("$-5") }
    #expect(throws: QuantityIssue.malformed) { try NanoDollars.reading("$0.1234567891") }
    #expect(try TokenPrice.reading("$0.50/M").nanoDollarsPerMillion == 500_000_000)
    #expect(try TokenPrice.reading("$0.0005/k") == TokenPrice.reading("$0.50/M"))
    #expect(try TokenPrice.reading("free") == .free)
    #expect(throws: QuantityIssue.unitMissing) { try TokenPrice.reading("$0.50") }
    #expect(throws: QuantityIssue.unknownUnit("m")) { try TokenPrice.reading("$0.50/m") }
  }

  @Test("counts and bytes know powers of ten and of two apart")
  func counts() throws {
    #expect(try Count.reading("16k") == 16_000)
    #expect(try Count.reading("16Ki") == 16_384)
    #expect(try Count.reading("1.5k") == 1_500)
    #expect(throws: QuantityIssue.malformed) { try Count.reading("1.5") }
    #expect(throws: QuantityIssue.unknownUnit("K")) { try Count.reading("16K") }
    #expect(try ByteCount.reading("10MiB") == 10 << 20)
    #expect(try ByteCount.reading("1GB") == 1_000_000_000)
    #expect(throws: QuantityIssue.unitMissing) { try ByteCount.reading("10") }
    #expect(ByteCount.text(10 << 20) == "10MiB")
    #expect(ByteCount.text(1_000) == "1KB")
    #expect(ByteCount.text(0) == "0B")
  }

  @Test("ratios are plain or in percent, shares only in percent")
  func ratios() throws {
    #expect(try Ratio.reading("80%") == 0.8)
    #expect(try Ratio.reading("0.8") == 0.8)
    #expect(try Ratio.millionths("95%") == 950_000)
    #expect(try Ratio.millionths("33.3333%") == 333_333)
    #expect(throws: QuantityIssue.unitMissing) { try Ratio.millionths("0.95") }
    #expect(Ratio.text(millionths: 995_000) == "99.5%")
  }

  @Test(
    "addresses are a host and a port",
    arguments: [
      ("127.0.0.1:8080", true), ("[::1]:0", true), ("localhost:9090", true),
      ("0.0.0.0:80", false), ("[::]:80", false), ("gateway.internal:80", false),
    ]
  )
  func endpoints(text: String, isLoopback: Bool) throws {
    let endpoint = try #require(EndpointText(text))
    #expect(endpoint.isLoopback == isLoopback)
  }

  @Test(
    "what is no address is refused",
    arguments: ["", ":80", "localhost", "1.2.3:80", "::1:80", "[::1]", "a b:80", "h:65536", "h:+1"]
  )
  func badEndpoints(text: String) {
    #expect(EndpointText(text) == nil)
  }
}
