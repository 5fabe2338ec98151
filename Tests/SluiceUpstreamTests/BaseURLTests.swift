import Testing

@testable import SluiceUpstream

@Suite struct BaseURLTests {
  @Test(
    "reads host, port and prefix",
    arguments: [
      ("http://localhost", "localhost", 80, "", "localhost"),
      ("http://localhost/", "localhost", 80, "", "localhost"),
      ("HTTP://Example.com:8000/v1", "example.com", 8000, "/v1", "example.com:8000"),
      ("http://127.0.0.1:80/v1/", "127.0.0.1", 80, "/v1", "127.0.0.1"),
      ("http://[::1]:11434/api/v2", "::1", 11434, "/api/v2", "[::1]:11434"),
      ("http://[2001:db8::7]", "2001:db8::7", 80, "", "[2001:db8::7]"),
      ("https://api.openai.com/v1", "api.openai.com", 443, "/v1", "api.openai.com"),
      ("HTTPS://host:443", "host", 443, "", "host"),
      ("https://host:80", "host", 80, "", "host:80"),
      ("http://host:443", "host", 443, "", "host:443"),
    ]
  )
  func reads(text: String, host: String, port: UInt16, prefix: String, authority: String) throws {
    let url = try BaseURL(text)
    #expect(url.host == host)
    #expect(url.port == port)
    #expect(url.prefix == prefix)
    #expect(url.authority == authority)
    #expect(url.isSecure == text.lowercased().hasPrefix("https:"))
  }

  @Test(
    "refuses what might send a secret elsewhere, and says why",
    arguments: [
      ("ftp://host", UpstreamSetupError.notHTTP),
      ("https:/host", .notHTTP),
      ("https//host", .notHTTP),
      ("host:8000", .notHTTP),
      ("", .notHTTP),
      ("http://", .badHost),
      ("http:///v1", .badHost),
      ("http://:80", .badHost),
      ("http://user:pass@host/", .userInformation),
      ("http://host@evil/", .userInformation),
      ("http://host/v1?x=1", .queryOrFragment),
      ("http://host?x", .queryOrFragment),
      ("http://host/#x", .queryOrFragment),
      ("http://host:0", .badPort),
      ("http://host:65536", .badPort),
      ("http://host:+80", .badPort),
      ("http://host:", .badPort),
      ("http://ho st/", .badHost),
      ("http://höst/", .badHost),
      ("http://host\r\nX/", .badHost),
      ("http://[::1", .badHost),
      ("http://[host]/", .badHost),
      ("http://host/a/../b", .badPath),
      ("http://host/./b", .badPath),
      ("http://host//b", .badPath),
      ("http://host/a b", .badPath),
      ("http://host/a\r\nb", .badPath),
    ]
  )
  func refuses(text: String, error: UpstreamSetupError) {
    #expect(throws: error) { try BaseURL(text) }
  }

  @Test("never repeats what it refuses")
  func quotesNothing() {
    for error in UpstreamSetupError.allCases { #expect(!error.message.contains("@")) }
  }
}
