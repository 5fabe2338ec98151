import SluiceExpressions
import SluicePolicy

/// The conditions of a policy, asked about points of the space of requests: sooner than a trace, and
/// of what is no request yet.
struct Evaluator: Sendable {
  private let routes: [(condition: Program?, isRequested: Bool)]
  private let features: [Int: Program]

  init(_ policy: Policy) {
    routes = policy.routes.map {
      ($0.condition?.checked.program(), $0.destination == .requested)
    }
    features = Dictionary(
      policy.features.map { ($0.slot, $0.value.checked.program()) },
      uniquingKeysWith: { first, _ in first }
    )
  }

  func frame(of point: ReachWitness) -> Frame {
    Frame(
      slots: PolicyVariable.slot(ofFeature: features.count),
      source: WitnessSource(witness: point, features: features)
    )
  }

  /// The route that takes a point; `nil` if none does.
  func taker(of point: ReachWitness) -> Int? {
    var frame = frame(of: point)
    let model = point.values[PolicyVariable.requestModel.slot] ?? .string("auto")
    for (place, route) in routes.enumerated() {
      if let condition = route.condition {
        do throws(EvaluationError) {
          guard try condition.evaluateBool(&frame) else { continue }
        } catch {
          // As at run time: a condition that fails does not match.
          continue
        }
      }
      if !route.isRequested || model != .string("auto") { return place }
    }
    return nil
  }
}

/// Points of a box that differ in what cannot be read exactly: texts, tools, times.
enum PointsNearby {
  static func all(of box: Box, in partition: RoutePartition) -> [ReachWitness] {
    let plain = partition.samples(of: box)
    let unknowns = partition.unknowns(of: box)
    guard let first = plain.first, !unknowns.isEmpty else { return plain }
    var points = plain
    let words = unknowns.filter(\.holds).map { literals(in: $0.text) }
    for one in words { for word in one { points.append(first.saying([word])) } }
    for position in 0..<(words.map(\.count).max() ?? 0) {
      points.append(first.saying(words.compactMap { $0.isEmpty ? nil : $0[position % $0.count] }))
    }
    if unknowns.contains(where: { $0.text.contains("request.tools") }) {
      let tools = unknowns.filter(\.holds).flatMap { literals(in: $0.text) }
      points += points.map { point in
        var point = point
        point.values[PolicyVariable.requestTools.slot] = .list(tools.map { .string($0) })
        return point
      }
    }
    for variable in [PolicyVariable.userID, .tenant]
    where unknowns.contains(where: { $0.text.contains(variable.name) }) {
      points += points.prefix(4)
        .flatMap { point in
          (0..<names)
            .map { number in
              var point = point
              point.values[variable.slot] = .string("name-\(number)")
              return point
            }
        }
    }
    if unknowns.contains(where: { $0.text.contains("now") }) {
      points += points.prefix(4)
        .flatMap { point in
          (0..<hoursOfWeek)
            .map { hour in
              var point = point
              let time = Timestamp(wallNanoseconds: monday + Int64(hour) * hourNanoseconds)
              point.values[PolicyVariable.now.slot] = .timestamp(time)
              return point
            }
        }
    }
    return points
  }

  private static let names = 200
  private static let hoursOfWeek = 168
  private static let hourNanoseconds: Int64 = 3_600_000_000_000
  /// 2026-01-05T00:00:00Z.
  private static let monday: Int64 = 1_767_571_200_000_000_000
  private static let mostLiterals = 8

  /// The texts that are written out in an expression.
  private static func literals(in expression: String) -> [String] {
    var found: [String] = []
    var parts = expression.split(separator: "\"", omittingEmptySubsequences: false)[...]
    // Every second part stands between quotes; one with an escape is left out.
    while parts.count > 2, found.count < mostLiterals {
      parts = parts.dropFirst()
      if let text = parts.first, !text.isEmpty, !text.contains("\\") { found.append(String(text)) }
      parts = parts.dropFirst()
    }
    return found
  }
}

extension ReachWitness {
  /// The point with further words in its texts.
  fileprivate func saying(_ words: [String]) -> ReachWitness {
    var point = self
    for variable in [PolicyVariable.promptText, .requestText] {
      guard case .string(let text)? = point.values[variable.slot] else { continue }
      let all = ([text] + words).filter { !$0.isEmpty }
      point.values[variable.slot] = .string(all.joined(separator: " "))
    }
    return point
  }
}
