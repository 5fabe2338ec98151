import SluiceCompiler
import SluiceCore
import SluiceLanguage
import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceStores
import SluiceTelemetry
import Testing

/// Compiles texts, with stores in memory and upstreams that nobody may ask.
enum Compiled {
  static func policy(_ texts: [(path: String, text: String)]) throws -> Policy {
    let compilation = Compiler.compile(Bundle(texts: texts))
    let findings = compilation.findings.shown.map { "\($0.code.id) \($0.message)" }
    #expect(findings.filter { !$0.isEmpty } == [] || compilation.policy != nil, "\(findings)")
    return try #require(compilation.policy)
  }

  static func generation(
    _ policy: Policy,
    metrics: MetricsRegistry = MetricsRegistry()
  )
    -> Generation
  {
    Compiler.lower(
      policy,
      hash: "hash",
      number: 1,
      ports: Ports(
        keys: KeyTable(),
        counters: EmbeddedCounters(),
        cache: EmbeddedReplyCache(),
        ledger: JournaledLedger.unused(),
        flights: FlightTable(followers: metrics.flightFollowers),
        upstreams: Dictionary(
          uniqueKeysWithValues: policy.upstreams.map { ($0.name, UnaskedUpstream()) }
        ),
        metrics: metrics
      )
    )
  }

  static func graph(_ text: String) throws -> Graph {
    generation(try policy([("policy.yaml", text)])).graph
  }
}

/// An upstream of tests that only look at the graph.
struct UnaskedUpstream: Upstream {
  func send(
    _ request: UpstreamRequest,
    in world: any World,
    cancellation: Cancellation
  ) async throws(Failure) -> any UpstreamReply {
    preconditionFailure("nobody asks an upstream here")
  }
}
