internal import SluiceCore
internal import SluiceHTTP
internal import SluicePipeline

/// A client that writes down exactly what it gets; it may be slow, and it may leave.
final class RecordingSink: ReplySink {
  private let exchange: Int
  private let writeDelay: Int64
  private let history: History
  private let world: any World
  private let cancellation: Cancellation
  private let faults: PortFaults?

  init(
    exchange: Int,
    ask: Ask,
    history: History,
    world: any World,
    cancellation: Cancellation,
    faults: PortFaults?
  ) {
    self.exchange = exchange
    writeDelay = ask.writeDelay
    self.history = history
    self.world = world
    self.cancellation = cancellation
    self.faults = faults
  }

  /// Takes a reply in one piece, as the edge sends it.
  func send(_ reply: Reply) async {
    do throws(Failure) {
      try await take()
    } catch {
      return
    }
    history.receive(exchange, "status \(reply.status), \(reply.body.count) bytes") {
      $0.heads += 1
      $0.status = reply.status
      $0.fields = [("content-type", reply.contentType)] + reply.fields
      $0.body += reply.body
      $0.completions += 1
    }
  }

  func begin(status: Int, fields: HeaderLines) async throws(Failure) {
    try await take()
    history.receive(exchange, "head \(status)") {
      $0.heads += 1
      $0.status = status
      $0.fields = fields.pairs
    }
  }

  func write(_ bytes: [UInt8]) async throws(Failure) {
    try await take()
    history.receive(exchange, "\(bytes.count) bytes") {
      $0.body += bytes
      $0.writes += 1
    }
  }

  func finish() async throws(Failure) {
    try await take()
    history.receive(exchange, "the end") { $0.completions += 1 }
  }

  private func take() async throws(Failure) {
    if let faults, cancellation.reason == nil, faults.strikes("write to \(exchange)") {
      history.leave(exchange)
      cancellation.cancel(.clientLeft)
    }
    if cancellation.reason == .clientLeft {
      throw Failure(.clientLeft)
    }
    guard writeDelay > 0 else { return }
    let end = world.now.monotonic + writeDelay
    if await Pause.until(end, in: world, unless: cancellation) == .clientLeft {
      throw Failure(.clientLeft)
    }
  }
}
