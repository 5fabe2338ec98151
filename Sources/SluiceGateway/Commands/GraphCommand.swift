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
    case .svg:
      do throws(Refusal) {
        return CommandAnswer(output: try Self.drawn(printer.dot))
      } catch {
        return CommandAnswer(error)
      }
    }
  }

  /// What Graphviz makes of a picture in its language.
  private static func drawn(_ dot: String) throws(Refusal) -> String {
    let name = "sluice-\(UUID().uuidString)"
    let folder = FileManager.default.temporaryDirectory.path
    let (source, drawing) = ("\(folder)/\(name).dot", "\(folder)/\(name).svg")
    defer {
      Files.remove(source)
      Files.remove(drawing)
    }
    let status: Int32
    do throws(IOFailure) {
      try Files.writeAtomically(Array(dot.utf8), to: source)
      status = try ChildProcess.run("dot", "-Tsvg", "-o\(drawing)", source)
    } catch .notFound {
      throw Refusal(
        "`dot` of Graphviz draws the picture, and is not on the PATH: install the package "
          + "`graphviz`, or print --format dot"
      )
    } catch {
      throw Refusal("`dot` cannot be run: \(error)")
    }
    guard status == 0 else { throw Refusal("`dot` ended with \(status)") }
    do throws(IOFailure) {
      let bytes = try Files.read(drawing, maximumBytes: Bounds.pictureBytes)
      return String(decoding: bytes, as: UTF8.self)
    } catch {
      throw Refusal("the picture cannot be read: \(error)")
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
