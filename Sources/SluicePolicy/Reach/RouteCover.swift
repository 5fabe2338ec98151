package import SluiceExpressions

/// What routes leave to one another, decided by subtracting sets of requests.
///
/// Inside the fragment that `ConditionReader` reads exactly, every answer is exact. Outside it,
/// "covered" and "never holds" are still true; where they are not found, nothing is claimed. Pure.
package struct RouteCover: Sendable {
  package struct Route: Sendable {
    package var condition: CheckedExpression?
    /// Whether it leads to what the client named, and so takes no client that named nothing.
    package var isRequested: Bool
    /// Whether something about it could not be bound, so that it may take anything.
    package var isUnclear: Bool

    package init(
      _ condition: CheckedExpression?,
      isRequested: Bool = false,
      isUnclear: Bool = false
    ) {
      self.condition = condition
      self.isRequested = isRequested
      self.isUnclear = isUnclear
    }
  }

  /// What can be said of one route.
  package enum Verdict: Sendable, Equatable {
    /// Some request may reach it, as far as can be told.
    case open
    /// Its condition holds for no request.
    case never
    /// Its condition holds for every request.
    case always
    /// Earlier routes, by their positions, take every request that it would.
    case covered([Int])
    /// Too many cases to decide.
    case undecided
  }

  package enum Gap: Sendable {
    case none
    case found(ReachWitness)
    /// Some may be left over: what stands in the way, by name.
    case undecided([String])
  }

  private let routes: [Route]
  private let witnesses: WitnessSearch
  package private(set) var space: ReachSpace
  /// What each route takes if it is asked; `nil`: not known.
  private let truths: [Truth?]
  private let index: CoverIndex

  /// - Parameters:
  ///   - routes: in their order.
  ///   - features: by slot.
  ///   - names: what bounds the values of variables.
  package init(_ routes: [Route], features: [Int: CheckedExpression], names: ReachNames) {
    var reader = ConditionReader(ReachSpace(names), features: features)
    var truths: [Truth?] = []
    for route in routes {
      guard !route.isUnclear else {
        truths.append(nil)
        continue
      }
      do throws(TooLarge) {
        truths.append(try reader.read(route))
      } catch {
        truths.append(nil)
      }
    }
    self.routes = routes
    self.truths = truths
    space = reader.space
    index = CoverIndex(truths.map { $0?.holds })
    witnesses = WitnessSearch(routes, features, names)
  }

  /// What can be said of the route at `position`.
  ///
  /// Complexity: at most `Work.most` steps.
  package func verdict(on position: Int) -> Verdict {
    let route = routes[position]
    guard !route.isUnclear else { return .open }
    guard let truth = truths[position] else { return .undecided }
    if truth.holds.isEmpty { return .never }
    do throws(TooLarge) {
      var work = Work()
      var takers: Set<Int> = []
      for box in truth.holds.boxes {
        let left = try remainder(of: box, before: position, &takers, &work)
        if !left.isEmpty {
          guard route.condition != nil, !route.isRequested else { return .open }
          let outside = try remainder([.everything], without: truth.holds.boxes, &work)
          return outside.isEmpty ? .always : .open
        }
      }
      return .covered(try needed(takers.sorted(), for: truth.holds.boxes, &work))
    } catch {
      return .undecided
    }
  }

  /// A request that no route takes.
  package var gap: Gap {
    let unknown = zip(routes, truths).filter { $1 == nil }.map { $0.0 }
    do throws(TooLarge) {
      var work = Work()
      var takers: Set<Int> = []
      let left = try remainder(of: .everything, before: routes.count, upTo: 64, &takers, &work)
      guard !left.isEmpty else { return .none }
      if unknown.contains(where: \.isUnclear) { return .undecided([]) }
      if let witness = witnesses.find(in: left, of: space, taking: nil) { return .found(witness) }
      let doubts = Set(left.flatMap { $0.sides.map(\.dimension) })
        .filter { !space.dimensions[$0].isFree }
      return .undecided(doubts.sorted().map { space.dimensions[$0].name })
    } catch {
      return .undecided([])
    }
  }

  /// A request that the route at `position` takes, if one is found.
  package func witness(of position: Int) -> ReachWitness? {
    witness(of: position, within: .everything)
  }

  /// A request that the route at `position` takes and whose variable has that value, if one is found.
  package func witness(
    of position: Int,
    whose variable: PolicyVariable,
    is text: String
  ) -> ReachWitness? {
    let dimension = space.dimensions.firstIndex { $0.source == .variable(variable) }
    if let dimension {
      return witness(of: position, within: Box(dimension, .texts(Intervals(text: text))))
    }
    // No condition looks at it: whatever the route takes has any value of it.
    guard var found = witness(of: position) else { return nil }
    found.values[variable.slot] = .string(text)
    found.parts.insert((variable.name, .string(text)), at: 0)
    return found
  }

  private func witness(of position: Int, within part: Box) -> ReachWitness? {
    guard let truth = truths[position] else { return nil }
    do throws(TooLarge) {
      var work = Work()
      for box in truth.holds.boxes.compactMap({ $0.intersection(part) }) {
        var takers: Set<Int> = []
        let left = try remainder(of: box, before: position, upTo: 64, &takers, &work)
        if let found = witnesses.find(in: left, of: space, taking: position) { return found }
      }
    } catch {
      return nil
    }
    return nil
  }

  /// Whether all that a region or its reading involved is decided exactly.
  package var isExact: Bool {
    truths.allSatisfy { $0 != nil } && space.dimensions.allSatisfy(\.isFree)
  }

  /// What earlier routes leave of a box, up to `limit` pieces; none exactly if they take it all.
  ///
  /// Depth first: where something is left, it is found before all is cut to pieces.
  private func remainder(
    of box: Box,
    before position: Int,
    upTo limit: Int = 1,
    _ takers: inout Set<Int>,
    _ work: inout Work
  ) throws(TooLarge) -> [Box] {
    var left: [Box] = []
    let meeting = index.places(meeting: box, before: position)
    try work.spend(1 + meeting.count)
    // One route that takes all of it is by far the most frequent answer, and the plainest.
    if let whole = meeting.first(where: { box.isSubset(of: index[$0].box) }) {
      takers.insert(index[whole].route)
      return []
    }
    var open = [(piece: box, places: meeting, at: 0)]
    pieces: while let (piece, places, start) = open.popLast() {
      var at = start
      try work.spend(1 + piece.weight)
      while at < places.count {
        let (route, taken) = index[places[at]]
        at += 1
        guard piece.intersection(taken) != nil else {
          try work.spend(1)
          continue
        }
        try work.spend(piece.weight)
        takers.insert(route)
        var narrower: [Box] = []
        for rest in piece.subtracting(taken, space.domain(of:)).reversed() {
          if index.isNarrower(rest, than: piece) {
            narrower.append(rest)
          } else {
            open.append((rest, places, at))
          }
        }
        // A piece that was narrowed to few texts meets few boxes: it is looked at first.
        for rest in narrower {
          let meeting = index.places(meeting: rest, before: position, behind: places[at - 1])
          open.append((rest, meeting, 0))
        }
        continue pieces
      }
      left.append(piece)
      if left.count >= limit { break }
    }
    return left
  }

  private func remainder(
    _ boxes: [Box],
    without others: [Box],
    _ work: inout Work
  ) throws(TooLarge) -> [Box] {
    var left = boxes
    for other in others {
      var next: [Box] = []
      for piece in left {
        try work.spend(piece.weight)
        next += piece.subtracting(other, space.domain(of:))
      }
      left = next
    }
    return left
  }

  /// The takers without those that the others make up for; the earliest are kept.
  private func needed(
    _ takers: [Int],
    for boxes: [Box],
    _ work: inout Work
  ) throws(TooLarge) -> [Int] {
    guard takers.count > 1, takers.count <= 32 else { return takers }
    var kept = takers
    for taker in takers.reversed() where kept.count > 1 {
      let others = kept.filter { $0 != taker }
      let taken = others.flatMap { truths[$0]?.holds.boxes ?? [] }
      if try remainder(boxes, without: taken, &work).isEmpty { kept = others }
    }
    return kept
  }
}

