import SluiceCore
import SluiceTestSupport
import Synchronization
import Testing

@testable import SluiceReactor

@Suite struct TCPStreamTests {
  @Test("echoes what it is sent, on the loop from first to last")
  func echo() async throws {
    let answer = try await onLoop { loop in
      let pair = try await loop.connectedPair()
      defer { pair.close() }
      let echo = loop.startTask {
        var buffer: [UInt8] = []
        do {
          while try await pair.server.read(into: &buffer) > 0 {
            loop.checkIsolated()
            try await pair.server.write(buffer)
            buffer.removeAll(keepingCapacity: true)
          }
        } catch {
          Issue.record(error)
        }
      }
      var answer: [UInt8] = []
      for word in ["one ", "two ", "three"] {
        try await pair.client.write(Array(word.utf8))
        let wanted = answer.count + word.utf8.count
        while answer.count < wanted { _ = try await pair.client.read(into: &answer) }
        loop.checkIsolated()
      }
      pair.client.shutDownWriting()
      await echo.value
      loop.checkIsolated()
      return answer
    }
    #expect(String(decoding: answer, as: UTF8.self) == "one two three")
  }

  @Test("returns nothing at the end of the stream, every time")
  func end() async throws {
    try await onLoop { loop in
      let pair = try await loop.connectedPair()
      defer { pair.close() }
      try await pair.client.write(Array("last".utf8))
      pair.client.shutDownWriting()
      var bytes: [UInt8] = []
      #expect(try await pair.server.read(into: &bytes) == 4)
      #expect(try await pair.server.read(into: &bytes) == 0)
      #expect(try await pair.server.read(into: &bytes) == 0)
    }
  }

  @Test("reads at most what it is asked for and keeps the rest")
  func maximum() async throws {
    try await onLoop { loop in
      let pair = try await loop.connectedPair()
      defer { pair.close() }
      try await pair.client.write(Array("abcdef".utf8))
      #expect(try await pair.server.read(maximum: 4) == Array("abcd".utf8))
      #expect(try await pair.server.read(maximum: 4) == Array("ef".utf8))
    }
  }

  @Test("writes more than the kernel takes, to a reader that is slow", arguments: [1, 3, 20])
  func slowReader(pieceCount: Int) async throws {
    try await onLoop { loop in
      let pair = try await loop.connectedPair()
      defer { pair.close() }
      try pair.client.setBuffers(sending: 16 << 10)
      let pieces = (0..<pieceCount)
        .map { piece in
          pattern(of: 1_500_000 / pieceCount, from: piece)
        }
      let sent = pieces.reduce(into: [UInt8]()) { $0 += $1 }
      let writing = loop.startTask {
        do {
          if pieceCount == 1 {
            try await pair.client.write(pieces[0])
          } else {
            try await pair.client.write(pieces)
          }
        } catch {
          Issue.record(error)
        }
        pair.client.shutDownWriting()
      }
      var received: [UInt8] = []
      while try await pair.server.read(into: &received, maximum: 10_000) > 0 {}
      await writing.value
      #expect(received == sent)
    }
  }

  @Test("sends several arrays in order, empty ones left out")
  func vector() async throws {
    try await onLoop { loop in
      let pair = try await loop.connectedPair()
      defer { pair.close() }
      try await pair.client.write(Array("head ".utf8), Array("body".utf8))
      #expect(try await pair.server.read() == Array("head body".utf8))
      let pieces = (0..<20).map { $0 % 3 == 0 ? [] : [UInt8](repeating: $0 + 65, count: Int($0)) }
      try await pair.client.write(pieces)
      pair.client.shutDownWriting()
      var received: [UInt8] = []
      while try await pair.server.read(into: &received) > 0 {}
      #expect(received == Array(pieces.joined()))
    }
  }

  @Test("a read fails at its deadline, and the stream lives on")
  func readDeadline() async throws {
    try await onLoop { loop in
      let pair = try await loop.connectedPair()
      defer { pair.close() }
      let deadline = loop.soon()
      await #expect(throws: IOFailure.timedOut) { try await pair.server.read(deadline: deadline) }
      #expect(loop.now.monotonic >= deadline)
      try await pair.client.write([1])
      #expect(try await pair.server.read() == [1])
    }
  }

  @Test("a passed deadline stops a peer that never lets a read wait")
  func passedDeadline() async throws {
    try await onLoop { loop in
      let pair = try await loop.connectedPair()
      defer { pair.close() }
      try await pair.client.write([1, 2, 3])
      let deadline = loop.turn.monotonic
      await #expect(throws: IOFailure.timedOut) { try await pair.server.read(deadline: deadline) }
    }
  }

