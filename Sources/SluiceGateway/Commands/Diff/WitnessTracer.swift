import SluiceCompiler
import SluiceCore
import SluiceExpressions
import SluicePipeline
import SluicePolicy
import SluiceStages

/// Finds requests that show differences, by tracing them through both policies.
struct WitnessTracer: Sendable {
  struct Shown: Sendable {
    var difference: Difference
    /// `nil`: no request was found that shows it.
    var witness: WitnessRequest?
    /// Requests that were traced for it.
    var tried: Int
  }

  private let analysis: PolicyDifference
  private let tokens: PromptCount?
  private let old: Evaluator
  private let new: Evaluator

  init(_ analysis: PolicyDifference, tokens: PromptCount?) {
    self.analysis = analysis
    self.tokens = tokens
    old = Evaluator(analysis.old.policy)
    new = Evaluator(analysis.new.policy)
  }

  /// Looks for requests that show who is who otherwise, by the key of `identity` that they are about.
  func identities(in world: any World) async -> [String: WitnessRequest] {
    var found: [String: WitnessRequest] = [:]
    for (key, witness) in identityRequests where found[key] == nil {
      let (old, new) = (
        await caller(of: witness, under: analysis.old, in: world),
        await caller(of: witness, under: analysis.new, in: world)
      )
      if old != new { found[key] = witness }
    }
    return found
  }

  /// Requests without a key, and some whose fields count where they come from a trusted network.
  private var identityRequests: [(key: String, witness: WitnessRequest)] {
    guard var plain = WitnessRequest(ReachWitness()) else { return [] }
    plain.asker = TraceCommand.Asker()
    var all = [("anonymous", plain)]
    let policies = [analysis.old.policy, analysis.new.policy]
    let networks = Set(policies.flatMap(\.identity.trustFrom))
    let tiers = Set(policies.flatMap { $0.tiers.map(\.name) }).sorted()
    for network in networks.sorted(by: { $0.description < $1.description }) {
      var known = plain
      known.asker.user = "somebody"
      known.asker.address = network.base.description
      let fields =
        [("X-Sluice-User", "another"), ("X-Sluice-Tag", "tag")]
        + tiers.map { ("X-Sluice-Tier", $0) }
      for (name, value) in fields {
        var witness = known
        witness.headers = [TracedRequest.Header(name: name, value: value)]
        all.append(("headers", witness))
      }
    }
    return all
  }

  /// Who a request is taken for; the refusal, if it is for nobody.
  private func caller(
    of witness: WitnessRequest,
    under side: PolicyBehaviour,
    in world: any World
  ) async -> String? {
    let request = witness.traced
    let generation = request.generation(
      side.policy,
      hash: "",
      tokens: side.policy.countsTokens ? tokens : nil
    )
    guard let exchange = await request.walk(generation, in: world) else { return nil }
    // Nothing of a request is read before it is known who asks.
    if exchange.facts.asked == nil, case .refused(let error) = exchange.outcome {
      return error.summary
    }
    let caller = exchange.caller
    return [
      caller.tenant, caller.user, caller.tier, caller.product, caller.tag, caller.addressKey,
    ]
    .joined(separator: "\n")
  }

  /// Requests that are traced for one difference at most.
  private static let mostTraces = 64

  /// Looks for a request for each finding; on the loop of `world`.
  func run(in world: any World) async -> [Shown] {
    var known: [Difference: WitnessRequest] = [:]
    var shown: [Shown] = []
    for finding in analysis.findings {
      var tried = 0
      search: for one in finding.cases where known[finding.difference] == nil {
        for witness in requests(of: one) {
          guard tried < Self.mostTraces else { break search }
          tried += 1
          for difference in await differences(of: witness, in: world)
          where known[difference] == nil {
            known[difference] = witness
          }
          if known[finding.difference] != nil { break }
        }
      }
      shown.append(
        Shown(difference: finding.difference, witness: known[finding.difference], tried: tried)
      )
    }
    return shown
  }

