import Testing

@testable import SluiceReactor

@Suite struct SocketAddressTests {
  @Test(
    "prints what it parsed",
    arguments: ["127.0.0.1:8080", "0.0.0.0:0", "[::1]:65535", "[::]:1", "[2001:db8::a]:443"]
  )
  func roundTrip(text: String) throws {
    #expect(try #require(SocketAddress(text)).description == text)
  }

  @Test(
    "refuses anything else",
    arguments: [
      "", ":", "127.0.0.1", "127.0.0.1:", ":8080", "127.0.0.1:65536", "127.0.0.1:-1",
      "127.0.0.1:+1", "127.0.0.1: 1", "::1:80", "[127.0.0.1]:80", "[::1:80", "localhost:80",
      "256.0.0.1:80", "1.2.3:80", "127.0.0.1\u{0}:80",
    ]
  )
  func refusals(text: String) {
    #expect(SocketAddress(text) == nil)
  }

  @Test("a mapped address is the IPv4 address it names")
  func mapped() throws {
    let mapped = try #require(SocketAddress("[::ffff:127.0.0.1]:80"))
    #expect(mapped == SocketAddress("127.0.0.1:80"))
    #expect(mapped.isLoopback)
    #expect(!mapped.isIPv6)
    #expect(mapped.bytes == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1])
  }

  @Test("knows loopback and unspecified addresses")
  func kinds() throws {
    for (text, isLoopback, isUnspecified) in [
      ("127.8.9.1:1", true, false), ("[::1]:1", true, false), ("10.0.0.1:1", false, false),
      ("[::2]:1", false, false), ("0.0.0.0:1", false, true), ("[::]:1", false, true),
      ("128.0.0.1:1", false, false),
    ] {
      let address = try #require(SocketAddress(text))
      #expect(address.isLoopback == isLoopback, "\(text)")
      #expect(address.isUnspecified == isUnspecified, "\(text)")
    }
  }

  @Test("is within the networks whose first bits it shares")
  func networks() throws {
    for (text, network, prefix, isWithin) in [
      ("10.1.2.3", "10.0.0.0", 8, true), ("11.1.2.3", "10.0.0.0", 8, false),
      ("10.1.2.3", "10.1.2.3", 32, true), ("10.1.2.3", "10.1.2.2", 32, false),
      ("10.1.2.3", "10.1.2.2", 31, true), ("1.2.3.4", "0.0.0.0", 0, true),
      ("2001:db8::1", "2001:db8::", 64, true), ("2001:db8:0:1::1", "2001:db8::", 64, false),
      ("2001:db8::1", "2001:db8::", 127, true), ("2001:db8::2", "2001:db8::", 127, false),
      ("::1", "::", 0, true), ("::1", "0.0.0.0", 0, false), ("1.2.3.4", "::", 0, false),
    ] {
      let address = try #require(SocketAddress(host: text, port: 0))
      let other = try #require(SocketAddress(host: network, port: 0))
      #expect(
        address.isWithin(other, prefix: prefix) == isWithin,
        "\(text) in \(network)/\(prefix)"
      )
    }
  }
}
