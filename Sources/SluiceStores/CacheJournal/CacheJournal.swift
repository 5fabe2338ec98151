package import SluiceCore
package import SluicePipeline
internal import Synchronization

/// What the cache's journal needs of the process around it.
package struct CacheJournalHost: Sendable {
  /// Runs an action after so many nanoseconds, on a thread that serves no traffic.
  package var later: @Sendable (Int64, @escaping @Sendable () -> Void) -> Void
  /// Runs work that may wait for a disk, on a thread of its own.
  package var work: @Sendable (@escaping @Sendable () -> Void) -> Void
  package var now: @Sendable () -> Moment
  /// Names the monotonic clock: moments of processes that name the same one can be compared.
  package var clock: String
  package var tell: @Sendable (CacheNotice) -> Void

  package init(
    later: @escaping @Sendable (Int64, @escaping @Sendable () -> Void) -> Void,
    work: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void,
    now: @escaping @Sendable () -> Moment,
    clock: String,
    tell: @escaping @Sendable (CacheNotice) -> Void
  ) {
    self.later = later
    self.work = work
    self.now = now
    self.clock = clock
    self.tell = tell
  }
}

/// What an operator should know of the cache's journal.
package enum CacheNotice: Sendable, Equatable {
  /// Answers are kept in memory only from now on.
  case failed(LedgerFailure)
  case recovered(after: Int64)
}

/// What the cache's journal did, for its gauges.
package struct CacheJournalUsage: Sendable, Equatable {
  /// Answers and questions that were written, since the start.
  package var written: Int64 = 0
  /// Those that were not: the disk failed, or too many waited.
  package var dropped: Int64 = 0
  package var bytes = 0
  package var isWritable = true

  package init() {}
}

