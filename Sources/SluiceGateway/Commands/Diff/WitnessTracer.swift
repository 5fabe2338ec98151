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
  /// By slot, of both.
  private let features: (old: [Int: Program], new: [Int: Program])

  init(_ analysis: PolicyDifference, tokens: PromptCount?) {
    self.analysis = analysis
    self.tokens = tokens
    func programs(_ policy: Policy) -> [Int: Program] {
      Dictionary(
        policy.features.map { ($0.slot, $0.value.checked.program()) },
        uniquingKeysWith: { first, _ in first }
      )
    }
    features = (programs(analysis.old.policy), programs(analysis.new.policy))
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
    analysis.partition.samples(of: one.box)
      .flatMap { variants(of: $0, one) }
      .compactMap { point in
        guard var request = WitnessRequest(point),
          request.fill(to: analysis.partition.tokens(of: one.box), counting: tokens)
        else { return nil }
        return request
      }
  }

  /// The point itself, or one near it that both splits send where they are to.
  private func variants(of point: ReachWitness, _ one: PolicyDifference.Case) -> [ReachWitness] {
    guard one.shares.old != nil || one.shares.new != nil else { return [point] }
    let model =
      if case .string(let name)? = point.values[PolicyVariable.requestModel.slot] { name } else {
        "auto"
      }
    let splits = [
      (analysis.old.split(on: one.routes.old, naming: model), one.shares.old, features.old),
      (analysis.new.split(on: one.routes.new, naming: model), one.shares.new, features.new),
    ]
    .compactMap { split, share, features in
      split.flatMap { split in
        share.map { share in
          (
            key: split.by.checked.program(), split: Split(split.shares), share: share,
            features: features, slots: split.by.checked.slots
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
        var frame = Frame(
          slots: PolicyVariable.slot(ofFeature: split.features.count),
          source: WitnessSource(witness: near, features: split.features)
        )
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
