package import SluiceExpressions

/// All requests, cut into sets on which two lists of routes decide alike.
///
/// Both are read into one space, so that what they look at is the same thing. Every request lies in
/// a cell, whatever cannot be read exactly; a cell whose sides are all free holds a request, one
/// with others may hold none. Pure.
package struct RoutePartition: Sendable {
  /// One of the two lists.
  package struct List: Sendable {
    package var routes: [RouteCover.Route]
    /// By slot.
    package var features: [Int: CheckedExpression]

    package init(_ routes: [RouteCover.Route], features: [Int: CheckedExpression]) {
      self.routes = routes
      self.features = features
    }

    /// What it says, in one spelling.
    fileprivate var meaning: [String] {
      routes.map { route in
        let condition = route.condition.map { FeatureMeaning.text(of: $0, features) } ?? "always"
        return route.isRequested ? "\(condition), requested" : condition
      }
    }
  }

  package struct Cell: Sendable {
    /// The route of each list that takes the requests of `box`; `nil`: none does.
    package var old: Int?
    package var new: Int?
    package var box: Box
  }

  package private(set) var space: ReachSpace
  /// Without anything in common, unless a long list is compared with itself.
  package private(set) var cells: [Cell] = []
  /// Whether every request lies in a cell; else there were too many cases.
  package private(set) var isWhole = true
  private let witnesses: WitnessSearch

  /// Cuts the requests by both lists; `names` are those of both.
  package init(_ old: List, _ new: List, names: ReachNames) {
    var space = ReachSpace(names)
    // What callers differ in is always there.
    for variable in Self.callers { _ = space.dimension(of: variable) }
    let olds = Self.read(old, &space)
    let news = Self.read(new, &space)
    self.space = space
    witnesses = WitnessSearch([], [:], names)
    let (first, second) = (CoverIndex(olds), CoverIndex(news))
    let areSame = old.meaning == new.meaning
    if areSame, old.routes.count > Self.mostCut {
      cells = Self.uncut(olds)
      return
    }
    var work = Work(Self.mostWork)
    do throws(TooLarge) {
      let parts = try Self.cut(.everything, first, old.routes.count, space, &work)
      if areSame {
        cells = parts.map { Cell(old: $0.route, new: $0.route, box: $0.box) }
        return
      }
      for part in parts {
        for piece in try Self.cut(part.box, second, new.routes.count, space, &work) {
          cells.append(Cell(old: part.route, new: piece.route, box: piece.box))
        }
      }
    } catch {
      if areSame {
        cells = Self.uncut(olds)
      } else {
        isWhole = false
      }
    }
  }

  /// Routes of one list that are cut from one another where it is compared with itself.
  private static let mostCut = 512
  private static let mostWork = 16_000_000

  /// The cells of a list and itself, what earlier routes take not cut out: then a cell holds more
  /// than the requests of its route, and every request still lies in one of its own.
  private static func uncut(_ regions: [Region?]) -> [Cell] {
    let cells = regions.enumerated()
      .flatMap { place, region in
        (region?.boxes ?? []).map { Cell(old: place, new: place, box: $0) }
      }
    return cells + [Cell(old: nil, new: nil, box: .everything)]
  }

  private static let callers: [PolicyVariable] = [
    .userTier, .product, .requestPath, .requestModel, .userID,
  ]

  private static func read(_ list: List, _ space: inout ReachSpace) -> [Region?] {
    var reader = ConditionReader(space, features: list.features, isShared: true)
    let regions = list.routes.map { route -> Region? in
      do throws(TooLarge) {
        return try reader.read(route).holds
      } catch {
        return reader.relaxed(route).holds
      }
    }
    space = reader.space
    return regions
  }

  /// The requests of a box by the first route that takes them.
  private static func cut(
    _ box: Box,
    _ index: CoverIndex,
    _ count: Int,
    _ space: ReachSpace,
    _ work: inout Work
  ) throws(TooLarge) -> [(route: Int?, box: Box)] {
    var parts: [(route: Int?, box: Box)] = []
    var open = [(piece: box, places: index.places(meeting: box, before: count), at: 0)]
    pieces: while let (piece, places, start) = open.popLast() {
      var at = start
      try work.spend(piece.weight + places.count - start)
      while at < places.count {
        let (route, taken) = index[places[at]]
        at += 1
        guard let common = piece.intersection(taken) else { continue }
        try work.spend(piece.weight)
        parts.append((route, common))
        for rest in piece.subtracting(taken, space.domain(of:)).reversed() {
          if index.isNarrower(rest, than: piece) {
            let meeting = index.places(meeting: rest, before: count, behind: places[at - 1])
            open.append((rest, meeting, 0))
          } else {
            open.append((rest, places, at))
          }
        }
        continue pieces
      }
      parts.append((nil, piece))
    }
    return parts
  }

  /// The requests whose variable has one of those values; `nil` if none can.
  package func box(_ variable: PolicyVariable, _ texts: Intervals<TextPoint>) -> Box? {
    guard let dimension = space.dimensions.firstIndex(where: { $0.source == .variable(variable) })
    else { return nil }
    let values = space.domain(of: dimension).intersection(.texts(texts))
    if values.isEmpty { return nil }
    return values == space.domain(of: dimension) ? .everything : Box(dimension, values)
  }

  /// The plainest requests of a box; they may lie outside of it where its sides are not free.
  package func samples(of box: Box) -> [ReachWitness] { witnesses.samples(of: box, space) }

  /// What a box asks of the tokens of the prompt.
  package func tokens(of box: Box) -> Intervals<Int128>? {
    let dimension = space.dimensions.firstIndex { $0.source == .variable(.promptTokens) }
    guard case .numbers(let numbers)? = dimension.flatMap({ box[$0] }) else { return nil }
    return numbers
  }

  /// What cannot be read exactly and yet decides about a box, by its text, and whether it is to hold.
  package func unknowns(of box: Box) -> [(text: String, holds: Bool)] {
    box.sides.compactMap { side in
      let dimension = space.dimensions[side.dimension]
      return dimension.isFree ? nil : (dimension.name, side.values == .flags(.yes))
    }
  }

  /// How many sides of a box may not be combined at will.
  package func doubts(of box: Box) -> Int {
    box.sides.count { !space.dimensions[$0.dimension].isFree }
  }
}
