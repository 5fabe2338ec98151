import Testing

@testable import SluiceCore

@Suite("Decimal numbers as text")
struct DecimalTextTests {
  @Test(
    "are exact, with no more decimals than they need",
    arguments: [
      (0, "0"), (1, "0.000000001"), (1_500_000, "0.0015"), (2_000_000_000, "2"),
      (-20_000_000, "-0.02"), (1_000_000_010, "1.00000001"),
      (Int64.min, "-9223372036.854775808"), (Int64.max, "9223372036.854775807"),
    ] as [(Int64, String)]
  )
  func exact(nano: Int64, text: String) {
    #expect(DecimalText.text(ofNano: nano) == text)
  }

  @Test(
    "have as many decimals as are asked for, and more if they need them",
    arguments: [(0, "0.00"), (2_000_000_000, "2.00"), (1_500_000, "0.0015"), (500_000_000, "0.50")]
      as [(Int64, String)]
  )
  func least(nano: Int64, text: String) {
    #expect(DecimalText.text(ofNano: nano, leastDecimals: 2) == text)
  }
}
