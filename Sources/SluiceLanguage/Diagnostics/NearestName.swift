internal import SluiceCore

/// Finds the name that was probably meant.
package enum NearestName {
  /// The nearest of some names, if it is near enough; of equally near ones the first in order.
  ///
  /// Near is at most one mistake in three characters, where a mistake is a character too many, too
  /// few, another, or two swapped. Upper and lower case are the same.
  package static func nearest(to name: String, among names: some Sequence<String>) -> String? {
    let wanted = Array(name.lowercased().unicodeScalars)
    guard !wanted.isEmpty, wanted.count <= 64 else { return nil }
    let threshold = max(1, wanted.count / 3)
    var best: (name: String, distance: Int)?
    for candidate in names where candidate != name {
      let scalars = Array(candidate.lowercased().unicodeScalars)
      guard abs(scalars.count - wanted.count) <= threshold else { continue }
      let distance = EditDistance.between(wanted, scalars)
      guard distance <= threshold, distance < wanted.count else { continue }
      if let known = best, (known.distance, known.name) <= (distance, candidate) { continue }
      best = (candidate, distance)
    }
    return best?.name
  }
}
