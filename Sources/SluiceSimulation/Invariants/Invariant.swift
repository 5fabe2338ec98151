/// Something that must hold in every run, whatever the scenario.
///
/// A checker knows only what was recorded from outside and what the policy promises; it never asks
/// the code that it checks.
package protocol Invariant: Sendable {
  /// What must hold, in a sentence.
  var claim: String { get }

  /// Where it did not hold, in words.
  func violations(in run: Run) -> [String]
}

extension Run {
  /// What each of `invariants` has against this run: claim and finding in one line.
  package func violations(of invariants: [any Invariant]) -> [String] {
    invariants.flatMap { invariant in
      invariant.violations(in: self).map { "\(invariant.claim): \($0)" }
    }
  }
}

extension Sequence {
  /// The elements by key, in the order in which the keys come up.
  ///
  /// Elements whose key is `nil` are left out. Not a dictionary: the order of findings must not
  /// depend on hashing.
  func grouped<Key: Hashable>(by key: (Element) -> Key?) -> [(key: Key, elements: [Element])] {
    var places: [Key: Int] = [:]
    var groups: [(key: Key, elements: [Element])] = []
    for element in self {
      guard let key = key(element) else { continue }
      if let place = places[key] {
        groups[place].elements.append(element)
      } else {
        places[key] = groups.count
        groups.append((key, [element]))
      }
    }
    return groups
  }
}