/// What lets the cache survive the process: its answers and questions, written down behind it.
///
/// An append-only journal in the segments of a `JournalMedium`, framed and summed as the ledger's.
/// What the cache keeps is put in a queue, in the order in which it is kept, and written in batches
/// by threads that serve nobody: nothing on a request's way waits, and what does not fit in the queue
/// or on the disk is kept in memory only. An invalidation is different: `forget` returns once it is
/// on the disk, behind all that it concerns, so that no later start brings back what it named.
///
/// When the journal has grown by as much as the cache holds, all that the cache holds is written to
/// a new segment, the older ones are removed, and with them what was evicted, expired or invalidated.
/// Segments are read in their order whatever became of that, so it may end at any point.
///
/// Nothing in it is worth refusing a start: what cannot be trusted is dropped, and told.
///
/// Safe from any thread. Locks: of a cache's shard before `state`; `writer` before `state`.
package final class CacheJournal: Sendable {
  fileprivate enum Item: Sendable {
    case reply(Digest, CachedReply)
    case question(VectorRow, encoder: Digest)
    case agreement(Bool, UInt64, UInt64, encoder: Digest)
    case state(String, [UInt8])

    var bytes: Int {
      switch self {
      case .reply(_, let reply): reply.body.count + 256
      case .question(let row, _): row.bytes.count + row.question.words.bytes + 256
      case .agreement: 64
      case .state(let name, let bytes): name.utf8.count + bytes.count + 64
      }
    }
  }

  private struct State {
    var queue: [Item] = []
    var queuedBytes = 0
    var isFlushDue = false
    var usage = CacheJournalUsage()
    var states: [String: [UInt8]]
    /// What was read and nobody has asked for yet.
    var replies: [(key: Digest, reply: CachedReply)]
    var questions: [Digest: [VectorRow]]
    /// Since when nothing could be written, and when that was last tried; monotonic.
    var outage: (since: Int64, lastTry: Int64)?
    /// On the monotonic clock: when the first of what is written expires.
    var firstExpiry = Int64.max
    var isCompacting = false
    /// What the disk holds of the last time when all was written anew.
    var baseBytes = 0
    var compactNotBefore = Int64.min
    var cache = WeakCache()
    var indexes: [WeakIndex] = []
  }

  private struct WeakCache { weak var value: EmbeddedReplyCache? }
  private struct WeakIndex { weak var value: EmbeddedVectorIndex? }

  private struct Writer {
    var segments: JournalWriter
    var isPrepared = false
    /// Bytes of all segments.
    var bytes: Int
    /// The one that the last question in the segment was of.
    var encoder: Digest?
  }

  private let medium: any JournalMedium
  private let host: CacheJournalHost
  private let segmentBytes: Int
  private let state: Mutex<State>
  private let writer: Mutex<Writer>
  /// What was found when it was opened.
  package let recovery: CacheRecovery

  /// Opens the journal that `medium` holds; blocks while it is read.
  ///
  /// - Parameters:
  ///   - medium: where it lies.
  ///   - host: the process around it.
  ///   - capacity: bytes of answers that there is room for.
  ///   - segmentBytes: by how many bytes it grows, at least, before all is written anew.
  package init(
    _ medium: any JournalMedium,
    host: CacheJournalHost,
    capacity: Int = Bounds.cacheBytes,
    segmentBytes: Int = Bounds.cacheSegmentBytes
  ) {
    self.medium = medium
    self.host = host
    self.segmentBytes = segmentBytes
    let now = host.now()
    var opening = CacheOpening(medium, capacity: capacity)
    let replies = opening.finish(on: host.clock, at: now)
    recovery = opening.recovery
    var state = State(
      states: opening.replay.states,
      replies: replies,
      questions: opening.questions
    )
    state.usage.bytes = opening.recovery.bytes
    state.baseBytes = opening.recovery.bytes
    for (_, reply) in replies { state.firstExpiry = min(state.firstExpiry, reply.lastUse) }
    if opening.recovery.expired > 0 || opening.recovery.damage != nil {
      state.firstExpiry = now.monotonic
    }
    self.state = Mutex(state)
    writer = Mutex(
      Writer(
        segments: JournalWriter(medium, segment: opening.lastSegment + 1, length: 0),
        bytes: opening.recovery.bytes
      )
    )
    sweepLater()
  }

  // MARK: What was read

  /// The answers that were read, handed out once.
  func takeReplies() -> [(key: Digest, reply: CachedReply)] {
    state.withLock { state in
      defer { state.replies = [] }
      return state.replies
    }
  }

  /// The questions of an encoder that were read, in the order of their names, handed out once.
  func takeQuestions(of encoder: Digest) -> [VectorRow] {
    state.withLock { $0.questions.removeValue(forKey: encoder) ?? [] }
  }

  /// Writes anew from `cache` from now on; it is not kept alive.
  func attach(_ cache: EmbeddedReplyCache) { state.withLock { $0.cache.value = cache } }

  func attach(_ index: EmbeddedVectorIndex) {
    state.withLock { state in
      state.indexes.removeAll { $0.value == nil }
      state.indexes.append(WeakIndex(value: index))
    }
  }

  package var usage: CacheJournalUsage { state.withLock { $0.usage } }

  // MARK: What is to be kept

  func keep(_ reply: CachedReply, for key: Digest) { enqueue(.reply(key, reply)) }

  func keep(_ row: VectorRow, of encoder: Digest) { enqueue(.question(row, encoder: encoder)) }

  func note(_ agree: Bool, _ one: UInt64, _ other: UInt64, of encoder: Digest) {
    enqueue(.agreement(agree, one, other, encoder: encoder))
  }

  /// What was kept under `name`, by this process or one before it.
  package func state(_ name: String) -> [UInt8]? { state.withLock { $0.states[name] } }

  /// Keeps bytes under a name, in place of what was there; none forget it.
  ///
  /// - Returns: false if they are more than `Bounds.cacheStateBytes`, or the name one too many.
  @discardableResult
  package func keep(_ bytes: [UInt8], as name: String) -> Bool {
    let isKept = state.withLock { state in
      guard bytes.count <= Bounds.cacheStateBytes, name.utf8.count <= Bounds.cacheStateNameBytes,
        bytes.isEmpty || state.states[name] != nil || state.states.count < Bounds.cacheStates
      else { return false }
      state.states[name] = bytes.isEmpty ? nil : bytes
      return true
    }
    if isKept { enqueue(.state(name, bytes)) }
    return isKept
  }

  private func enqueue(_ item: Item) {
    let isFirst = state.withLock { state in
      guard state.queuedBytes < Bounds.cacheQueueBytes else {
        state.usage.dropped += 1
        return false
      }
      state.queue.append(item)
      state.queuedBytes += item.bytes
      defer { state.isFlushDue = true }
      return !state.isFlushDue
    }
    guard isFirst else { return }
    host.later(Bounds.cacheDelayNanoseconds) { [self] in
      // First, so that whatever comes of the work, the next answer asks for it again.
      state.withLock { $0.isFlushDue = false }
      host.work { [self] in flush() }
    }
  }

  // MARK: Writing

  /// Writes what waits; may wait for a disk.
  package func flush() {
    let length = writer.withLock { writer in
      flush(&writer)
      return writer.segments.length
    }
    let now = host.now().monotonic
    let isFull = state.withLock {
      length >= max(segmentBytes, $0.baseBytes) && now >= $0.compactNotBefore
    }
    if isFull { host.work { [self] in compact() } }
  }

  /// Writes what waits and waits for the disk; nothing is to be kept after it.
  package func close() {
    flush()
    writer.withLock { writer in
      do throws(LedgerFailure) {
        try append([], to: &writer)
        try medium.sync(writer.segments.segment)
      } catch {
        fail(error)
      }
    }
  }

  private func flush(_ writer: inout Writer) {
    let now = host.now()
    let items = state.withLock { state in
      defer {
        state.queue = []
        state.queuedBytes = 0
      }
      return state.queue
    }
    guard !items.isEmpty else { return }
    let mayTry = state.withLock { state in
      state.outage.map { now.monotonic - $0.lastTry >= Bounds.cacheProbeNanoseconds } ?? true
    }
    guard mayTry, writer.bytes < Bounds.cacheFolderBytes else { return drop(items) }
    do throws(LedgerFailure) {
      try append(items, to: &writer)
    } catch {
      fail(error)
      drop(items)
    }
  }

  private func drop(_ items: [Item]) {
    state.withLock { $0.usage.dropped += Int64(items.count) }
  }

  /// Appends items, the time before them, and what the segment needs before that.
  private func append(_ items: [Item], to writer: inout Writer) throws(LedgerFailure) {
    let now = host.now()
    if !writer.isPrepared {
      try medium.prepare(writer.segments.segment)
      writer.isPrepared = true
    }
    var encoder = writer.encoder
    var records = RecordWriter()
    records.bytes.reserveCapacity(items.reduce(256) { $0 + $1.bytes })
    if writer.segments.length == 0 {
      records.append(header(of: writer.segments.segment, at: now))
      encoder = nil
    } else {
      records.append(.clock(now))
    }
    var expiry = Int64.max
    for item in items {
      records.append(item, after: &encoder)
      if case .reply(_, let reply) = item { expiry = min(expiry, reply.lastUse) }
    }
    try writer.segments.write(records.bytes)
    writer.encoder = encoder
    writer.bytes += records.bytes.count
    let bytes = writer.bytes
    let outage = state.withLock { state in
      state.usage.bytes = bytes
      state.usage.written += Int64(items.count)
      state.usage.isWritable = true
      state.firstExpiry = min(state.firstExpiry, expiry)
      defer { state.outage = nil }
      return state.outage
    }
    if let outage { host.tell(.recovered(after: now.monotonic - outage.since)) }
  }

  private func header(of segment: UInt64, at moment: Moment) -> CacheRecord {
    .header(version: CacheRecord.version, segment: segment, clock: host.clock, moment)
  }

  private func fail(_ failure: LedgerFailure) {
    let now = host.now().monotonic
    let isNew = state.withLock { state in
      defer { state.outage = (state.outage?.since ?? now, now) }
      state.usage.isWritable = false
      return state.outage == nil
    }
    if isNew { host.tell(.failed(failure)) }
  }

  // MARK: Forgetting

  /// Has no later start bring back what `selection` names; call it once the cache has forgotten.
  ///
  /// Waits for the disk. Where it takes no more, all that it holds is removed instead.
  ///
  /// - Throws: when neither can be done; a later start may then serve what was named.
  package func forget(_ selection: CacheSelection) throws(LedgerFailure) {
    let mustCompact = try writer.withLock { writer throws(LedgerFailure) in
      // Before it, so that it concerns them.
      flush(&writer)
      do throws(LedgerFailure) {
        // A segment that begins with it has its header; the time behind it closes it, so that
        // damage to it is not taken for a write that did not come to its end.
        try append([], to: &writer)
        var records = RecordWriter()
        records.append(.forgotten(selection))
        records.append(.clock(host.now()))
        try writer.segments.write(records.bytes)
        writer.bytes += records.bytes.count
        try medium.sync(writer.segments.segment)
        return selection == .everything
      } catch {
        fail(error)
        try wipe(&writer)
        return true
      }
    }
    let now = host.now().monotonic
    state.withLock { $0.firstExpiry = now }
    if mustCompact { host.work { [self] in compact() } }
  }

  /// Removes all that is written.
  private func wipe(_ writer: inout Writer) throws(LedgerFailure) {
    try medium.remove(before: .max)
    guard try medium.contents().segments.isEmpty else {
      throw LedgerFailure(reason: "files cannot be removed")
    }
    writer.segments.turn(to: writer.segments.segment + 1)
    writer.isPrepared = false
    writer.bytes = 0
    state.withLock { state in
      state.usage.bytes = 0
      state.baseBytes = 0
      state.compactNotBefore = .min
    }
  }

  // MARK: Writing anew

  private func sweepLater() {
    host.later(Bounds.cacheSweepNanoseconds) { [weak self] in
      guard let self else { return }
      sweepLater()
      let now = host.now().monotonic
      if state.withLock({ $0.firstExpiry <= now }) { host.work { [self] in compact() } }
    }
  }

  /// Writes all that the cache holds to a segment of its own and removes those before it.
  ///
  /// What is kept meanwhile goes to the segment behind, to be read after it; so does what is
  /// forgotten meanwhile, whether or not the new segment still has it.
  package func compact() {
    let isDue = state.withLock { state in
      guard !state.isCompacting, state.cache.value != nil else { return false }
      state.isCompacting = true
      return true
    }
    guard isDue else { return }
    defer { state.withLock { $0.isCompacting = false } }
    let now = host.now()
    do throws(LedgerFailure) {
      let segment = try writer.withLock { writer throws(LedgerFailure) in
        flush(&writer)
        let segment = writer.segments.segment + 1
        try medium.prepare(segment)
        try medium.prepare(segment + 1)
        writer.segments.turn(to: segment + 1)
        writer.isPrepared = true
        writer.encoder = nil
        return segment
      }
      var snapshot = CacheSnapshot(medium, segment: segment)
      let expiry: Int64
      do throws(LedgerFailure) {
        expiry = try write(&snapshot, at: now)
      } catch {
        // It holds nothing that is not elsewhere.
        try medium.cut(segment, to: 0)
        throw error
      }
      try medium.sync(segment)
      try medium.remove(before: segment)
      let bytes = writer.withLock { writer in
        writer.bytes = snapshot.length + writer.segments.length
        return writer.bytes
      }
      state.withLock { state in
        state.usage.bytes = bytes
        state.baseBytes = snapshot.length
        // What was kept meanwhile may expire before what was there; at worst one sweep later.
        state.firstExpiry = expiry
        // What nobody has asked for until now is not written anew.
        state.questions = [:]
      }
    } catch {
      state.withLock {
        $0.compactNotBefore = now.monotonic + Bounds.ledgerCheckpointRetryNanoseconds
      }
      fail(error)
    }
  }

  private func write(
    _ snapshot: inout CacheSnapshot,
    at moment: Moment
  ) throws(LedgerFailure) -> Int64 {
    let (states, cache, indexes) = state.withLock { state in
      (state.states, state.cache.value, state.indexes.compactMap(\.value))
    }
    var expiry = Int64.max
    try snapshot.append(header(of: snapshot.segment, at: moment))
    for (name, bytes) in states.sorted(by: { $0.key < $1.key }) {
      try snapshot.append(.state(name, bytes))
    }
    var shard = 0
    while let replies = cache?.replies(ofShard: shard, at: moment) {
      for (key, reply) in replies {
        try snapshot.append(.reply(key, reply))
        expiry = min(expiry, reply.lastUse)
      }
      shard += 1
    }
    for index in indexes {
      try snapshot.append(.encoder(index.encoder))
      var place: Int? = 0
      while let start = place {
        let (rows, next) = index.rows(from: start, count: 1_000)
        for row in rows where row.question.expiresAt > moment.wall {
          try snapshot.append(.question(row))
        }
        place = next
      }
    }
    try snapshot.append(.clock(host.now()))
    try snapshot.finish()
    return expiry
  }
}

