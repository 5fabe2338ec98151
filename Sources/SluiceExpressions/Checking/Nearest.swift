internal import SluiceCore

/// Finds what an author may have meant by a name that does not exist.
enum Nearest {
  /// Up to three names close to `name`, the closest first.
  ///
  /// Close is a typing slip (an edit or two), or the right last word without what stands before
  /// it: `model` for `request.model`.
  static func names(to name: String, among candidates: some Sequence<String>) -> [String] {
    let written = Array(name.utf8)
    // Long names come from a hostile text, not from a slip; comparing them would be quadratic.
    guard written.count <= 64 else { return [] }
    let scored = Set(candidates)
      .compactMap { candidate -> (distance: Int, name: String)? in
        if candidate.hasSuffix("." + name) { return (0, candidate) }
        let distance = EditDistance.between(written, Array(candidate.utf8))
        return distance <= max(1, written.count / 3) ? (distance, candidate) : nil
      }
    let sorted = scored.sorted { $0 < $1 }
    return sorted.prefix(3).filter { $0.distance <= sorted[0].distance + 1 }.map(\.name)
  }
}
