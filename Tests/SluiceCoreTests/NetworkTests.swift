import SluiceCore
import Testing

@Suite("Networks")
struct NetworkTests {
  @Test(
    "reads and prints addresses in their canonical form",
    arguments: [
      ("192.0.2.1", "192.0.2.1"), ("::", "::"), ("::1", "::1"),
      ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
      ("::ffff:10.0.0.1", "10.0.0.1"), ("1::", "1::"), ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
    ]
  )
  func roundTrips(text: String, canonical: String) {
    #expect(HostAddress(text)?.description == canonical)
  }

  @Test(
    "refuses what is not an address",
    arguments: [
      "", ":", ":::", "1:2", "1::2::3", "01.2.3.4", "1.2.3", "256.1.1.1", "1:2:3:4:5:6:7:8:9",
      "+1::", "g::", "::1:",
    ]
  )
  func refuses(text: String) { #expect(HostAddress(text) == nil) }

  @Test("a block holds its own addresses and no others")
  func contains() throws {
    let ten = try #require(Network("10.0.0.0/8"))
    #expect(ten.contains(try #require(HostAddress("10.255.0.1"))))
    #expect(!ten.contains(try #require(HostAddress("11.0.0.1"))))
    #expect(ten.description == "10.0.0.0/8")
    #expect(Network("10.0.0.1/8") == nil)
    #expect(Network("10.0.0.0/33") == nil)
    #expect(try #require(Network("0.0.0.0/0")).isEverything)
    #expect(try #require(Network("::/0")).isEverything)
    #expect(!ten.isEverything)
  }
}
