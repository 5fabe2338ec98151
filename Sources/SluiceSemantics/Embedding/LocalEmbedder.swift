package import SluiceCore
package import SluicePipeline
package import SluiceTelemetry
internal import Synchronization

/// Embeds on threads of this process, never in the way of the loops.
///
/// A bounded number of texts waits for the threads; beyond it a text is refused at once. Texts of
/// equal tokens are embedded once at a time, for all who ask meanwhile. A text that nobody waits for
/// any more when its turn comes is left out.
///
/// Isolation: any thread; callers resume on their own executor.
package final class LocalEmbedder: Embedder {
  private struct Flight {
    var waiters: [UInt64: EmbeddingWaiter] = [:]
  }
  private struct State {
    /// By token ids: no text is kept, and what reads alike is one.
    var flights: [[Int64]: Flight] = [:]
    var lastNumber: UInt64 = 0
  }
  private let state = Mutex(State())
  private let encoder: SentenceEncoder
  private let workers: any Workers
  private let queue: Int
  private let followers: Int
  private let meters: EmbeddingMeters
  /// The monotonic clock; safe from the threads.
  private let now: @Sendable () -> Int64

  /// An embedder by `encoder` that has nothing to do.
  ///
  /// - Parameters:
  ///   - encoder: the model and its tokenizer.
  ///   - workers: where the model runs, one text a thread at a time.
  ///   - meters: what is counted.
  ///   - now: the monotonic clock, in nanoseconds, readable from any thread.
  ///   - queue: how many texts wait or are embedded at a time.
  ///   - followers: how many wait for one text.
  package init(
    _ encoder: SentenceEncoder,
    on workers: any Workers,
    meters: EmbeddingMeters,
    now: @escaping @Sendable () -> Int64,
    queue: Int = Bounds.embeddingQueue,
    followers: Int = Bounds.flightFollowers
  ) {
    self.encoder = encoder
    self.workers = workers
    self.meters = meters
    self.now = now
    self.queue = queue
    self.followers = followers
  }

  package var dimension: Int { encoder.dimension }
  package var fingerprint: Digest { encoder.fingerprint }
  package var tokenLimit: Int { encoder.tokenLimit }

  /// Whether no text waits or is embedded.
  package var isIdle: Bool { state.withLock { $0.flights.isEmpty } }

  package func embed(
    _ text: String,
    until deadline: Int64,
    in world: any World,
    unless cancellation: Cancellation
  ) async throws(EmbeddingFailure) -> Meaning {
    // Microseconds, and it decides who joins whom.
    let (ids, isTruncated) = encoder.tokenizer.encode(text, upTo: tokenLimit)
    if isTruncated {
      meters.count(.tooLong)
      throw .tooLong
    }
    let waiter = EmbeddingWaiter()
    let (step, number) = join(ids, waiter)
    switch step {
    case .refuse:
      meters.count(.busy)
      throw .busy
    case .join: meters.count(.joined)
    case .lead:
      if !workers.start({ self.work(ids) }) { settle(ids, .failure(.busy)) }
    }
    let timer = world.schedule(atMonotonic: deadline) { [weak self] in
      self?.leave(ids, number, .late)
    }
    let link = cancellation.onCancel { [weak self] in self?.leave(ids, number, .cancelled($0)) }
    let answer = await waiter.answer()
    timer.withdraw()
    cancellation.remove(link)
    switch answer {
    case .success(let meaning): return meaning
    case .failure(let failure):
      meters.count(.init(failure))
      throw failure
    }
  }

  package func vector(of text: String) throws(EmbeddingFailure) -> [Float] {
    let (ids, isTruncated) = encoder.tokenizer.encode(text, upTo: tokenLimit)
    guard !isTruncated else { throw .tooLong }
    return try encoder.vector(of: ids)
  }

  private enum Step {
    case lead
    case join
    case refuse
  }

  private func join(_ ids: [Int64], _ waiter: EmbeddingWaiter) -> (Step, UInt64) {
    state.withLock { state in
      state.lastNumber += 1
      let number = state.lastNumber
      if let waiting = state.flights[ids]?.waiters.count {
        guard waiting < followers else { return (.refuse, number) }
        state.flights[ids]?.waiters[number] = waiter
        return (.join, number)
      }
      guard state.flights.count < queue else { return (.refuse, number) }
      state.flights[ids] = Flight(waiters: [number: waiter])
      return (.lead, number)
    }
  }

  /// On one of the threads.
  private func work(_ ids: [Int64]) {
    let isWanted = state.withLock { state in
      guard state.flights[ids]?.waiters.isEmpty == false else {
        state.flights[ids] = nil
        return false
      }
      return true
    }
    guard isWanted else { return meters.count(.abandoned) }
    let start = now()
    do throws(EmbeddingFailure) {
      let meaning = try encoder.meaning(of: ids)
      meters.duration.observe(nanoseconds: now() - start)
      meters.count(.embedded)
      settle(ids, .success(meaning))
    } catch {
      settle(ids, .failure(error))
    }
  }

  private func settle(_ ids: [Int64], _ answer: Result<Meaning, EmbeddingFailure>) {
    let flight = state.withLock { $0.flights.removeValue(forKey: ids) }
    for waiter in flight?.waiters.values.map(\.self) ?? [] { waiter.wake(answer) }
  }

  /// Wakes one who waits early, unless the answer is about to.
  private func leave(_ ids: [Int64], _ number: UInt64, _ failure: EmbeddingFailure) {
    let waiter = state.withLock { $0.flights[ids]?.waiters.removeValue(forKey: number) }
    waiter?.wake(.failure(failure))
  }
}

/// What an embedder counts.
package struct EmbeddingMeters: Sendable {
  enum Result: String, CaseIterable {
    case embedded
    case joined
    case busy
    case late
    case tooLong = "too_long"
    case cancelled
    case failed
    case abandoned

    init(_ failure: EmbeddingFailure) {
      self =
        switch failure {
        case .busy: .busy
        case .late: .late
        case .tooLong: .tooLong
        case .cancelled: .cancelled
        case .failed: .failed
        }
    }
  }

  private let counters: [Result: Counter]
  let duration: Histogram

  package init(in registry: MetricsRegistry) {
    // Made at once: a counter that first appears with its first count hides that count from a rate.
    counters = Dictionary(
      uniqueKeysWithValues: Result.allCases.map { ($0, registry.embeddings[$0.rawValue]) }
    )
    duration = registry.embeddingDuration
  }

  func count(_ result: Result) { counters[result]?.increment() }
}

/// One exchange that waits for a vector; woken once, perhaps before it has fallen asleep.
private final class EmbeddingWaiter: Sendable {
  typealias Answer = Result<Meaning, EmbeddingFailure>
  private enum State {
    case awake
    case asleep(CheckedContinuation<Answer, Never>)
    case woken(Answer)
  }
  private let state = Mutex(State.awake)

  func answer() async -> Answer {
    await withCheckedContinuation { continuation in
      let early = state.withLock { state -> Answer? in
        if case .woken(let answer) = state { return answer }
        state = .asleep(continuation)
        return nil
      }
      if let early { continuation.resume(returning: early) }
    }
  }

  func wake(_ answer: Answer) {
    let sleeper = state.withLock { state -> CheckedContinuation<Answer, Never>? in
      defer { state = .woken(answer) }
      if case .asleep(let continuation) = state { return continuation }
      return nil
    }
    sleeper?.resume(returning: answer)
  }
}