/// Whether single conditions hold always or never.
package struct ConditionCover: Sendable {
  private let features: [Int: CheckedExpression]
  private let names: ReachNames

  package init(features: [Int: CheckedExpression], names: ReachNames) {
    self.features = features
    self.names = names
  }

  /// What a condition always comes to, and the one thing that decides it, if it is one; `nil`: it
  /// depends, or that cannot be told.
  package func constant(_ condition: CheckedExpression) -> (value: Bool, subject: String?)? {
    var reader = ConditionReader(ReachSpace(names), features: features)
    do throws(TooLarge) {
      let truth = try reader.read(condition)
      let subject = reader.space.dimensions.count == 1 ? reader.space.dimensions[0].name : nil
      if truth.holds.isEmpty { return (false, subject) }
      var left = [Box.everything]
      var work = Work()
      for box in truth.holds.boxes {
        var next: [Box] = []
        for piece in left {
          try work.spend(piece.weight)
          next += piece.subtracting(box, reader.space.domain(of:))
        }
        left = next
      }
      return left.isEmpty ? (true, subject) : nil
    } catch {
      return nil
    }
  }
}

/// How much one question may cost.
struct Work {
  static let most = 2_000_000
  private var left: Int

  init(_ most: Int = Self.most) { left = most }

  mutating func spend(_ amount: Int) throws(TooLarge) {
    left -= amount
    guard left > 0 else { throw TooLarge() }
  }
}