  /// What differs for a request, as both graphs really decide.
  func differences(of witness: WitnessRequest, in world: any World) async -> [Difference] {
    let request = witness.traced
    guard let old = await behaviour(of: request, under: analysis.old, in: world),
      let new = await behaviour(of: request, under: analysis.new, in: world)
    else { return [] }
    return old.differences(to: new)
  }

  private func behaviour(
    of request: TracedRequest,
    under side: PolicyBehaviour,
    in world: any World
  ) async -> RequestBehaviour? {
    let generation = request.generation(
      side.policy,
      hash: "",
      tokens: side.policy.countsTokens ? tokens : nil
    )
    guard let exchange = await request.walk(generation, in: world),
      let service = request.service.asked
    else { return nil }
    let asker = PolicyBehaviour.Asker(
      tier: exchange.caller.tier,
      product: exchange.caller.product,
      service: service
    )
    let decision: PolicyBehaviour.Decision
    if let route = exchange.route, exchange.primary != nil,
      let goal = side.access.goal(named: exchange.target)
    {
      decision = .routed(route, goal)
    } else if case .refused(let error) = exchange.outcome {
      decision = .refused(error.summary)
    } else {
      return nil
    }
    return side.behaviour(decision, asker)
  }

  // MARK: candidates

  /// Requests of a case, the plainest first.
  private func requests(of one: PolicyDifference.Case) -> [WitnessRequest] {
    PointsNearby.all(of: one.box, in: analysis.partition)
      .filter { old.taker(of: $0) == one.routes.old && new.taker(of: $0) == one.routes.new }
      .prefix(Self.mostPoints)
      .flatMap { variants(of: $0, one) }
      .compactMap { point in
        guard var request = WitnessRequest(point),
          request.fill(to: analysis.partition.tokens(of: one.box), counting: tokens)
        else { return nil }
        return request
      }
  }

  /// Points of one case that requests are made of.
  private static let mostPoints = 8

  /// The point itself, or one near it that both splits send where they are to.
  private func variants(of point: ReachWitness, _ one: PolicyDifference.Case) -> [ReachWitness] {
    guard one.shares.old != nil || one.shares.new != nil else { return [point] }
    let model =
      if case .string(let name)? = point.values[PolicyVariable.requestModel.slot] { name } else {
        "auto"
      }
    let splits = [
      (analysis.old.split(on: one.routes.old, naming: model), one.shares.old, old),
      (analysis.new.split(on: one.routes.new, naming: model), one.shares.new, new),
    ]
    .compactMap { split, share, evaluator in
      split.flatMap { split in
        share.map { share in
          (
            key: split.by.checked.program(), split: Split(split.shares), share: share,
            evaluator: evaluator, slots: split.by.checked.slots
          )
        }
      }
    }
    let slots = splits.reduce(into: Set<Int>()) { $0.formUnion($1.slots) }
    for number in 0..<Self.mostKeys {
      var near = point
      if slots.contains(PolicyVariable.userID.slot) {
        near.values[PolicyVariable.userID.slot] = .string("user-\(number)")
      }
      if slots.contains(PolicyVariable.tenant.slot) {
        near.values[PolicyVariable.tenant.slot] = .string("tenant-\(number)")
      }
      if slots.contains(PolicyVariable.clientIP.slot) {
        let address = HostAddress(ipv4: 0x0a00_0001 + UInt32(number))
        near.values[PolicyVariable.clientIP.slot] = .string(address.description)
      }
      let isThere = splits.allSatisfy { split in
        var frame = split.evaluator.frame(of: near)
        do throws(EvaluationError) {
          return split.split.target(of: try split.key.evaluateString(&frame)) == split.share
        } catch {
          return false
        }
      }
      if isThere { return [near] }
    }
    return []
  }

  private static let mostKeys = 4_096
}
