import SluiceCore
import SluiceHTTP
import SluicePipeline
import Testing

@testable import SluiceGateway

@Suite("The gate of the admin listener")
struct AdminGateTests {
  private static let token = "sk-admin-0123456789abcdef"
  private static let bearer = "authorization: Bearer \(token)"
  private static let json = "content-type: application/json"

  private func rule(
    _ access: AdminGate.Access,
    _ fields: [String],
    admin: String = "127.0.0.1:9090",
    isLoopback: Bool = true
  ) throws -> AdminGate.Ruling {
    let head = try head("GET / HTTP/1.1", fields)
    let gate = AdminGate(token: AdminToken(Self.token), adminHost: admin, isLoopback: isLoopback)
    return gate.rule(on: access, fields: head.fields, host: head.host)
  }

  @Test(
    "lets people of this machine read",
    arguments: [
      "127.0.0.1:9090", "localhost:9090", "LOCALHOST", "[::1]:9090", "127.0.0.2", "localhost:1234",
    ]
  )
  func readsOnLoopback(host: String) throws {
    #expect(try rule(.read, ["host: \(host)"]) == .pass)
  }

  @Test(
    "refuses a page that makes its own name mean this machine",
    arguments: [
      "evil.example", "localhost.evil.example:9090", "192.0.2.1:9090", "127.0.0.1.nip.io",
    ]
  )
  func refusesRebinding(host: String) throws {
    #expect(try rule(.read, ["host: \(host)"]) == .refuse(.unknownHost))
    let fields = ["host: \(host)", Self.bearer, Self.json]
    #expect(try rule(.change, fields) == .refuse(.unknownHost))
  }

  @Test("asks readers from elsewhere for the token")
  func readsFromElsewhere() throws {
    let host = "host: 192.0.2.1:9090"
    let admin = "192.0.2.1:9090"
    #expect(try rule(.read, [host], admin: admin, isLoopback: false) == .refuse(.missingToken))
    #expect(try rule(.read, [host, Self.bearer], admin: admin, isLoopback: false) == .pass)
  }

  @Test("lets nobody change anything without token, host and media type")
  func changes() throws {
    let host = "host: 127.0.0.1:9090"
    #expect(try rule(.change, [host, Self.json]) == .refuse(.missingToken))
    #expect(try rule(.change, [host, Self.bearer]) == .refuse(.notJSON))
    let form = "content-type: application/x-www-form-urlencoded"
    #expect(try rule(.change, [host, Self.bearer, form]) == .refuse(.notJSON))
    #expect(try rule(.change, [host, Self.bearer, Self.json]) == .pass)
    #expect(try rule(.change, [host, Self.bearer, "\(Self.json); charset=utf-8"]) == .pass)
    #expect(try rule(.change, [host, "authorization: bearer \(Self.token)", Self.json]) == .pass)
  }

  @Test(
    "takes no other credential, not even for reading",
    arguments: [
      "authorization: Bearer sk-sluice-ofatenant", "authorization: Bearer ",
      "authorization: Basic sk-admin-0123456789abcdef",
      "authorization: Bearer \(token)x", "authorization: \(token)",
      "\(bearer)\r\n\(bearer)",
    ]
  )
  func wrongCredentials(field: String) throws {
    let fields = ["host: localhost", field, Self.json]
    #expect(try rule(.change, fields) == .refuse(.wrongToken))
    #expect(try rule(.read, fields) == .refuse(.wrongToken))
  }

  @Test("knows the name that the listener was given, and any address if it listens on all")
  func ownName() throws {
    let fields = [Self.bearer, Self.json]
    #expect(
      try rule(
        .change,
        ["host: sluice.internal:9090"] + fields,
        admin: "sluice.internal:9090",
        isLoopback: false
      ) == .pass
    )
    let all = "0.0.0.0:9090"
    #expect(
      try rule(.change, ["host: 192.0.2.7:9090"] + fields, admin: all, isLoopback: false) == .pass
    )
    #expect(
      try rule(.change, ["host: evil.example"] + fields, admin: all, isLoopback: false)
        == .refuse(.unknownHost)
    )
  }

  @Test("tells anybody whether the process is well")
  func open() throws {
    #expect(try rule(.open, ["host: evil.example"], isLoopback: false) == .pass)
  }
}

