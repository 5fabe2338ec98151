import SluiceCore
package import SluiceReactor
import Synchronization

/// An HTTP/1.1 server on event loops: a listener a loop and address, a task a connection.
///
/// Life: `bind` → `listen` (any number of times, to change addresses) → `stopAccepting` → `drain`.
/// Isolation: may be used from anywhere.
package final class HTTPServer: Sendable {
  private let service: any RequestService
  private let connections: [LoopConnections]
  private let connectionsPerLoop: Int
  private let listening = Mutex<[Listening]>([])

  fileprivate struct Listening: Sendable {
    let requested: SocketAddress
    let listeners: [TCPListener]
  }

  /// Addresses of which the sockets are bound, and that a server may begin to listen on.
  ///
  /// Forgotten, it frees them.
  package struct Binding: Sendable {
    fileprivate let listening: [Listening]

    /// The addresses with the ports that the kernel chose, in the order in which they were asked for.
    package var addresses: [SocketAddress] {
      listening.map { $0.listeners.first?.address ?? $0.requested }
    }
  }

  /// Creates a server that does not listen yet.
  ///
  /// - Parameters:
  ///   - service: answers.
  ///   - loops: serve the connections.
  ///   - connectionsPerLoop: beyond that many, others of the same loops included, a client is told
  ///     503.
  package init(
    _ service: any RequestService,
    on loops: [EventLoop],
    connectionsPerLoop: Int = Bounds.connectionsPerLoop
  ) {
    self.service = service
    connections = loops.map { LoopConnections(on: $0) }
    self.connectionsPerLoop = connectionsPerLoop
  }

  /// Binds sockets to all `addresses`, or to none; those that are listened on already are kept.
  ///
  /// - Throws: why an address cannot be had.
  package func bind(_ addresses: [SocketAddress]) throws(IOFailure) -> Binding {
    let current = listening.withLock { $0 }
    var bound: [Listening] = []
    for address in addresses {
      if let kept = (current + bound).first(where: { $0.requested == address }) {
        bound.append(kept)
        continue
      }
      let listeners = try TCPListener.open(
        address,
        on: connections.map(\.loop),
        maximumStreams: connectionsPerLoop + Bounds.refusedConnectionsPerLoop
      )
      bound.append(Listening(requested: address, listeners: listeners))
    }
    return Binding(listening: bound)
  }

  /// Listens on the addresses of `binding` from now on, and on no other.
  ///
  /// Connections that came through another address are served on.
  package func listen(on binding: Binding) {
    let old = listening.withLock { listening in
      defer { listening = binding.listening }
      return listening
    }
    for fresh in binding.listening where !old.contains(where: { $0.requested == fresh.requested }) {
      for (listener, connections) in zip(fresh.listeners, connections) {
        listener.start { [self] stream in accept(stream, for: connections) }
      }
    }
    for stale in old where !binding.listening.contains(where: { $0.requested == stale.requested }) {
      for listener in stale.listeners { listener.close() }
    }
  }

  /// Takes no new connections; those that are open are served on.
  package func stopAccepting() { listen(on: Binding(listening: [])) }

  /// Ends all connections and returns when none is left.
  ///
  /// Those that idle end at once, the others with the reply that they are at, which says so. At
  /// `deadline`, in monotonic nanoseconds, what is still open is cancelled, and cut
  /// `Bounds.lingerSeconds` later.
  package func drain(until deadline: Int64) async {
    stopAccepting()
    for loop in connections { loop.beginDraining(until: deadline) }
    for loop in connections { await loop.emptied() }
  }

  /// Connections that are open.
  package var openConnections: Int { connections.reduce(0) { $0 + $1.count } }

  private func accept(_ stream: TCPStream, for connections: LoopConnections) {
    let connection = Connection(stream, of: connections, serving: service)
    // Before its task runs, so that draining sees it.
    connections.add(connection)
    let hasRoom = stream.loop.acceptedStreams <= connectionsPerLoop
    stream.loop.startTask {
      if hasRoom { await connection.serve() } else { await connection.refuse() }
    }
  }
}
