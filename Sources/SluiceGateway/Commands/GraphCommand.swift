import FoundationEssentials
import SluiceCompiler
import SluiceCore
package import SluiceLanguage
import SluicePipeline
import SluicePolicy
import SluiceReactor
import SluiceStages
import SluiceStores
import SluiceTelemetry

/// `sluice graph`: the pipeline that a bundle compiles to.
package struct GraphCommand: Sendable {
  package enum Format: String, Sendable, CaseIterable { case text, dot, svg, mermaid }

  package var path: String
  package var format = Format.text
  package var style = FindingsStyle()
  /// The name of the file, among temporary ones, that Graphviz reads; no other process's.
  package var scratch = "sluice-graph.dot"

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
    case .mermaid: return CommandAnswer(output: printer.mermaid)
    case .svg: return draw(printer.dot)
    }
  }

  /// Has Graphviz draw a picture in its language, on the standard output of this process.
  private func draw(_ dot: String) -> CommandAnswer {
    let source = FileManager.default.temporaryDirectory.path + "/" + scratch
    defer { Files.remove(source) }
    do throws(IOFailure) {
      try Files.writeAtomically(Array(dot.utf8), to: source)
    } catch {
      return CommandAnswer(Refusal("`\(source)` cannot be written: \(error)"))
    }
    do throws(IOFailure) {
      let status = try ChildProcess.run("dot", "-Tsvg", source)
      return status == 0 ? CommandAnswer() : CommandAnswer(Refusal("`dot` ended with \(status)"))
    } catch .notFound {
      return CommandAnswer(
        Refusal(
          "`dot` of Graphviz draws the picture, and is not on the PATH: install the package "
            + "`graphviz`, or print --format dot"
        )
      )
    } catch {
      return CommandAnswer(Refusal("`dot` cannot be run: \(error)"))
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
