/// Finds the name that was probably meant.
package enum NearestName {
  /// The nearest of some names, if it is near enough; of equally near ones the first in order.
  ///
  /// Near is at most one mistake in three characters, where a mistake is a character too many, too
  /// few, another, or two swapped (optimal string alignment). Upper and lower case are the same.
  package static func nearest(to name: String, among names: some Sequence<String>) -> String? {
    let wanted = Array(name.lowercased().unicodeScalars)
    guard !wanted.isEmpty, wanted.count <= 64 else { return nil }
    let threshold = max(1, wanted.count / 3)
    var best: (name: String, distance: Int)?
    for candidate in names where candidate != name {
      let scalars = Array(candidate.lowercased().unicodeScalars)
      guard abs(scalars.count - wanted.count) <= threshold else { continue }
      let distance = distance(wanted, scalars)
      guard distance <= threshold, distance < wanted.count else { continue }
      if let known = best, (known.distance, known.name) <= (distance, candidate) { continue }
      best = (candidate, distance)
    }
    return best?.name
  }

  /// Quadratic in the lengths, which `nearest` bounds.
  private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for (row, scalar) in left.enumerated() {
      var current = [row + 1]
      current.reserveCapacity(right.count + 1)
      for (column, other) in right.enumerated() {
        var least = min(
          last[column] + (scalar == other ? 0 : 1),
          last[column + 1] + 1,
          current[column] + 1
        )
        if row > 0, column > 0, scalar == right[column - 1], left[row - 1] == other {
          least = min(least, beforeLast[column - 1] + 1)
        }
        current.append(least)
      }
      beforeLast = last
      last = current
    }
    return last[right.count]
  }
}
