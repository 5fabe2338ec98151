/// A set of requests that is a product: one set of values for each thing that is looked at, all
/// values of what is not mentioned.
///
/// Never empty: an intersection that would be is `nil`.
package struct Box: Hashable, Sendable {
  /// By the number of the dimension, ascending; a set is never empty.
  package private(set) var sides: [Side]

  package struct Side: Hashable, Sendable {
    package let dimension: Int
    package var values: ValueSet
  }

  /// All requests.
  package static let everything = Box(sides: [])

  private init(sides: [Side]) { self.sides = sides }

  package init(_ dimension: Int, _ values: ValueSet) {
    sides = [Side(dimension: dimension, values: values)]
  }

  package subscript(dimension: Int) -> ValueSet? {
    sides.first { $0.dimension == dimension }?.values
  }

  package func intersection(_ other: Box) -> Box? {
    var common: [Side] = []
    common.reserveCapacity(sides.count + other.sides.count)
    var (mine, theirs) = (0, 0)
    while mine < sides.count, theirs < other.sides.count {
      let (one, two) = (sides[mine], other.sides[theirs])
      if one.dimension < two.dimension {
        common.append(one)
        mine += 1
      } else if two.dimension < one.dimension {
        common.append(two)
        theirs += 1
      } else {
        let values = one.values.intersection(two.values)
        guard !values.isEmpty else { return nil }
        common.append(Side(dimension: one.dimension, values: values))
        mine += 1
        theirs += 1
      }
    }
    common += sides[mine...]
    common += other.sides[theirs...]
    return Box(sides: common)
  }

  package func isSubset(of other: Box) -> Bool {
    other.sides.allSatisfy { side in self[side.dimension]?.isSubset(of: side.values) ?? false }
  }

  /// What is left without `other`, as boxes that have nothing in common; `domain` tells all values
  /// of a dimension.
  package func subtracting(_ other: Box, _ domain: (Int) -> ValueSet) -> [Box] {
    guard intersection(other) != nil else { return [self] }
    var left: [Box] = []
    var rest = self
    for side in other.sides {
      let mine = rest[side.dimension] ?? domain(side.dimension)
      let outside = mine.subtracting(side.values)
      if !outside.isEmpty { left.append(rest.with(side.dimension, outside)) }
      rest = rest.with(side.dimension, mine.intersection(side.values))
    }
    return left
  }

  private func with(_ dimension: Int, _ values: ValueSet) -> Box {
    var box = self
    let place = box.sides.firstIndex { $0.dimension >= dimension } ?? box.sides.count
    let side = Side(dimension: dimension, values: values)
    if place < box.sides.count, box.sides[place].dimension == dimension {
      box.sides[place] = side
    } else {
      box.sides.insert(side, at: place)
    }
    return box
  }

  /// The union, if that is a box: if both differ in one dimension only.
  fileprivate func joined(with other: Box) -> Box? {
    guard sides.count == other.sides.count else { return nil }
    var differing: Int?
    for (place, side) in sides.enumerated() {
      guard side.dimension == other.sides[place].dimension else { return nil }
      guard side.values != other.sides[place].values else { continue }
      guard differing == nil else { return nil }
      differing = place
    }
    guard let differing else { return self }
    var box = self
    box.sides[differing].values = sides[differing].values.union(other.sides[differing].values)
    return box
  }

  var weight: Int { sides.reduce(1) { $0 + $1.values.weight } }
}

/// More boxes or more work than the analysis may take: it cannot decide.
package struct TooLarge: Error {}

/// A set of requests as a union of boxes.
package struct Region: Sendable {
  package private(set) var boxes: [Box] = []

  package static let nothing = Region()
  package static let everything = Region([.everything])

  /// Boxes of one region; a condition that needs more is not decided.
  package static let most = 256

  package init(_ boxes: [Box] = []) { self.boxes = boxes }

  package var isEmpty: Bool { boxes.isEmpty }

  package func intersection(_ other: Region) throws(TooLarge) -> Region {
    var common = Region()
    for one in boxes {
      for two in other.boxes {
        if let box = one.intersection(two) { try common.insert(box) }
      }
    }
    return common
  }

  package func union(_ other: Region) throws(TooLarge) -> Region {
    var all = self
    for box in other.boxes { try all.insert(box) }
    return all
  }

  /// Adds a box, joined with those that it completes.
  private mutating func insert(_ box: Box) throws(TooLarge) {
    var box = box
    var isChanged = true
    while isChanged {
      isChanged = false
      if boxes.contains(where: { box.isSubset(of: $0) }) { return }
      boxes.removeAll { $0.isSubset(of: box) }
      for (place, known) in boxes.enumerated() {
        guard let joined = known.joined(with: box) else { continue }
        boxes.remove(at: place)
        box = joined
        isChanged = true
        break
      }
    }
    boxes.append(box)
    guard boxes.count <= Self.most else { throw TooLarge() }
  }
}