extension RecordWriter {
  fileprivate mutating func append(_ item: CacheJournal.Item, after encoder: inout Digest?) {
    func turn(_ writer: inout RecordWriter, to fingerprint: Digest) {
      if encoder != fingerprint { writer.append(.encoder(fingerprint)) }
      encoder = fingerprint
    }
    switch item {
    case .reply(let key, let reply): append(.reply(key, reply))
    case .question(let row, let fingerprint):
      turn(&self, to: fingerprint)
      append(.question(row))
    case .agreement(let agree, let one, let other, let fingerprint):
      turn(&self, to: fingerprint)
      append(.agreement(agree, one, other))
    case .state(let name, let bytes): append(.state(name, bytes))
    }
  }
}

extension CachedReply {
  /// On the monotonic clock: from when on it may not be served, however stale.
  fileprivate var lastUse: Int64 {
    let (life, isEndless) = ttlNanoseconds.addingReportingOverflow(staleNanoseconds)
    let (end, isLate) = storedAt.monotonic.addingReportingOverflow(life)
    return isEndless || isLate ? .max : end
  }
}

/// Writes one segment in pieces.
private struct CacheSnapshot {
  private static let pieceBytes = 1 << 20

  private var writer: JournalWriter
  private var records = RecordWriter()
  let segment: UInt64

  init(_ medium: any JournalMedium, segment: UInt64) {
    writer = JournalWriter(medium, segment: segment, length: 0)
    self.segment = segment
  }

  var length: Int { writer.length }

  mutating func append(_ record: CacheRecord) throws(LedgerFailure) {
    records.append(record)
    if records.bytes.count >= Self.pieceBytes { try finish() }
  }

  mutating func finish() throws(LedgerFailure) {
    try writer.write(records.bytes)
    records = RecordWriter()
  }
}
