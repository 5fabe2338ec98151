import SluiceCore
import Synchronization

@testable import SluiceReactor

/// Two connected streams on one loop of their own: what one writes, the other reads.
struct Pair {
  let client: TCPStream
  let server: TCPStream

  func close() {
    client.close()
    server.close()
  }
}

extension EventLoop {
  /// Listens on loopback and queues what is accepted.
  func listen(
    maximumStreams: Int = Bounds.connectionsPerLoop
  ) throws -> (TCPListener, Accepted) {
    let accepted = Accepted()
    let listener = try TCPListener(anyLoopback, on: self, maximumStreams: maximumStreams)
    listener.start { accepted.add($0) }
    return (listener, accepted)
  }

  func connectedPair() async throws -> Pair {
    let (listener, accepted) = try listen()
    defer { listener.close() }
    let client = try await TCPConnector(on: self).connect(to: listener.address)
    return Pair(client: client, server: await accepted.next())
  }

  /// A deadline a little ahead of now.
  func soon(_ milliseconds: Int64 = 5) -> Int64 { now.monotonic + milliseconds * 1_000_000 }
}

let anyLoopback = {
  guard let address = SocketAddress("127.0.0.1:0") else { preconditionFailure("a plain address") }
  return address
}()

/// What a handler gave, one at a time, to a test that waits for it.
final class Mailbox<Element: Sendable>: Sendable {
  private struct State {
    var elements: [Element] = []
    var taker: CheckedContinuation<Element, Never>?
  }
  private let state = Mutex(State())

  func add(_ element: Element) {
    let taker = state.withLock { state -> CheckedContinuation<Element, Never>? in
      if let taker = state.taker {
        state.taker = nil
        return taker
      }
      state.elements.append(element)
      return nil
    }
    taker?.resume(returning: element)
  }

  func next() async -> Element {
    await withCheckedContinuation { continuation in
      let element = state.withLock { state -> Element? in
        if state.elements.isEmpty {
          precondition(state.taker == nil, "one taker at a time")
          state.taker = continuation
          return nil
        }
        return state.elements.removeFirst()
      }
      if let element { continuation.resume(returning: element) }
    }
  }

  var count: Int { state.withLock { $0.elements.count } }
}

typealias Accepted = Mailbox<TCPStream>

/// Bytes in which a lost, doubled or moved part shows: the period is prime.
func pattern(of count: Int, from start: Int) -> [UInt8] {
  let period = (0..<251).map { UInt8(($0 + start) % 251) }
  var bytes: [UInt8] = []
  while bytes.count < count { bytes += period }
  return Array(bytes[..<count])
}
