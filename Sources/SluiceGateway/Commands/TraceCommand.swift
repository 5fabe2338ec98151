import SluiceCompiler
import SluiceCore
import SluiceDialects
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

  package enum Format: Sendable { case text, json }

  package var path: String
  package var asker = Asker()
  /// The path that the request goes to.
  private var service = Service.chat
  /// Further fields of the request.
  private var headers: [TracedRequest.Header] = []
  private var wall: Int64?
  private var states: [TracedRequest.State] = []
  package var format = Format.text
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

  /// Gives the request a field, written `NAME: VALUE`.
  ///
  /// - Throws: `Refusal`, if that is none.
  package mutating func add(header text: String) throws(Refusal) {
    let pair = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard pair.count == 2, !pair[0].isEmpty else {
      throw Refusal("`\(text)` is not NAME: VALUE", status: .usage)
    }
    let value = pair[1].drop { $0 == " " }
    headers.append(TracedRequest.Header(name: String(pair[0]), value: String(value)))
  }

  /// Lets the request come at a time, written `2026-01-31T08:00:00Z`.
  ///
  /// - Throws: `Refusal`, if that is none.
  package mutating func come(at text: String) throws(Refusal) {
    guard let seconds = UTCTime.seconds(of: text) else {
      throw Refusal("`\(text)` is no time; write it like `2026-01-31T08:00:00Z`", status: .usage)
    }
    wall = seconds * 1_000_000_000
  }

  /// Sets what conditions read of a breaker, written `MODEL=STATE`.
  ///
  /// - Throws: `Refusal`, if that is none.
  package mutating func set(breaker text: String) throws(Refusal) {
    let pair = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard pair.count == 2, ["closed", "open", "half_open"].contains(pair[1]) else {
      throw Refusal("`\(text)` is not MODEL=closed, open or half_open", status: .usage)
    }
    states.append(.breaker(model: pair[0], state: pair[1]))
  }

  /// Sets what conditions read of what is left of a budget, written `BUDGET=$1.50`.
  ///
  /// - Throws: `Refusal`, if that is none.
  package mutating func set(remaining text: String) throws(Refusal) {
    let pair = text.split(separator: "=", maxSplits: 1)
    guard pair.count == 2, let amount = NanoDollars(dollars: pair[1].drop { $0 == "$" }) else {
      throw Refusal("`\(text)` is not BUDGET=$1.50", status: .usage)
    }
    states.append(.remaining(budget: String(pair[0]), amount))
  }

  /// Traces one request.
  ///
  /// - Parameter body: the JSON body of the request.
  /// - Returns: the trail and the outcome.
  package func run(body: [UInt8]) async -> CommandAnswer {
    if let refusal = BundlePath.objection(to: [path]) { return CommandAnswer(refusal) }
    let (bundle, found) = BundleReader.load(paths: [path])
    let compiled = Compiler.compile(bundle, after: found)
    guard let policy = compiled.policy else {
      return CommandAnswer(
        notes: compiled.findings.rendered(as: .human, of: compiled.bundle, style: style),
        status: .errors
      )
    }
    if let refusal = objection(under: policy) { return CommandAnswer(refusal) }
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
    var request = TracedRequest(body: body)
    request.service = service
    request.asker = asker
    request.headers = headers
    request.wall = wall
    request.states = states
    let generation = request.generation(policy, hash: compiled.hash, tokens: tokens) { metrics in
      policy.needsEncoder ? semanticMemory(metrics) : nil
    }
    do {
      let loops = try EventLoopGroup(count: 1)
      let loop = loops.loops[0]
      let text = await Task(executorPreference: loop) { [request, format] in
        await request.walk(generation, in: loop)
          .map { exchange in
            switch format {
            case .text: TracePrinter.text(of: exchange)
            case .json: TracePrinter.json(of: exchange)
            }
          }
      }
      .value
      loops.stop()
      guard let text else {
        return CommandAnswer(Refusal("the fields of `--header` make no request", status: .usage))
      }
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
}