@Suite("The routes of the admin listener")
struct AdminRouteTests {
  @Test("each answers to its own method only", arguments: AdminRoute.allCases)
  func methods(route: AdminRoute) throws {
    let path = route.rawValue
    let get = try head("GET \(path) HTTP/1.1")
    let post = try head("POST \(path) HTTP/1.1", ["host: x", "content-length: 0"])
    switch route.access {
    case .open, .read:
      #expect(try AdminRoute.of(get) == route)
      #expect(throws: AdminError.methodNotAllowed(allowed: "GET, HEAD")) {
        try AdminRoute.of(post)
      }
    case .change:
      #expect(try AdminRoute.of(post) == route)
      #expect(throws: AdminError.methodNotAllowed(allowed: "POST")) { try AdminRoute.of(get) }
    }
  }

  @Test("the query is no part of the path, and there is nothing else")
  func paths() throws {
    #expect(try AdminRoute.of(try head("GET /graph?format=dot HTTP/1.1")) == .graph)
    #expect(throws: AdminError.notFound) { try AdminRoute.of(try head("GET /policy/ HTTP/1.1")) }
  }
}

@Suite("The bodies of orders")
struct AdminOrderTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test("an invalidation names exactly one thing")
  func selection() throws {
    func named(_ body: String) throws -> CacheSelection {
      let order = try AdminOrder.invalidation(bytes(body))
      #expect(order.reason.isEmpty)
      #expect(order.by == "admin")
      return order.selection
    }
    #expect(try named(#"{"product":"support"}"#) == .product("support"))
    #expect(try named(#"{"tag":"catalog"}"#) == .tag("catalog"))
    #expect(try named(#"{"everything":true}"#) == .everything)
    let digits = String(repeating: "0a", count: 32)
    #expect(try named(#"{"key":"\#(digits)"}"#) == .key(#require(Digest(hex: digits))))
  }

  @Test("an invalidation may say why, and who; the command says it as the listener reads it")
  func reasonOfAnInvalidation() throws {
    let command = InvalidateCommand(
      stateFolder: "",
      selection: .tag("catalog"),
      reason: "new prices",
      by: "ada"
    )
    let order = try AdminOrder.invalidation(command.body)
    #expect(order == .init(selection: .tag("catalog"), reason: "new prices", by: "ada"))
    #expect(InvalidateCommand.words(of: bytes(#"{"forgotten":1}"#)) == "1 answer was forgotten\n")
    #expect(InvalidateCommand.words(of: bytes(#"{"forgotten":7}"#)) == "7 answers were forgotten\n")
  }

  @Test(
    "what is not exactly that is refused",
    arguments: [
      "", "{}", "[]", "null", #"{"product":""}"#, #"{"product":1}"#, #"{"everything":false}"#,
      #"{"product":"a","tag":"b"}"#, #"{"product":"a","product":"b"}"#, #"{"prodct":"a"}"#,
      #"{"key":"xyz"}"#, #"{"tag":"a""#, #"{"reason":"why"}"#, #"{"tag":"a","reason":""}"#,
      #"{"tag":"a","everything":true}"#,
    ]
  )
  func badSelection(body: String) {
    #expect(throws: AdminError.self) { try AdminOrder.invalidation(bytes(body)) }
  }

  @Test("a reload is forced only when it says so")
  func force() throws {
    #expect(try AdminOrder.isForced([]) == false)
    #expect(try AdminOrder.isForced(bytes("{}")) == false)
    #expect(try AdminOrder.isForced(bytes(#"{"force":true}"#)) == true)
    #expect(throws: AdminError.self) { try AdminOrder.isForced(bytes(#"{"froce":true}"#)) }
    #expect(throws: AdminError.self) { try AdminOrder.isForced(bytes(#"{"force":1}"#)) }
  }
}

@Suite("The page for people")
struct AdminPageTests {
  @Test("escapes what comes from outside")
  func escapes() {
    #expect(AdminPage.escaped(#"<a b="c">&'"#) == "&lt;a b=&quot;c&quot;&gt;&amp;&#39;")
  }

  @Test(
    "durations read as a policy says them",
    arguments: [
      (Duration.seconds(90), "90s"), (.seconds(300), "5m"), (.milliseconds(1), "1ms"),
      (.seconds(86_400), "1d"), (.zero, "0ns"), (.nanoseconds(7), "7ns"),
    ]
  )
  func durations(duration: Duration, text: String) {
    #expect(duration.policyText == text)
  }
}
