import SluiceCore
import SluiceDialects
import SluicePipeline
import SluicePolicy
import SluiceStages
import Testing

@Suite("Exact key")
struct ExactKeyTests {
  private func key(
    service: ModelSettings.Service = .chat,
    scope: CacheScope = .product,
    product: String = "support",
    target: String = "fast",
    model: String = "m",
    upstream: String = "u",
    upstreamName: String = "m",
    extra: String? = nil,
    body: String = "b"
  ) -> Digest {
    ExactKey.digest(
      service: service,
      scope: scope,
      product: product,
      target: target,
      primary: ModelSettings(
        name: model,
        upstream: upstream,
        upstreamName: upstreamName,
        context: 1,
        maxOutput: 1
      ),
      extra: extra,
      bodyBytes: body.utf8.count
    ) { $0 += body.utf8 }
  }

  @Test("every part makes another key, and no part can pass for another")
  func distinct() {
    let keys = [
      key(), key(product: "supportf", target: "ast"), key(target: "fas", model: "tm"),
      key(model: "n"), key(upstream: "v"), key(upstreamName: "n"), key(extra: ""),
      key(service: .completions), key(service: .embeddings), key(extra: "b", body: ""),
      key(body: "bb"), key(product: ""),
      key(scope: .tenant("acme", isAnonymous: false)),
      key(scope: .tenant("", isAnonymous: false)), key(scope: .tenant("", isAnonymous: true)),
      key(scope: .user(tenant: "acme", user: "ada", keyID: "")),
      key(scope: .user(tenant: "acmea", user: "da", keyID: "")),
      key(scope: .user(tenant: "acme", user: "", keyID: "ada")),
      key(scope: .user(tenant: "other", user: "ada", keyID: "")),
    ]
    #expect(Set(keys).count == keys.count)
    #expect(key() == key())
  }

  @Test("a scope is made of who asks: a key without a user is a user of its own")
  func scopes() {
    func caller(_ keyID: String, _ tenant: String, _ user: String) -> Caller {
      Caller(keyID: keyID, tenant: tenant, user: user, address: HostAddress(ipv4: 1))
    }
    #expect(
      CacheScope(.user, of: caller("k1", "acme", "ada"))
        == CacheScope(.user, of: caller("k2", "acme", "ada"))
    )
    #expect(
      CacheScope(.user, of: caller("k1", "acme", ""))
        != CacheScope(.user, of: caller("k2", "acme", ""))
    )
    #expect(
      CacheScope(.user, of: caller("k1", "acme", "ada"))
        != CacheScope(.user, of: caller("k1", "other", "ada"))
    )
    #expect(
      CacheScope(.tenant, of: caller("k1", "acme", "ada"))
        == CacheScope(.tenant, of: caller("k2", "acme", "bob"))
    )
    #expect(
      CacheScope(.tenant, of: caller("", "", "ip:1"))
        != CacheScope(.tenant, of: caller("k1", "", ""))
    )
  }

  @Test(
    "bodies that differ only in what does not matter have the same text",
    arguments: [
      #"{"messages":[{"role":"user","content":"hi"}],"model":"b","temperature":0.70}"#,
      #"{"stream":true,"stream_options":{"include_usage":true},"user":"x","temperature":7e-1,"model":"a","messages":[{"content":"hi","role":"user"}]}"#,
      #"{ "model" : "a", "temperature": 0.7, "messages": [ {"role":"user","content":"\u0068i"} ] }"#,
    ]
  )
  func canonical(body: String) throws {
    var text: [UInt8] = []
    try ModelRequest(Array(body.utf8)).appendCacheText(to: &text)
    #expect(
      String(decoding: text, as: UTF8.self)
        == #"{"messages":[{"content":"hi","role":"user"}],"temperature":7e-1}"#
    )
  }
}
