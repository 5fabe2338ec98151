internal import CReactor

/// The loops of a process, one thread each.
package final class EventLoopGroup: Sendable {
  package let loops: [EventLoop]

  /// Creates the loops and starts their threads.
  ///
  /// - Parameters:
  ///   - count: how many; `nil` for one for each core that the process may use.
  ///   - pinned: whether loop *i* may run on core *i* only; for measurements.
  /// - Throws: `IOFailure` when the machine has no descriptor or thread left.
  package init(count: Int? = nil, pinned: Bool = false) throws(IOFailure) {
    reactor_ignore_broken_pipes()
    var loops: [EventLoop] = []
    do {
      for index in 0..<(count ?? Int(reactor_core_count())) {
        let loop = try EventLoop(index: index)
        try loop.start(core: pinned ? index : nil)
        loops.append(loop)
      }
    } catch {
      for loop in loops { loop.stop() }
      for loop in loops { loop.join() }
      throw error
    }
    self.loops = loops
  }

  /// Stops all loops and waits for their threads, which blocks: never call it on a loop.
  package func stop() {
    for loop in loops { loop.stop() }
    for loop in loops { loop.join() }
  }
}
