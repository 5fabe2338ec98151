import SluicePipeline
import Synchronization

/// Which generations somebody still runs under: what a leak would show.
final class LiveGenerations: Sendable {
  private struct Reference: Sendable {
    weak let generation: Generation?
  }
  private let references = Mutex<[Reference]>([])

  func add(_ generation: Generation) {
    references.withLock { references in
      references.removeAll { $0.generation == nil }
      references.append(Reference(generation: generation))
    }
  }

  var count: Int { references.withLock { $0.count { $0.generation != nil } } }
}
