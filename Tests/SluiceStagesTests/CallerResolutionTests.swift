import SluiceCore
import SluiceDialects
import SluiceHTTP
import SluicePipeline
import SluicePolicy
import SluiceStages
import Testing

@Suite("Caller resolution")
struct CallerResolutionTests {
  private static let digest = Digest(of: Array("sk-good".utf8))
  private static let record = KeyRecord(
    id: "k1",
    digest: digest,
    tenant: "acme",
    user: "ada",
    tier: "premium",
    products: ["support", "pricing"],
    expiresAt: 2_000
  )

  private func settings(
    keys: String? = "keys.jsonl",
    anonymous: IdentitySettings.Anonymous? = nil,
    accept: Set<IdentitySettings.AcceptedHeader> = [.user, .tier]
  ) throws -> IdentitySettings {
    var settings = IdentitySettings()
    settings.keys = keys
    settings.anonymous = anonymous
    settings.accept = accept
    settings.trustFrom = [try #require(Network("10.0.0.0/8")), try #require(Network("fd00::/8"))]
    return settings
  }

  private func rule(
    _ settings: IdentitySettings,
    record: KeyRecord? = record,
    now: Int64 = 1_000,
    _ change: (inout Claims) -> Void = { _ in }
  ) throws -> CallerResolution.Ruling {
    var claims = Claims(peer: try #require(HostAddress("192.0.2.7")))
    claims.credential = .key(Self.digest)
    change(&claims)
    return CallerResolution(settings, tiers: ["free", "premium"])
      .rule(on: claims, record: record, at: now)
  }

  private func caller(_ ruling: CallerResolution.Ruling) -> Caller? {
    switch ruling {
    case .known(let caller), .anonymous(let caller): caller
    case .refused: nil
    }
  }

  private func error(_ ruling: CallerResolution.Ruling) -> APIError? {
    if case .refused(let error, _) = ruling { error } else { nil }
  }

  @Test(
    "a field about who asks that stands twice is refused, not chosen from",
    arguments: [
      "x-sluice-product", "x-sluice-user", "x-sluice-tier", "x-sluice-tag",
    ]
  )
  func repeatedField(_ name: String) throws {
    #expect(try claims(HeaderFields([(name, "support")])).repeated.isEmpty)
    let repeated = try claims(HeaderFields([(name, "support"), (name, "free")])).repeated
    #expect(repeated.map { $0.lowercased() } == [name])
    let error = try error(rule(settings()) { $0.repeated = repeated })
    #expect(error?.status == 400 && error?.code == "duplicate_header")
  }

  private func claims(_ fields: HeaderFields) throws -> Claims {
    Claims(
      ClientRequest(
        service: .chat,
        method: "POST",
        path: "/v1/chat/completions",
        fields: fields,
        body: [],
        peer: try #require(HostAddress("10.0.0.1"))
      )
    )
  }

  @Test("a good key says who its holder is; its first product is the default")
  func known() throws {
    let ruling = try rule(settings())
    guard case .known(let caller) = ruling else {
      Issue.record("\(ruling)")
      return
    }
    #expect(caller.keyID == "k1")
    #expect(caller.tenant == "acme")
    #expect(caller.user == "ada")
    #expect(caller.tier == "premium")
    #expect(caller.product == "support")
    #expect(!caller.isTrustedNetwork)
  }

  @Test("every bad key is refused in the same words, anonymous or not")
  func badKeys() throws {
    for anonymous in [nil, IdentitySettings.Anonymous()] {
      let settings = try settings(anonymous: anonymous)
      #expect(try error(rule(settings, record: nil)) == .invalidKey)
      #expect(try error(rule(settings, now: 2_000)) == .invalidKey)
      #expect(try error(rule(settings) { $0.credential = .unusable }) == .invalidKey)
    }
    #expect(try caller(rule(settings(), now: 1_999)) != nil)
  }

  @Test("without a key, anonymous is let in if the policy says so")
  func anonymous() throws {
    let anonymous = IdentitySettings.Anonymous(tier: "free", products: ["support"])
    let ruling = try rule(settings(anonymous: anonymous)) { $0.credential = .none }
    #expect(
      try ruling
        == .anonymous(
          Caller(
            user: "ip:192.0.2.7",
            tier: "free",
            product: "support",
            address: #require(HostAddress("192.0.2.7"))
          )
        )
    )
    #expect(try error(rule(settings()) { $0.credential = .none }) == .missingKey)
  }

  @Test("where no file of keys is named, a key that an SDK insists on is not looked at")
  func noKeys() throws {
    let settings = try settings(keys: nil, anonymous: .init())
    #expect(try caller(rule(settings, record: nil))?.user == "ip:192.0.2.7")
    #expect(
      CallerResolution(settings, tiers: [])
        .key(
          in: Claims(
            Fixture()
              .exchange(
                Fixture.graph(Always()),
                fields: [("Authorization", "Bearer x")]
              )
              .request
          )
        ) == nil
    )
  }

  @Test(
    "tags of kept answers count from a trusted network that may set them, or by the key's right"
  )
  func cacheTags() throws {
    var granted = Self.record
    granted.maySetTag = true
    let accepting = try settings(accept: [.cacheTags])
    func tags(
      _ settings: IdentitySettings,
      record: KeyRecord = Self.record,
      from peer: String = "192.0.2.7"
    ) throws -> [String]? {
      let address = try #require(HostAddress(peer))
      return try caller(
        rule(settings, record: record) { claims in
          claims.peer = address
          claims.cacheTags = ["catalog", "", "eu/prices"]
        }
      )?
      .cacheTags
    }
    #expect(try tags(accepting, from: "10.1.2.3") == ["catalog", "eu/prices"])
    #expect(try tags(settings(accept: [.tag]), from: "10.1.2.3") == [])
    #expect(try tags(accepting) == [])
    #expect(try tags(settings(accept: []), record: granted) == ["catalog", "eu/prices"])
  }

