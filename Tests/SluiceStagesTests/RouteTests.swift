import SluiceCore
import SluiceDialects
import SluiceExpressions
import SluicePolicy
import SluiceStages
import Testing

@Suite("Routes")
struct RouteTests {
  private struct Text: FrameSource {
    let tier: String
    func value(ofSlot slot: Int, in frame: inout Frame) throws(EvaluationError) -> Value {
      guard slot == PolicyVariable.userTier.slot else { throw .noSuchKey(nil) }
      return .string(tier)
    }
    func call(
      _ function: Int,
      _ arguments: [Value],
      in frame: inout Frame
    ) throws(EvaluationError) -> Value {
      throw .unavailable("a function")
    }
  }

  private func frame(tier: String) -> Frame {
    Frame(slots: PolicyVariable.allCases.count, source: Text(tier: tier))
  }

  private let table = RouteTable([
    .init(
      position: 0,
      condition: Fixture.program(#"user.tier == "premium""#),
      destination: .target(TargetIndex(1))
    ),
    .init(position: 1, condition: nil, destination: .requested),
    .init(position: 2, condition: nil, destination: .target(TargetIndex(0))),
  ])

  @Test("the first match wins")
  func firstMatch() {
    var premium = frame(tier: "premium")
    let decision = table.decide(&premium, requested: .model(ModelIndex(3)))
    #expect(decision.route == 0)
    #expect(decision.goal == .target(TargetIndex(1)))
  }

  @Test("what the client named counts where a route says so, and auto falls through it")
  func requested() {
    var free = frame(tier: "free")
    let named = table.decide(&free, requested: .model(ModelIndex(3)))
    #expect(named.route == 1)
    #expect(named.goal == .model(ModelIndex(3)))
    let auto = table.decide(&free, requested: nil)
    #expect(auto.route == 2)
  }

  @Test("a condition without a value does not match, and is told")
  func errors() {
    let table = RouteTable([
      .init(
        position: 0,
        condition: Fixture.program(#"headers["x-canary"] == "1""#),
        destination: .target(TargetIndex(0))
      ),
      .init(position: 1, condition: nil, destination: .target(TargetIndex(1))),
    ])
    var free = frame(tier: "free")
    let decision = table.decide(&free, requested: nil)
    #expect(decision.route == 1)
    #expect(decision.errors.map(\.route) == [0])
  }

  @Test("no match is no route")
  func none() {
    let table = RouteTable([
      .init(
        position: 0,
        condition: Fixture.program(#"user.tier == "premium""#),
        destination: .target(TargetIndex(0))
      )
    ])
    var free = frame(tier: "free")
    #expect(table.decide(&free, requested: nil).route == nil)
  }
}

@Suite("Splits")
struct SplitTests {
  private let split = Split([
    .init(target: TargetIndex(0), millionths: 950_000),
    .init(target: TargetIndex(1), millionths: 50_000),
  ])

  @Test("shares meet where they should")
  func edges() {
    #expect(split.target(at: 0) == TargetIndex(0))
    #expect(split.target(at: 949_999) == TargetIndex(0))
    #expect(split.target(at: 950_000) == TargetIndex(1))
    #expect(split.target(at: 999_999) == TargetIndex(1))
  }

  @Test("one key keeps its share, and many keys make up the shares")
  func sticky() {
    let keys = (0..<20_000).map { "user-\($0)" }
    let small = keys.filter { split.target(of: $0) == TargetIndex(1) }
    #expect(keys.allSatisfy { split.target(of: $0) == split.target(of: $0) })
    #expect((800...1_200).contains(small.count), "\(small.count) of 20,000 at 5 %")
  }
}

@Suite("What a tier may reach")
struct ModelAccessTests {
  private let access = ModelAccess(
    Policy(
      models: [
        ModelSettings(name: "a", upstream: "u", upstreamName: "a", context: 1, maxOutput: 1),
        ModelSettings(
          name: "b",
          upstream: "u",
          upstreamName: "b",
          context: 1,
          maxOutput: 1,
          serves: [.chat, .embeddings]
        ),
      ],
      tiers: [TierSettings(name: "free", models: [ModelIndex(1)]), TierSettings(name: "premium")],
      targets: [
        TargetSettings(name: "both", kind: .candidates([ModelIndex(0), ModelIndex(1)])),
        TargetSettings(name: "dear", kind: .candidates([ModelIndex(0)])),
      ]
    )
  )

  @Test("the primary is the first candidate within reach")
  func primary() {
    #expect(access.primary(of: .target(TargetIndex(0)), tier: "free") == ModelIndex(1))
    #expect(access.primary(of: .target(TargetIndex(0)), tier: "premium") == ModelIndex(0))
    #expect(access.primary(of: .target(TargetIndex(1)), tier: "free") == nil)
  }

  @Test("the primary serves the path")
  func service() {
    let (both, dear) = (
      RouteTable.Goal.target(TargetIndex(0)), RouteTable.Goal.model(ModelIndex(0))
    )
    #expect(access.primary(of: both, tier: "", for: .chat) == ModelIndex(0))
    #expect(access.primary(of: both, tier: "", for: .embeddings) == ModelIndex(1))
    #expect(access.primary(of: both, tier: "free", for: .completions) == nil)
    #expect(access.primary(of: dear, tier: "", for: .embeddings) == nil)
  }

  @Test("a client may name what its tier can reach, and a tier without a list everything")
  func names() {
    #expect(access.names(for: "free") == ["b", "both"])
    #expect(access.names(for: "premium") == ["a", "b", "both", "dear"])
    #expect(access.names(for: "") == ["a", "b", "both", "dear"])
  }
}
