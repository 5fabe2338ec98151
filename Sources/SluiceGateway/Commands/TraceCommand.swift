import SluiceCompiler
import SluiceCore
import SluiceDialects
import SluiceHTTP
package import SluiceLanguage
import SluicePipeline
import SluicePolicy
import SluiceReactor
import SluiceSemantics
import SluiceStages
import SluiceTelemetry

/// `sluice trace`: the walk that a request would take, without asking an upstream.
///
/// The real graph decides; what is left out is only the sending. Counts and caches start empty.
package struct TraceCommand: Sendable {
  /// Who asks, as `--as` says.
  ///
  /// Without user, tier and tenant there is no key.
  package struct Asker: Sendable, Equatable {
    package var user: String?
    package var tier: String?
    package var tenant: String?
    package var product: String?
    package var address = "127.0.0.1"

    package init() {}

    /// Reads `user=ada,tier=premium,product=support,ip=10.0.0.7,tenant=acme`.
    ///
    /// - Throws: `Refusal`: what is wrong with it.
    package init(_ text: String) throws(Refusal) {
      for part in text.split(separator: ",") {
        let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard pair.count == 2 else {
          throw Refusal(
            "`\(part)` is not NAME=VALUE; --as takes user, tier, tenant, product, ip",
            status: .usage
          )
        }
        let value = String(pair[1])
        switch pair[0] {
        case "user": user = value
        case "tier": tier = value
        case "tenant": tenant = value
        case "product": product = value
        case "ip":
          guard HostAddress(value) != nil else {
            throw Refusal("`\(value)` is no IP address", status: .usage)
          }
          address = value
        default:
          throw Refusal(
            "--as knows no `\(pair[0])`; it takes user, tier, tenant, product, ip",
            status: .usage
          )
        }
      }
    }

    /// Whether it takes a key to be somebody.
    var hasKey: Bool { user != nil || tier != nil || tenant != nil }
  }

  package var path: String
  package var asker = Asker()
  /// The path that the request goes to.
  private var service = Service.chat
  package var style = FindingsStyle()
  /// Says where the tables of tokens lie, among others.
  package var environment: [String: String] = [:]

  package init(path: String) { self.path = path }

  /// Chooses the service that answers `path`, with or without `/v1` in front.
  ///
  /// - Throws: `Refusal`, if no model answers there.
  package mutating func ask(at path: String) throws(Refusal) {
    let known = Service.allCases.filter { $0.asked != nil }
    guard
      let service = known.first(where: { service in
        guard let end = service.asked?.path else { return false }
        return path == end || path == "/v1" + end
      })
    else {
      let paths = known.compactMap { $0.asked.map { "/v1" + $0.path } }.joined(separator: ", ")
      throw Refusal("no model answers at `\(path)`; --to takes \(paths)", status: .usage)
    }
    self.service = service
  }

  /// Traces one request.
  ///
  /// - Parameter body: the JSON body of the request.
  /// - Returns: the trail and the outcome.
  package func run(body: [UInt8]) async -> CommandAnswer {
    if let refusal = BundlePath.objection(to: [path]) { return CommandAnswer(refusal) }
    let (bundle, found) = BundleReader.load(paths: [path])
    let compiled = Compiler.compile(bundle, after: found)
    guard var policy = compiled.policy else {
      return CommandAnswer(
        notes: compiled.findings.rendered(as: .human, of: compiled.bundle, style: style),
        status: .errors
      )
    }
    if let refusal = objection(under: policy) { return CommandAnswer(refusal) }
    // A key that says what `--as` says, also where the policy names no file of keys.
    if asker.hasKey, policy.identity.keys == nil { policy.identity.keys = "--as" }
    let keys = TracedKey(record: asker.record(under: policy))
    let tokens: PromptCount?
    do throws(TokenTableError) {
      tokens =
        policy.countsTokens
        ? PromptCount(
          try TokenCounters.of(environment: environment).counter(for: .cl100k),
          remembering: RememberedCounts()
        ) : nil
    } catch {
      return CommandAnswer(Refusal("\(error)"))
    }
    let generation = Compiler.lower(
      policy,
      hash: compiled.hash,
      number: 1,
      ports: .unconnected(policy, keys: keys, tokens: tokens) { metrics in
        policy.needsEncoder ? semanticMemory(metrics) : nil
      }
    )
    do {
      let loops = try EventLoopGroup(count: 1)
      let loop = loops.loops[0]
      let text = await Task(executorPreference: loop) { [asker, service] in
        await Self.trace(body, service, asker: asker, generation: generation, world: loop)
      }
      .value
      loops.stop()
      return CommandAnswer(output: text)
    } catch {
      return CommandAnswer(Refusal("the process gets no thread: \(error)"))
    }
  }

  /// A memory with the encoder of this machine; without one the trail says what is missing.
  private func semanticMemory(_ metrics: MetricsRegistry) -> SemanticMemory {
    do throws(SentenceEncoderError) {
      let encoder = try SentenceEncoders.of(environment: environment).encoder()
      return SemanticMemory(
        embedder: LocalEmbedder(
          encoder,
          on: WorkInPlace(),
          meters: EmbeddingMeters(in: metrics),
          now: { 0 }
        ),
        index: NoIndex(),
        indexing: WorkInPlace(),
        learning: WorkInPlace(),
        metrics: metrics
      )
    } catch {
      return .without(NoEmbedder(because: "\(error)"), metrics: metrics)
    }
  }

  private func objection(under policy: Policy) -> Refusal? {
    if let tier = asker.tier, !tier.isEmpty, !policy.tiers.contains(where: { $0.name == tier }) {
      let known = policy.tiers.map(\.name).joined(separator: ", ")
      return Refusal("the policy has no tier `\(tier)`; it has: \(known)", status: .usage)
    }
    if let product = asker.product, !product.isEmpty,
      !policy.products.contains(where: { $0.name == product })
    {
      let known = policy.products.map(\.name).joined(separator: ", ")
      return Refusal("the policy has no product `\(product)`; it has: \(known)", status: .usage)
    }
    return nil
  }

  private static func trace(
    _ body: [UInt8],
    _ service: Service,
    asker: Asker,
    generation: Generation,
    world: EventLoop
  ) async -> String {
    let exchange = Exchange(
      id: "req_trace",
      request: ClientRequest(
        service: service,
        method: "POST",
        path: "/v1\(service.asked?.path ?? "")",
        fields: asker.fields,
        body: body,
        peer: HostAddress(asker.address) ?? HostAddress(ipv4: 0x7f00_0001)
      ),
      generation: generation,
      world: world,
      sink: NoSink(),
      cancellation: Cancellation(),
      startedAt: world.now,
      deadline: .max,
      isTraced: true
    )
    await GraphRunner.run(exchange, service: service)
    return TracePrinter.text(of: exchange)
  }
}

