import SluiceCore
import Testing

@Suite("Times as text")
struct UTCTimeTests {
  @Test(
    "reads what RFC 3339 allows",
    arguments: [
      ("1970-01-01T00:00:00Z", 0),
      ("2026-11-24T07:50:00Z", 1_795_506_600),
      ("2026-11-24T08:50:00.9+01:00", 1_795_506_600),
      ("2026-11-24t02:20:00-05:30", 1_795_506_600),
      ("2024-02-29T12:00:00Z", 1_709_208_000),
      ("1969-12-31T23:59:59Z", -1),
      ("9999-12-31T23:59:59Z", 253_402_300_799),
    ] as [(String, Int64)]
  )
  func reads(text: String, seconds: Int64) {
    #expect(UTCTime.seconds(of: text) == seconds)
  }

  @Test(
    "refuses the rest",
    arguments: [
      "", "2026", "2026-11-24", "2026-11-24T07:50:00", "2026-02-29T00:00:00Z",
      "2026-13-01T00:00:00Z", "2026-11-24T24:00:00Z", "2026-11-24T07:50:00.Z",
      "2026-11-24T07:50:00Zx", "2026-11-24T07:50:00+1:00", "+026-11-24T07:50:00Z",
      "2026-04-31T00:00:00Z", "0000-01-01T00:00:00Z",
    ]
  )
  func refuses(text: String) {
    #expect(UTCTime.seconds(of: text) == nil)
  }

  @Test("writes what it reads, over four centuries")
  func roundTrip() {
    var seconds: Int64 = -2_208_988_800  // 1900
    while seconds < 9_223_372_036 {
      let text = UTCTime.text(ofWall: seconds * 1_000_000_000)
      #expect(UTCTime.seconds(of: text) == seconds)
      seconds += 86_400 * 13 + 12_345
    }
  }
}
