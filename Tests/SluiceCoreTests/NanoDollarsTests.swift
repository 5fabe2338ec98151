import SluiceCore
import Testing

@Suite("Money")
struct NanoDollarsTests {
  @Test(
    "reads and prints dollars without loss",
    arguments: ["0.02", "5.00", "-1.50", "0.000000001"]
  )
  func roundTrips(text: String) throws {
    let amount = try #require(NanoDollars(dollars: text))
    #expect(amount.description == text)
  }

  @Test(
    "refuses what is not plain dollars",
    arguments: ["", ".5", "5.", "1e3", "$5", "1.0000000001", "99999999999"]
  )
  func refuses(text: String) { #expect(NanoDollars(dollars: text) == nil) }

  @Test("a cost is rounded up once, over all its lines")
  func roundsUpOnce() {
    let halfNano = TokenPrice(nanoDollarsPerMillion: 500_000)
    let cost = NanoDollars(costOf: PricedTokens(1, at: halfNano), PricedTokens(1, at: halfNano))
    #expect(cost == NanoDollars(1))
    #expect(NanoDollars(costOf: PricedTokens(1, at: halfNano)) == NanoDollars(1))
  }

  @Test("a cost beyond the range is clamped, not wrapped")
  func clamps() {
    let dear = TokenPrice(nanoDollarsPerMillion: .max)
    #expect(NanoDollars(costOf: PricedTokens(.max, at: dear)) == NanoDollars(.max))
  }
}

@Suite("Digest")
struct DigestTests {
  @Test("is SHA-256 (FIPS 180-4, example of one block)")
  func knownAnswer() {
    let digest = Digest(of: Array("abc".utf8))
    #expect(digest.hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(Digest(hex: digest.hex) == digest)
    #expect(Digest(hex: "zz" + digest.hex.dropFirst(2)) == nil)
    #expect(Digest(hex: "+a" + digest.hex.dropFirst(2)) == nil)
  }
}
