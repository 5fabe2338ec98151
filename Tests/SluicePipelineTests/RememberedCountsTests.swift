import SluiceCore
import Testing

@testable import SluicePipeline

@Suite("Remembered counts")
struct RememberedCountsTests {
  private func digest(_ number: Int) -> Digest { Digest(of: Array("\(number)".utf8)) }

  @Test("answer for a body that was counted before without counting again")
  func remembers() {
    let counts = RememberedCounts(capacity: 4)
    #expect(counts.count(of: digest(1)) { 17 } == 17)
    #expect(counts.count(of: digest(1)) { 99 } == 17)
    #expect(counts.known(digest(2)) == nil)
  }

  @Test("keep the last ones asked for, and never more than twice their capacity")
  func bounded() {
    let counts = RememberedCounts(capacity: 4)
    for number in 0..<100 {
      counts.remember(number, for: digest(number))
      #expect(counts.known(digest(0)) == 0, "asked for all the time, so kept")
      #expect(counts.held <= 8)
    }
    for number in 97..<100 { #expect(counts.known(digest(number)) == number) }
    #expect(counts.known(digest(50)) == nil)
  }
}