  @Test("tags of kept answers that are none, or too many, are refused where they count")
  func badCacheTags() throws {
    var granted = Self.record
    granted.maySetTag = true
    let many = (0...Bounds.cacheTags).map { "t\($0)" }
    for tags in [["a b"], ["ok", "é"], [String(repeating: "x", count: 65)], many] {
      let refusal = try error(rule(settings(), record: granted) { $0.cacheTags = tags })
      #expect(refusal?.status == 400)
      #expect(refusal?.code == "invalid_cache_tags")
      #expect(try caller(rule(settings()) { $0.cacheTags = tags })?.cacheTags == [])
    }
    let most = Array(many.prefix(Bounds.cacheTags))
    #expect(
      try caller(rule(settings(), record: granted) { $0.cacheTags = most })?.cacheTags == most
    )
  }

  @Test("tags of kept answers are read from one field or several")
  func readsCacheTags() {
    let request = Fixture()
      .exchange(
        Fixture.graph(Always()),
        fields: [("X-Sluice-Cache-Tags", "a, b ,"), ("x-sluice-cache-tags", "c")]
      )
      .request
    #expect(Claims(request).cacheTags.filter { !$0.isEmpty } == ["a", "b", "c"])
  }

  @Test("a product is chosen among those of the key, and no other")
  func products() throws {
    #expect(try caller(rule(settings()) { $0.product = "pricing" })?.product == "pricing")
    #expect(
      try error(rule(settings()) { $0.product = "other" }) == .productNotAllowed("other")
    )
    #expect(
      try error(
        rule(settings(anonymous: .init())) { claims in
          claims.credential = .none
          claims.product = "support"
        }
      ) == .productNotAllowed("support")
    )
  }

  @Test("user and tier count only from a trusted network and only if they are accepted")
  func headers() throws {
    let trusted = try #require(HostAddress("10.1.2.3"))
    func ask(
      _ settings: IdentitySettings,
      from peer: HostAddress?,
      tier: String = "free"
    ) throws -> CallerResolution.Ruling {
      try rule(settings) { claims in
        if let peer { claims.peer = peer }
        claims.user = "bob"
        claims.tier = tier
      }
    }
    let outside = try caller(ask(settings(), from: nil))
    #expect(outside?.user == "ada")
    #expect(outside?.tier == "premium")
    let inside = try caller(ask(settings(), from: trusted))
    #expect(inside?.user == "bob")
    #expect(inside?.tier == "free")
    #expect(inside?.isTrustedNetwork == true)
    let userOnly = try caller(ask(settings(accept: [.user]), from: trusted, tier: "made up"))
    #expect(userOnly?.user == "bob")
    #expect(userOnly?.tier == "premium")
    #expect(try error(ask(settings(), from: trusted, tier: "made up")) == .permissionDenied)
  }

  @Test(
    "a user's name that is too long or holds controls is refused",
    arguments: [
      String(repeating: "x", count: 257), "a\u{7f}", "a\u{85}b",
    ]
  )
  func badNames(name: String) throws {
    let trusted = try #require(HostAddress("10.1.2.3"))
    let ruling = try rule(settings()) { claims in
      claims.peer = trusted
      claims.user = name
    }
    #expect(error(ruling)?.status == 400)
  }

  @Test(
    "the client's address is the right-most hop that is not trusted",
    arguments: [
      // An untrusted peer is the client, whatever it says.
      ("192.0.2.7", ["203.0.113.1"], "192.0.2.7"),
      ("10.0.0.1", [], "10.0.0.1"),
      ("10.0.0.1", ["203.0.113.1"], "203.0.113.1"),
      ("10.0.0.1", ["1.1.1.1", "203.0.113.1", "10.0.0.2"], "203.0.113.1"),
      ("10.0.0.1", ["10.0.0.3", "10.0.0.2"], "10.0.0.3"),
      ("10.0.0.1", ["203.0.113.1", "unknown"], "10.0.0.1"),
      ("10.0.0.1", ["203.0.113.1:4711"], "203.0.113.1"),
      ("10.0.0.1", ["[2001:db8::1]:80"], "2001:db8::1"),
      ("10.0.0.1", ["2001:db8::1", "fd00::1"], "2001:db8::1"),
      ("10.0.0.1", ["203.0.113.1", ""], "10.0.0.1"),
    ] as [(String, [String], String)]
  )
  func address(peer: String, hops: [String], expected: String) throws {
    let ruling = try rule(settings(anonymous: .init())) { claims in
      claims.credential = .none
      claims.peer = HostAddress(peer) ?? claims.peer
      claims.forwardedFor = hops
    }
    #expect(caller(ruling)?.address.description == expected)
  }

  @Test("an IPv6 client counts as its /64")
  func slash64() throws {
    let ruling = try rule(settings(anonymous: .init())) { claims in
      claims.credential = .none
      claims.peer = HostAddress("2001:db8:1:2:3:4:5:6") ?? claims.peer
    }
    #expect(caller(ruling)?.user == "ip:2001:db8:1:2::/64")
  }
}

/// A stage with one exit.
struct Always: Stage {
  let exits = ["on"]
  func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex { ExitIndex(0) }
}
