import SluiceCompiler
import SluiceCore
package import SluiceLanguage
import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceStores
import SluiceTelemetry

/// `sluice graph`: the pipeline that a bundle compiles to.
package struct GraphCommand: Sendable {
  package enum Format: String, Sendable, CaseIterable { case text, dot }

  package var path: String
  package var format = Format.text
  package var style = FindingsStyle()

  package init(path: String) { self.path = path }

  package func run() -> CommandAnswer {
    if let refusal = BundlePath.objection(to: [path]) { return CommandAnswer(refusal) }
    let (bundle, found) = BundleReader.load(paths: [path])
    let compiled = Compiler.compile(bundle, after: found)
    guard let policy = compiled.policy else {
      return CommandAnswer(
        notes: compiled.findings.rendered(as: .human, of: compiled.bundle, style: style),
        status: .errors
      )
    }
    let printer = GraphPrinter(
      Compiler.lower(policy, hash: compiled.hash, number: 1, ports: .unconnected(policy)).graph
    )
    switch format {
    case .text: return CommandAnswer(output: printer.text)
    case .dot: return CommandAnswer(output: printer.dot)
    }
  }
}

extension Ports {
  /// Ports for a graph that is looked at, or walked without asking anybody.
  static func unconnected(
    _ policy: Policy,
    keys: any KeyDirectory = KeyTable(),
    tokens: PromptCount? = nil,
    semantic: (MetricsRegistry) -> SemanticMemory? = { _ in nil }
  ) -> Ports {
    let metrics = MetricsRegistry()
    return Ports(
      keys: keys,
      counters: EmbeddedCounters(),
      cache: EmbeddedReplyCache(),
      ledger: JournaledLedger.unused(),
      flights: FlightTable(followers: metrics.flightFollowers),
      semantic: semantic(metrics),
      upstreams: Dictionary(
        policy.upstreams.map { ($0.name, Unconnected()) },
        uniquingKeysWith: { first, _ in first }
      ),
      tokens: tokens,
      metrics: metrics
    )
  }
}

/// An upstream that nobody may ask.
private struct Unconnected: Upstream {
  func send(
    _ request: UpstreamRequest,
    in world: any World,
    cancellation: Cancellation
  ) async throws(Failure) -> any UpstreamReply {
    throw Failure(.connectRefused)
  }
}