  @Test("deadlines that move on with every read still ring")
  func movingDeadlines() async throws {
    try await onLoop { loop in
      let pair = try await loop.connectedPair()
      defer { pair.close() }
      for step in Int64(0)..<5 {
        async let reading = pair.server.read(deadline: loop.soon(20 + step))
        try await pair.client.write([UInt8(step)])
        #expect(try await reading == [UInt8(step)])
      }
      // The timer of the first read is the only one, and arms the next when it rings too early.
      #expect(loop.timerCount == 1)
      await #expect(throws: IOFailure.timedOut) {
        try await pair.server.read(deadline: loop.soon(30))
      }
    }
  }

  @Test("a write fails at its deadline when the peer does not read")
  func writeDeadline() async throws {
    try await onLoop { loop in
      let pair = try await loop.connectedPair()
      defer { pair.close() }
      let much = [UInt8](repeating: 7, count: 32 << 20)
      await #expect(throws: IOFailure.timedOut) {
        try await pair.client.write(much, deadline: loop.soon())
      }
    }
  }

  @Test("tells its owner when the peer closes while nothing is read")
  func peerCloses() async throws {
    try await onLoop { loop in
      let pair = try await loop.connectedPair()
      defer { pair.close() }
      try await pair.client.write([1])
      #expect(try await pair.server.read() == [1])
      let told = Mailbox<Bool>()
      pair.server.onPeerClosed { told.add(loop.isCurrent) }
      pair.client.close()
      #expect(await told.next())
      #expect(pair.server.peerHasClosed)
      // It is told at once afterwards, and once only.
      pair.server.onPeerClosed { told.add(true) }
      #expect(told.count == 1)
    }
  }

  @Test("does not tell of a peer's close when that was withdrawn")
  func peerCloseIgnored() async throws {
    try await onLoop { loop in
      let pair = try await loop.connectedPair()
      defer { pair.close() }
      pair.server.onPeerClosed { Issue.record("told all the same") }
      pair.server.ignorePeerClosed()
      pair.client.close()
      #expect(try await pair.server.read() == [])
      #expect(pair.server.peerHasClosed)
    }
  }

  @Test("abort ends the read that waits, and all that follow")
  func abort() async throws {
    try await onLoop { loop in
      let pair = try await loop.connectedPair()
      defer { pair.close() }
      loop.execute { pair.server.abort() }
      await #expect(throws: IOFailure.cancelled) { try await pair.server.read() }
      await #expect(throws: IOFailure.cancelled) { try await pair.server.write([1]) }
      #expect(!pair.server.isClosed)
    }
  }

  @Test("close ends the read that waits")
  func closeWhileReading() async throws {
    try await onLoop { loop in
      let pair = try await loop.connectedPair()
      defer { pair.close() }
      loop.execute { pair.server.close() }
      await #expect(throws: IOFailure.closed) { try await pair.server.read() }
      #expect(pair.server.local == nil)
      pair.server.close()
    }
  }

  @Test("a reset reaches the peer as one")
  func reset() async throws {
    try await onLoop { loop in
      let pair = try await loop.connectedPair()
      defer { pair.close() }
      pair.server.reset()
      await #expect(throws: IOFailure.reset) { try await pair.client.read() }
    }
  }

  @Test("writing to a peer that is gone fails and raises no signal")
  func brokenPipe() async throws {
    try await onLoop { loop in
      let pair = try await loop.connectedPair()
      defer { pair.close() }
      pair.server.reset()
      await #expect(throws: IOFailure.reset) {
        for _ in 0..<1_000 { try await pair.client.write([1]) }
      }
    }
  }

  @Test("knows both its addresses")
  func addresses() async throws {
    try await onLoop { loop in
      let pair = try await loop.connectedPair()
      defer { pair.close() }
      #expect(pair.client.local == pair.server.peer)
      #expect(pair.server.local == pair.client.peer)
      #expect(pair.server.isIncoming)
      #expect(!pair.client.isIncoming)
    }
  }

  @Test("a busy stream lets others have their turn")
  func fairness() async throws {
    try await onLoop { loop in
      let pair = try await loop.connectedPair()
      defer { pair.close() }
      let first = loop.turnNumber
      for _ in 0..<3 * Bounds.operationsPerTurn { try await pair.client.write([1]) }
      #expect(loop.turnNumber >= first + 2)
    }
  }
}