extension TraceCommand.Asker {
  /// The fields of the request.
  fileprivate var fields: HeaderFields {
    var head: [UInt8] = []
    RequestWriter.begin(.post, target: "/v1/chat/completions", host: "localhost", to: &head)
    if hasKey { HeadWriter.append("Authorization", "Bearer traced", to: &head) }
    if let product, !hasKey { HeadWriter.append("X-Sluice-Product", product, to: &head) }
    HeadWriter.append("Content-Type", "application/json", to: &head)
    HeadWriter.append("Content-Length", 0, to: &head)
    HeadWriter.end(&head)
    var parser = RequestHeadParser()
    guard case .head(let parsed, consumed: _) = parser.parse(head.span) else {
      // A product is declared by the policy, whose names hold nothing that a head may not.
      preconditionFailure("the head is well-formed")
    }
    return parsed.fields
  }

  fileprivate func record(under policy: Policy) -> KeyRecord {
    KeyRecord(
      id: "--as",
      digest: Digest(of: []),
      tenant: tenant ?? "",
      user: user ?? "",
      tier: tier ?? policy.identity.anonymous?.tier ?? "",
      products: product.map { [$0] } ?? policy.identity.anonymous?.products ?? [],
      expiresAt: nil
    )
  }
}

/// The one key that there is in a trace.
private struct TracedKey: KeyDirectory {
  let record: KeyRecord
  func record(of digest: Digest) -> KeyRecord? { record }
}

/// Where the reply of a traced exchange goes.
private final class NoSink: ReplySink {
  func begin(status: Int, fields: [(name: String, value: String)]) async throws(Failure) {}
  func write(_ bytes: [UInt8]) async throws(Failure) {}
  func finish() async throws(Failure) {}
}
