internal import CReactor
internal import Glibc
internal import SluiceCore

/// One TCP connection, owned by one loop.
///
/// Every call tries the kernel first and waits only when it must. Registered once, edge-triggered,
/// for both directions: no system call is spent on changing interest, and a read that came back
/// short knows that the next one has to wait. `TCP_NODELAY` is set. The stream holds no buffer.
///
/// One reader and one writer at a time, which is asserted. Deadlines are monotonic nanoseconds and
/// absolute: a peer that drips bytes does not move them. A deadline that passes leaves the
/// stream usable. Cancelling the task does not end a wait; `abort()` does.
///
/// Isolation: its loop only, `loop`, `peer` and `isIncoming` apart. That is what makes the class
/// `@unchecked Sendable`. The loop keeps it alive until it is closed: whoever opens it closes it.
package final class TCPStream: EventSource, @unchecked Sendable {
  package let loop: EventLoop
  /// The address at the other end.
  package let peer: SocketAddress
  /// Whether it was accepted rather than connected.
  package let isIncoming: Bool

  private var registration: Registration?
  private var canRead = true
  private var canWrite = true
  private var isAborted = false
  /// Whether the peer sends no more: it closed, shut down its side, or the connection broke.
  package private(set) var peerHasClosed = false
  /// Whether bytes, or the end, may have come that nobody read.
  ///
  /// While a connection rests between two messages, that is a reason not to use it again.
  package var mayHaveUnread: Bool { canRead }

  /// Whether the kernel has neither bytes nor the end of the stream for us.
  ///
  /// What came before the loop's last poll its events have told, unless the stream was in use since;
  /// where that is long ago (`Bounds.polledNanoseconds`) the kernel is asked: one system call.
  package var isQuiet: Bool {
    loop.assertCurrent()
    guard let registration else { return false }
    if busyTurn != loop.turnNumber,
      reactor_monotonic() - loop.turn.monotonic < Bounds.polledNanoseconds
    {
      return !canRead && !peerHasClosed
    }
    return reactor_is_quiet(registration.descriptor) != 0
  }

  private var peerAction: (() -> Void)?

  private var reader: Waiter<IOFailure?>?
  private var readAction: ((IOFailure?) -> Void)?
  private var writer: Waiter<IOFailure?>?
  private var readDeadline = Int64.max
  private var writeDeadline = Int64.max
  private var timer: LoopTimer?

  // What was done in the loop's current turn without waiting.
  private var busyTurn: UInt64 = 0
  private var operations = 0

  /// Takes a descriptor over, and closes it if that fails.
  init(
    descriptor: Int32,
    peer: SocketAddress,
    isIncoming: Bool,
    on loop: EventLoop
  ) throws(IOFailure) {
    self.loop = loop
    self.peer = peer
    self.isIncoming = isIncoming
    do {
      registration = try loop.add(
        self,
        descriptor: descriptor,
        interest: [.read, .write, .hangUp, .edge]
      )
    } catch {
      reactor_close(descriptor)
      throw error
    }
    if isIncoming { loop.acceptedStreams += 1 }
  }

  deinit {
    assert(registration == nil, "a stream is closed by its owner")
  }

  // MARK: Reading

  /// Appends what has arrived, waiting for the first byte.
  ///
  /// - Parameters:
  ///   - buffer: kept by the caller, who may drop it while the connection idles.
  ///   - maximum: bytes to take at most; never more than `Bounds.readBytes` at a time.
  ///   - deadline: in monotonic nanoseconds.
  /// - Returns: the number of bytes, 0 when the peer sends no more.
  /// - Throws: `timedOut`, `cancelled`, `closed`, `reset` and what else befalls a connection.
  package func read(
    into buffer: inout [UInt8],
    maximum: Int = Bounds.readBytes,
    deadline: Int64 = .max
  ) async throws(IOFailure) -> Int {
    precondition(maximum > 0, "a read of nothing cannot tell the end from a pause")
    let size = min(maximum, Bounds.readBytes)
    if isTurnOver() { await loop.yield() }
    while true {
      if let count = try readNow(into: &buffer, size, before: deadline) { return count }
      if let failure = await readable(before: deadline) { throw failure }
    }
  }

  /// Appends what has arrived; `nil` if nothing has.
  private func readNow(
    into buffer: inout [UInt8],
    _ size: Int,
    before deadline: Int64
  ) throws(IOFailure) -> Int? {
    let descriptor = try usable(until: deadline)
    while canRead {
      let count = unsafe Int(reactor_receive(descriptor, loop.scratch, size))
      if count >= 0 {
        if count == 0 { peerHasClosed = true }
        // A short read emptied the socket: what comes later is an event. Unless the end is known
        // to have come, which is no event a second time.
        if count < size, !peerHasClosed { canRead = false }
        unsafe buffer.append(
          contentsOf: UnsafeRawBufferPointer(start: loop.scratch, count: count)
        )
        return count
      }
      if isInterrupted(count) { continue }
      guard isNotNow(count) else { throw IOFailure(negated: count) }
      canRead = false
    }
    return nil
  }

  /// What has arrived, waiting for the first byte; empty when the peer sends no more.
  ///
  /// See `read(into:maximum:deadline:)`.
  package func read(
    maximum: Int = Bounds.readBytes,
    deadline: Int64 = .max
  ) async throws(IOFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    _ = try await read(into: &bytes, maximum: maximum, deadline: deadline)
    return bytes
  }

  /// Runs `action` once, on the loop, when a read is worth trying, or will not be.
  ///
  /// For a connection that rests: no task has to wait, whose memory is many times the stream's.
  ///
  /// - Parameters:
  ///   - deadline: in monotonic nanoseconds.
  ///   - action: gets `nil` when bytes or the end have come, or else why they did not.
  package func whenReadable(deadline: Int64 = .max, _ action: @escaping (IOFailure?) -> Void) {
    loop.assertCurrent()
    precondition(reader == nil && readAction == nil, "one reader at a time")
    guard registration != nil else { return action(.closed) }
    if isAborted { return action(.cancelled) }
    if canRead { return action(nil) }
    readAction = action
    readDeadline = deadline
    arm(for: deadline)
  }

  @inline(__always)
  private func readable(before deadline: Int64) async -> IOFailure? {
    precondition(reader == nil && readAction == nil, "one reader at a time")
    return await Waiter<IOFailure?>
      .wait { waiter in
        reader = waiter
        readDeadline = deadline
        arm(for: deadline)
      }
  }

  // MARK: Writing

  /// Hands all bytes to the kernel, waiting for room as often as needed.
  package func write(_ bytes: [UInt8], deadline: Int64 = .max) async throws(IOFailure) {
    try await write(bytes[...], deadline: deadline)
  }

  /// Hands all bytes to the kernel, waiting for room as often as needed.
  package func write(_ bytes: ArraySlice<UInt8>, deadline: Int64 = .max) async throws(IOFailure) {
    await takeTurns()
    var sent = 0
    while sent < bytes.count {
      let descriptor = try usable(until: deadline)
      let result = unsafe bytes.withUnsafeBytes { all in
        guard let start = all.baseAddress else { return 0 }
        return unsafe Int(reactor_send(descriptor, start + sent, all.count - sent))
      }
      sent += try await accepted(result, deadline: deadline)
    }
  }

  /// Hands two arrays to the kernel in one call: a head and its body, without joining them.
  package func write(
    _ head: [UInt8],
    _ body: [UInt8],
    deadline: Int64 = .max
  ) async throws(IOFailure) {
    try await write([head, body], deadline: deadline)
  }

  /// Hands several arrays to the kernel, up to eight in one call, without joining them.
  package func write(_ pieces: [[UInt8]], deadline: Int64 = .max) async throws(IOFailure) {
    await takeTurns()
    var next = 0
    var offset = 0
    while true {
      while next < pieces.count, offset >= pieces[next].count {
        offset -= pieces[next].count
        next += 1
      }
      guard next < pieces.count else { return }
      let descriptor = try usable(until: deadline)
      let result = unsafe withUnsafeTemporaryAllocation(of: iovec.self, capacity: Self.vectorSize) {
        unsafe Self.gather(pieces, next, skipping: offset, into: $0, count: 0, for: descriptor)
      }
      offset += try await accepted(result, deadline: deadline)
    }
  }

  private static let vectorSize = 8

  /// Pins one array after the other, then sends: each lives in its own closure.
  private static func gather(
    _ pieces: [[UInt8]],
    _ index: Int,
    skipping offset: Int,
    into vector: UnsafeMutableBufferPointer<iovec>,
    count: Int,
    for descriptor: Int32
  ) -> Int {
    guard index < pieces.count, count < vectorSize, let start = vector.baseAddress else {
      return unsafe Int(reactor_send_vector(descriptor, vector.baseAddress, count))
    }
    return unsafe pieces[index]
      .withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress, bytes.count > offset else {
          return unsafe gather(
            pieces,
            index + 1,
            skipping: 0,
            into: vector,
            count: count,
            for: descriptor
          )
        }
        unsafe (start + count)
          .initialize(
            to: iovec(
              iov_base: UnsafeMutableRawPointer(mutating: base + offset),
              iov_len: bytes.count - offset
            )
          )
        return unsafe gather(
          pieces,
          index + 1,
          skipping: 0,
          into: vector,
          count: count + 1,
          for: descriptor
        )
      }
  }

  /// Hands over what the kernel takes now, without waiting.
  ///
  /// - Returns: how many bytes it took, from the first; `write` hands over the rest.
  package func writeNow(_ bytes: [UInt8], deadline: Int64 = .max) throws(IOFailure) -> Int {
    if isTurnOver() { return 0 }
    let descriptor = try usable(until: deadline)
    precondition(writer == nil, "one writer at a time")
    let result = unsafe bytes.withUnsafeBytes {
      unsafe Int(reactor_send(descriptor, $0.baseAddress, $0.count))
    }
    if result >= 0 { return result }
    guard isInterrupted(result) || isNotNow(result) else { throw IOFailure(negated: result) }
    return 0
  }

  /// Hands over what the kernel takes at once: the last words of a connection that is closed next.
  ///
  /// Does nothing where a writer waits, since the bytes would come between its own.
  package func writeAtOnce(_ bytes: [UInt8]) {
    loop.assertCurrent()
    guard let registration, writer == nil, canWrite, !bytes.isEmpty else { return }
    unsafe bytes.withUnsafeBytes {
      _ = unsafe reactor_send(registration.descriptor, $0.baseAddress, $0.count)
    }
  }

  /// Makes of the kernel's answer the number of bytes it took, after a wait if it took none.
  private func accepted(_ result: Int, deadline: Int64) async throws(IOFailure) -> Int {
    if result >= 0 { return result }
    if isInterrupted(result) { return 0 }
    guard isNotNow(result) else { throw IOFailure(negated: result) }
    canWrite = false
    if let failure = await writable(before: deadline) { throw failure }
    return 0
  }

  /// Waits for room to write; for a stream that connects, for the end of that.
  func writable(before deadline: Int64) async -> IOFailure? {
    precondition(writer == nil, "one writer at a time")
    return await Waiter<IOFailure?>
      .wait { waiter in
        writer = waiter
        writeDeadline = deadline
        arm(for: deadline)
      }
  }

  /// Tells the peer that no more will come; reading goes on.
  package func shutDownWriting() {
    loop.assertCurrent()
    if let registration { reactor_shut_down_writing(registration.descriptor) }
  }

  // MARK: Ending

  /// Runs `action` once, on the loop, when the peer closes, shuts its side down or breaks off.
  ///
  /// At once if it already has. A peer that only shut its sending side down and still waits for a
  /// reply cannot be told apart from one that left until something is written. Bytes that
  /// arrived before may still be read.
  package func onPeerClosed(_ action: @escaping () -> Void) {
    loop.assertCurrent()
    if peerHasClosed {
      action()
    } else {
      peerAction = action
    }
  }

  /// Withdraws the action of `onPeerClosed`.
  package func ignorePeerClosed() {
    loop.assertCurrent()
    peerAction = nil
  }

  /// Makes what waits, and whatever is tried later, fail with `cancelled`.
  ///
  /// The stream still has to be closed.
  package func abort() {
    loop.assertCurrent()
    isAborted = true
    wakeReader(.cancelled)
    wakeWriter(.cancelled)
  }

  /// Closes the connection in order; what waits fails with `closed`.
  ///
  /// A second call does nothing.
  /// The kernel still sends what was written, but breaks the connection off if bytes of the peer
  /// were left unread: shut down writing and read to the end where that matters.
  package func close() {
    loop.assertCurrent()
    guard let registration else { return }
    self.registration = nil
    loop.close(registration)
    if isIncoming { loop.acceptedStreams -= 1 }
    if let timer { loop.cancel(timer) }
    timer = nil
    peerAction = nil
    wakeReader(.closed)
    wakeWriter(.closed)
  }

  /// Breaks the connection off, so that the peer cannot take what it got for complete.
  package func reset() {
    loop.assertCurrent()
    if let registration { reactor_reset_on_close(registration.descriptor) }
    close()
  }

  package var isClosed: Bool { registration == nil }

  /// The address at this end; `nil` once closed.
  package var local: SocketAddress? {
    guard let registration else { return nil }
    var raw = reactor_address()
    guard unsafe reactor_local_address(registration.descriptor, &raw) == 0 else { return nil }
    return SocketAddress(raw)
  }

  // MARK: For its own kind

  /// The error that the connection attempt ended with.
  func connectionFailure() -> IOFailure? {
    guard let registration else { return .closed }
    let result = Int(reactor_socket_error(registration.descriptor))
    return result < 0 ? IOFailure(negated: result) : nil
  }

  /// Makes the kernel's buffers small, so that a test fills them soon.
  func setBuffers(sending: Int? = nil, receiving: Int? = nil) throws(IOFailure) {
    let descriptor = try usable(until: .max)
    if let sending {
      _ = try checked(reactor_set_send_buffer(descriptor, Int32(clamping: sending)))
    }
    if let receiving {
      _ = try checked(reactor_set_receive_buffer(descriptor, Int32(clamping: receiving)))
    }
  }

  func becameReady(_ readiness: Readiness) {
    if !readiness.isDisjoint(with: [.hangUp, .failed]) { peerHasClosed = true }
    if !readiness.isDisjoint(with: [.read, .hangUp, .failed]) {
      canRead = true
      wakeReader(nil)
    }
    if !readiness.isDisjoint(with: [.write, .failed]) {
      canWrite = true
      wakeWriter(nil)
    }
    if peerHasClosed, let action = peerAction {
      peerAction = nil
      action()
    }
  }

  func loopStops() {
    close()
  }

  // MARK: Helpers of both directions

  private func usable(until deadline: Int64) throws(IOFailure) -> Int32 {
    guard let registration else { throw .closed }
    if isAborted { throw .cancelled }
    // Also where nothing has to wait: a flood must not carry a peer past its deadline.
    if deadline <= loop.turn.monotonic { throw .timedOut }
    return registration.descriptor
  }

  /// Lets others have a turn after so many operations that did not wait.
  private func takeTurns() async {
    if isTurnOver() { await loop.yield() }
  }

  /// Counts an operation; says whether others are to have a turn before it.
  private func isTurnOver() -> Bool {
    loop.assertCurrent()
    if busyTurn != loop.turnNumber {
      busyTurn = loop.turnNumber
      operations = 0
    }
    operations += 1
    return operations > Bounds.operationsPerTurn
  }

  private func wakeReader(_ failure: IOFailure?) {
    readDeadline = .max
    reader.take()?.resume(failure)
    if let action = readAction {
      readAction = nil
      action(failure)
    }
  }

  private func wakeWriter(_ failure: IOFailure?) {
    writeDeadline = .max
    writer.take()?.resume(failure)
  }

  /// Makes sure that a timer rings at `deadline` or earlier.
  ///
  /// A timer that rings too early arms the next one: with deadlines that move on with every
  /// request, this costs a timer every so many seconds instead of one each wait.
  private func arm(for deadline: Int64) {
    guard deadline != .max else { return }
    if let timer {
      if timer.deadline <= deadline { return }
      loop.cancel(timer)
    }
    timer = loop.schedule(at: deadline) { self.deadlineCame() }
  }

  private func deadlineCame() {
    timer = nil
    let now = loop.turn.monotonic
    if readDeadline <= now { wakeReader(.timedOut) }
    if writeDeadline <= now { wakeWriter(.timedOut) }
    arm(for: min(readDeadline, writeDeadline))
  }
}
