import SluiceExpressions
import SluicePolicy

/// Looks for a request that no route takes, by trying a few.
///
/// Every variable begins with its plainest value; those of few values are varied, one against all
/// others, within a bound. What is found is a true example; that none is found proves nothing.
struct RouteGap {
  private let conditions: [Program]
  private let features: [Program]
  /// The variables that the routes read, through features too.
  private let slots: [Int]
  private let choices: [Int: [Value]]

  /// Nil if a route takes whatever is asked, or if trying would say nothing.
  init?(_ routes: [RouteSettings], _ features: [FeatureSettings], _ names: (Section) -> [String]) {
    var conditions: [Program] = []
    // `to: requested` never takes a client that names nothing, which all that are tried do.
    let takers = routes.filter { $0.destination != .requested }
    for route in takers {
      guard let condition = route.condition else { return nil }
      conditions.append(condition.checked.program())
    }
    // What depends on the state of the gateway cannot be tried here.
    let expressions = takers.compactMap(\.condition) + features.map(\.value)
    guard expressions.allSatisfy({ $0.checked.hostCalls.isEmpty }) else { return nil }
    let ordered = features.sorted { $0.slot < $1.slot }
    // A feature that could not be bound leaves a hole, and nothing to try.
    let first = PolicyVariable.slot(ofFeature: 0)
    guard ordered.enumerated().allSatisfy({ $1.slot == first + $0 }) else { return nil }
    self.conditions = conditions
    self.features = ordered.map { $0.value.checked.program() }
    var read = Set(takers.flatMap { $0.condition?.checked.slots ?? [] })
    if takers.count < routes.count { read.insert(PolicyVariable.requestModel.slot) }
    var isGrowing = true
    while isGrowing {
      let known = read.count
      for feature in ordered where read.contains(feature.slot) {
        read.formUnion(feature.value.checked.slots)
      }
      isGrowing = read.count > known
    }
    slots = read.filter { $0 < first }.sorted()
    func texts(_ section: Section) -> [Value] { ([""] + names(section)).map { .string($0) } }
    choices = [
      PolicyVariable.userTier.slot: texts(.tiers),
      PolicyVariable.product.slot: texts(.products),
      PolicyVariable.requestStream.slot: [.bool(false), .bool(true)],
      PolicyVariable.promptText.slot: [
        .string("hello"), .string(String(repeating: "word ", count: 400)),
      ],
    ]
  }

  /// A request that is not taken, as `name: value` pairs; nil if none of those tried is.
  var witness: String? {
    var tries: [[Int: Value]] = [[:]]
    for slot in slots {
      guard let values = choices[slot], tries.count * values.count <= Self.most else { continue }
      tries = tries.flatMap { known in values.map { known.merging([slot: $0]) { $1 } } }
    }
    return tries.first { !isTaken($0) }.map(description)
  }

  private static let most = 256

  private func isTaken(_ values: [Int: Value]) -> Bool {
    var frame = Frame(
      slots: PolicyVariable.slot(ofFeature: features.count),
      source: Sample(values: values, features: features)
    )
    for condition in conditions {
      do throws(EvaluationError) {
        if try condition.evaluateBool(&frame) { return true }
      } catch {
        // As at run time: a condition that fails does not match.
        continue
      }
    }
    return false
  }

  private func description(_ values: [Int: Value]) -> String {
    let pairs = slots.prefix(6)
      .compactMap { slot -> String? in
        guard let variable = PolicyVariable(rawValue: slot) else { return nil }
        let value = values[slot] ?? Sample.plainest(variable)
        let text = value.literal
        return "\(variable.name): \(text.count > 40 ? "\(text.prefix(20))…\"" : text)"
      }
    return pairs.isEmpty ? "any request" : pairs.joined(separator: ", ")
  }

  /// A request made up of plain values.
  private struct Sample: FrameSource {
    let values: [Int: Value]
    let features: [Program]

    func value(ofSlot slot: Int, in frame: inout Frame) throws(EvaluationError) -> Value {
      if let value = values[slot] { return value }
      guard let variable = PolicyVariable(rawValue: slot) else {
        return try features[slot - PolicyVariable.slot(ofFeature: 0)].evaluate(&frame)
      }
      return Self.plainest(variable)
    }

    func call(
      _ function: Int,
      _ arguments: [Value],
      in frame: inout Frame
    ) throws(EvaluationError) -> Value {
      throw .unavailable("state")
    }

    func bounds(ofSlot slot: Int) -> ClosedRange<Int64>? { nil }

    static func plainest(_ variable: PolicyVariable) -> Value {
      switch variable {
      case .requestModel: .string("auto")
      case .requestPath: .string("/v1/chat/completions")
      case .requestTemperature: .double(1)
      case .promptText, .requestText: .string("hello")
      case .promptTokens: .int(1)
      case .userID: .string("somebody")
      case .clientIP: .string("192.0.2.1")
      case .requestStream: .bool(false)
      case .requestMaxTokens: .int(0)
      case .requestTools: .list([])
      case .headers: .strings([(String, String)]())
      case .now: .timestamp(Timestamp(wallNanoseconds: 0))
      case .userTier, .tenant, .product, .route, .target, .modelName, .modelUpstream: .string("")
      }
    }
  }
}
