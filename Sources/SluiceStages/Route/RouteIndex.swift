import SluiceCore
package import SluiceExpressions
import SluicePolicy

/// Finds the routes that can take a request by what they require of its attributes.
///
/// A tree: a node asks for one attribute at a time and goes on with the routes that name its value;
/// those that name none are asked about another attribute, and what is left stays a list. A route
/// stands at one place of the tree for each of its values, so that finding the candidates takes a
/// look-up for each attribute that is asked for, however many routes there are.
///
/// Immutable.
package struct RouteIndex: Sendable {
  /// Routes that may take a request, in their order.
  package struct Candidates {
    /// Whether the values of the attributes that were looked up are those that the routes require;
    /// else these are all routes.
    fileprivate(set) var isSettled = true
    /// In `RouteIndex.positions`, each in order; none is empty.
    ///
    /// The first few lie here and not in an array: most trees are not deep, and a decision is not
    /// to allocate.
    private var few = InlineArray<4, Range<Int32>>(repeating: 0..<0)
    private var more: [Range<Int32>] = []
    private(set) var count = 0

    fileprivate init() {}

    fileprivate subscript(run: Int) -> Range<Int32> {
      get { run < few.count ? few[run] : more[run - few.count] }
      set {
        if run < few.count { few[run] = newValue } else { more[run - few.count] = newValue }
      }
    }

    fileprivate mutating func append(_ run: Range<Int32>) {
      if count < few.count { few[count] = run } else { more.append(run) }
      count += 1
    }

    fileprivate mutating func remove(_ run: Int) {
      count -= 1
      self[run] = self[count]
      if count >= few.count { more.removeLast() }
    }
  }

  // Narrow, and beside the value that leads to it: with many routes a decision costs what it has to
  // fetch from memory.
  private struct Node: Sendable {
    /// In `branches`.
    var branches: Range<Int32>
    /// In `positions`.
    var rest: Range<Int32>
  }

  private struct Branch: Sendable {
    let slot: Int
    let nodes: [FiniteValue: Node]
  }

  private let root: Node
  private let branches: [Branch]
  /// First all routes in their order, then those of the nodes that do not follow one another.
  private let positions: [Int32]
  private let all: Range<Int32>
  /// By route: the slots that every way to it looks up, so that what it requires of them is true
  /// when it is found.
  package let settled: [Set<Int>]

  /// Makes the index of a list of routes.
  ///
  /// Complexity: O(*n*) for *n* routes, times the attributes and the values that a route names, of
  /// which no more than `Bounds.routeIndexCopies` places are made.
  ///
  /// - Parameter requirements: of each route, as `CheckedExpression.requirements` has them.
  package init(_ requirements: [[Int: Set<FiniteValue>]]) {
    var builder = Builder(requirements)
    root = builder.add(
      requirements.indices.map { Builder.Member(position: $0, copies: 1) },
      slots: PolicyVariable.allCases.filter(\.isAtHand).map(\.slot),
      path: []
    )
    settled = builder.settled.map { $0 ?? [] }
    branches = builder.branches
    positions = builder.positions
    all = 0..<Int32(requirements.count)
  }

  /// The routes that may take the request of a frame; all that hold for it are among them.
  ///
  /// Where an attribute has no value these are all routes, so that each is found to have none.
  package func candidates(_ frame: inout Frame) -> Candidates {
    var candidates = Candidates()
    do throws(EvaluationError) {
      try collect(root, &frame, &candidates)
    } catch {
      candidates = Candidates()
      candidates.isSettled = false
      if !all.isEmpty { candidates.append(all) }
    }
    return candidates
  }

  /// Takes the first of the candidates that are left.
  package func next(_ candidates: inout Candidates) -> Int? {
    guard candidates.count > 0 else { return nil }
    var first = 0
    var position = positions[Int(candidates[first].lowerBound)]
    for run in 1..<max(candidates.count, 1) {
      let other = positions[Int(candidates[run].lowerBound)]
      if other < position { (first, position) = (run, other) }
    }
    let taken = candidates[first]
    let left = (taken.lowerBound + 1)..<taken.upperBound
    if left.isEmpty {
      candidates.remove(first)
    } else {
      candidates[first] = left
    }
    return Int(position)
  }

  private func collect(
    _ node: Node,
    _ frame: inout Frame,
    _ candidates: inout Candidates
  ) throws(EvaluationError) {
    for branch in node.branches {
      let value = try frame.value(at: branches[Int(branch)].slot)
      guard let key = FiniteValue(value) else { throw .noSuchOverload("a route") }
      if let found = branches[Int(branch)].nodes[key] { try collect(found, &frame, &candidates) }
    }
    if !node.rest.isEmpty { candidates.append(node.rest) }
  }

  /// Lays the tree out.
  private struct Builder {
    struct Member {
      var position: Int
      /// How many places the route has by now.
      var copies: Int
    }

    /// Routes that an attribute must rule out whatever its value: to hash a text costs about as
    /// much as to compare that many.
    static let worthwhile = 8

    let requirements: [[Int: Set<FiniteValue>]]
    var branches: [Branch] = []
    var positions: [Int32]
    /// By route; `nil` until it has a place.
    var settled: [Set<Int>?]

    init(_ requirements: [[Int: Set<FiniteValue>]]) {
      self.requirements = requirements
      positions = requirements.indices.map { Int32($0) }
      settled = Array(repeating: nil, count: requirements.count)
    }

    /// Makes the node of some routes, which asks for some of `slots`; those of `path` were asked for.
    mutating func add(_ members: [Member], slots: [Int], path: Set<Int>) -> Node {
      var rest = members
      var slots = slots
      var mine: [Branch] = []
      while let (slot, buckets) = best(of: rest, slots) {
        slots.removeAll { $0 == slot }
        rest.removeAll { values(of: $0, slot) != nil }
        let path = path.union([slot])
        mine.append(
          Branch(slot: slot, nodes: buckets.mapValues { add($0, slots: slots, path: path) })
        )
      }
      let firstBranch = Int32(branches.count)
      branches += mine
      for member in rest {
        settled[member.position] = settled[member.position]?.intersection(path) ?? path
      }
      return Node(
        branches: firstBranch..<Int32(branches.count),
        rest: place(rest.map { Int32($0.position) })
      )
    }

    /// Where routes lie in `positions`, the latest of all if they lie there nowhere else.
    private mutating func place(_ routes: [Int32]) -> Range<Int32> {
      guard let first = routes.first, let last = routes.last else { return 0..<0 }
      if Int(last - first) == routes.count - 1 { return first..<(last + 1) }
      let start = Int32(positions.count)
      positions += routes
      return start..<Int32(positions.count)
    }

    /// The attribute that rules most routes out, and the routes by its values.
    private func best(
      of members: [Member],
      _ slots: [Int]
    ) -> (slot: Int, buckets: [FiniteValue: [Member]])? {
      var best: (slot: Int, buckets: [FiniteValue: [Member]])?
      var most = Self.worthwhile - 1
      for slot in slots where members.count > most {
        var buckets: [FiniteValue: [Member]] = [:]
        var count = 0
        for member in members {
          guard let values = values(of: member, slot) else { continue }
          count += 1
          let copies = member.copies * max(values.count, 1)
          for value in values {
            buckets[value, default: []].append(.init(position: member.position, copies: copies))
          }
        }
        let ruledOut = count - (buckets.values.map(\.count).max() ?? 0)
        if ruledOut > most { (best, most) = ((slot, buckets), ruledOut) }
      }
      return best
    }

    /// The values that a route names of an attribute, if there is place for all of them.
    private func values(of member: Member, _ slot: Int) -> Set<FiniteValue>? {
      guard let values = requirements[member.position][slot],
        member.copies * values.count <= Bounds.routeIndexCopies
      else { return nil }
      return values
    }
  }
}
