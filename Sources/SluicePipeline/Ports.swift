package import SluiceCore
package import SluiceExpressions
package import SluiceHTTP
package import SluicePolicy

// Ports: what stages ask of the world outside the graph. Stores and the upstream client implement
// them; the gateway and the simulation hand them in. Operations are atomic and coarse, so that a
// store shared by a fleet could answer each in one round trip.

/// Key records, by the digest of the key.
package protocol KeyDirectory: Sendable {
  /// The record of a key; `nil` if there is none or if it was revoked.
  func record(of digest: Digest) -> KeyRecord?
}

/// What a key says about who uses it.
package struct KeyRecord: Sendable, Equatable {
  package var id: String
  package var digest: Digest
  package var tenant: String
  package var user: String
  package var tier: String
  /// The first is the default.
  package var products: [String]
  /// Seconds since 1970, UTC; `nil`: never.
  package var expiresAt: Int64?
  /// Whether its holder may set `X-Sluice-Tag` and `X-Sluice-Cache-Tags`.
  package var maySetTag: Bool

  package init(
    id: String,
    digest: Digest,
    tenant: String,
    user: String,
    tier: String,
    products: [String],
    expiresAt: Int64?,
    maySetTag: Bool = false
  ) {
    self.id = id
    self.digest = digest
    self.tenant = tenant
    self.user = user
    self.tier = tier
    self.products = products
    self.expiresAt = expiresAt
    self.maySetTag = maySetTag
  }
}

/// Counts of requests, of tokens and of exchanges in flight, by limit and key.
package protocol Counters: Sendable {
  /// Counts one request against `limit` for `key`, if it fits.
  func take(
    limit: String,
    key: String,
    rate: LimitSettings.Rate,
    burst: Int,
    at moment: Moment
  ) -> RateDecision

  /// Counts `amount` against `limit` for `key`, if it fits, until it is known what was used.
  ///
  /// What was reserved must be settled once, whatever became of it.
  func reserve(
    _ amount: Int,
    limit: String,
    key: String,
    rate: LimitSettings.Rate,
    burst: Int,
    at moment: Moment
  ) -> (decision: RateDecision, reservation: Reservation?)

  /// Counts what was used in place of what was reserved.
  ///
  /// What is given back leaves the slot of the window that it was taken from, if the window still
  /// reaches there; else it counts no more, and there is nothing to give back. What was used beyond
  /// the reservation counts from now on for a whole window, also where it does not fit.
  func settle(
    _ reservation: Reservation,
    used: Int,
    limit: String,
    key: String,
    rate: LimitSettings.Rate,
    burst: Int,
    at moment: Moment
  )

  /// Takes a place in flight, if one of `maximum` is free.
  func enter(limit: String, key: String, maximum: Int) -> Bool

  /// Gives the place back.
  func leave(limit: String, key: String)
}

/// What was counted before it was known.
package struct Reservation: Sendable, Equatable {
  package let amount: Int
  /// The last nanosecond of the slot that it was counted in, on the monotonic clock.
  package let slotEnd: Int64

  package init(amount: Int, slotEnd: Int64) {
    self.amount = amount
    self.slotEnd = slotEnd
  }
}

/// What a rate limit decided, and what the client is told.
package struct RateDecision: Sendable, Equatable {
  package enum Verdict: Sendable, Equatable {
    case admitted
    /// Refused; the same request would fit after so many nanoseconds.
    case refused(retryAfterNanoseconds: Int64)
    /// The table of keys is full of keys that are still counting (`Bounds.limitKeys`).
    case tableFull(retryAfterNanoseconds: Int64)
  }

  package var verdict: Verdict
  /// How many fit in a window.
  package var quota: Int
  /// How many more fit now.
  package var remaining: Int
  /// Until the count is back at nothing, if nothing more comes.
  package var resetNanoseconds: Int64

  package init(verdict: Verdict, quota: Int, remaining: Int, resetNanoseconds: Int64) {
    self.verdict = verdict
    self.quota = quota
    self.remaining = remaining
    self.resetNanoseconds = resetNanoseconds
  }
}

/// Whole answers, by exact key.
package protocol ReplyCache: Sendable {
  /// The answer under `key` if its time has not passed; a stale one is not returned.
  func reply(for key: Digest, at moment: Moment) -> CachedReply?

  /// The answer under `key` whatever its age, if it expired no longer ago than it may be served
  /// stale and was not invalidated.
  func staleReply(for key: Digest, at moment: Moment) -> CachedReply?

  /// A point before an attempt, so that an answer asked for before an invalidation is not stored
  /// after it.
  func epoch(of product: String) -> UInt64

  /// Keeps `reply` until its expiry, unless the product was invalidated since `epoch`, or the
  /// answer is larger than `Bounds.cachedReplyBytes`.
  ///
  /// - Returns: whether it was kept.
  func store(_ reply: CachedReply, for key: Digest, epoch: UInt64, at moment: Moment) -> Bool

  /// Forgets answers. When it returns, none of them is served again.
  ///
  /// - Returns: how many were forgotten.
  func invalidate(_ selection: CacheSelection) -> Int
}

/// Which answers an invalidation names.
package enum CacheSelection: Sendable, Equatable {
  case everything
  case product(String)
  case tag(String)
  case key(Digest)
}

/// A whole answer with status 200, as it is kept.
package struct CachedReply: Sendable {
  /// One object as the path answers in one piece, whatever form it came in.
  package var body: [UInt8]
  package var product: String
  package var tags: [String]
  /// The name of the model that answered.
  package var model: String
  package var storedAt: Moment
  package var ttlNanoseconds: Int64
  /// How long after that it may be served when nothing else answers.
  package var staleNanoseconds: Int64

  package init(
    body: [UInt8],
    product: String,
    tags: [String],
    model: String,
    storedAt: Moment,
    ttlNanoseconds: Int64,
    staleNanoseconds: Int64 = 0
  ) {
    self.body = body
    self.product = product
    self.tags = tags
    self.model = model
    self.storedAt = storedAt
    self.ttlNanoseconds = ttlNanoseconds
    self.staleNanoseconds = staleNanoseconds
  }
}

/// Counts the tokens of texts, as one tokenizer makes them.
///
/// The bounds hold for well-formed UTF-8, which every string of a checked JSON text is.
package protocol TokenCounter: Sendable {
  /// The tokens of `text` if they are fewer than `limit`; else `limit`, without counting on.
  ///
  /// Exact; takes time in proportion to the text, or to as much of it as holds `limit` tokens.
  /// Bytes that are not UTF-8 count as U+FFFD, as a lossy decoder makes them.
  func count(_ text: Span<UInt8>, upTo limit: Int) -> Int

  /// No text of so many bytes has fewer tokens.
  func lowerBound(bytes: Int) -> Int

  /// No text of so many bytes has more tokens.
  func upperBound(bytes: Int) -> Int
}

extension TokenCounter {
  /// The tokens of `text`.
  package func count(_ text: Span<UInt8>) -> Int { count(text, upTo: .max) }

  /// The tokens of `text`.
  package func count(_ text: [UInt8]) -> Int { count(text.span, upTo: .max) }
}

/// The counters of tokens that there are.
package protocol Tokenizers: Sendable {
  /// The counter of a tokenizer, if its table is in memory.
  func ready(_ tokenizer: ModelSettings.Tokenizer) -> (any TokenCounter)?

  /// The counter of a tokenizer, whose table is read if it must be, which blocks.
  ///
  /// - Returns: `nil` if there is no table; whoever implements it has told why.
  func loaded(_ tokenizer: ModelSettings.Tokenizer) -> (any TokenCounter)?
}

/// No counter, as where there is no table.
package struct NoTokenizers: Tokenizers {
  package init() {}
  package func ready(_ tokenizer: ModelSettings.Tokenizer) -> (any TokenCounter)? { nil }
  package func loaded(_ tokenizer: ModelSettings.Tokenizer) -> (any TokenCounter)? { nil }
}

/// Threads for work that takes too long for a loop.
package protocol Workers: Sendable {
  /// Has one of them do `work`, in the order of the calls.
  ///
  /// - Returns: whether it will be done; `false` if too much waits already.
  func start(_ work: @escaping @Sendable () -> Void) -> Bool
}

extension Workers {
  /// Has one of them do `work` and waits for it; returns on the caller's loop.
  ///
  /// - Returns: `nil` if too much waits already; then nothing is done.
  package func run<Answer: Sendable>(
    _ work: @escaping @Sendable () -> Answer
  ) async -> Answer? {
    await withCheckedContinuation { continuation in
      if !start({ continuation.resume(returning: work()) }) {
        continuation.resume(returning: nil)
      }
    }
  }
}

/// Does the work at once where it is called: where no loop is to be spared.
package struct WorkInPlace: Workers {
  package init() {}
  package func start(_ work: @escaping @Sendable () -> Void) -> Bool {
    work()
    return true
  }
}

/// A service that answers for models.
package protocol Upstream: Sendable {
  /// Sends one request and waits for the head of its reply.
  ///
  /// Runs on the exchange's loop. The reply's connection is cut when `cancellation` is cancelled.
  /// - Throws: the failure, with whether another candidate may be asked.
  func send(
    _ request: UpstreamRequest,
    in world: any World,
    cancellation: Cancellation
  ) async throws(Failure) -> any UpstreamReply
}

/// One attempt's request.
package struct UpstreamRequest: Sendable {
  package enum Method: String, Sendable {
    case get = "GET"
    case post = "POST"
  }

  package var method: Method
  /// Below the upstream's base URL: `/chat/completions`.
  package var path: String
  /// The client's fields, of which the upstream passes on what `FieldFilter` lets through.
  package var fields: HeaderFields
  package var body: [UInt8]
  /// By this time on the monotonic clock the head of the reply must have come.
  package var headDeadline: Int64

  package init(
    _ method: Method = .post,
    path: String,
    fields: HeaderFields,
    body: [UInt8],
    headDeadline: Int64
  ) {
    self.method = method
    self.path = path
    self.fields = fields
    self.body = body
    self.headDeadline = headDeadline
  }
}

/// A reply whose head has come and whose body is read as it comes.
///
/// Owned by one exchange, on its loop.
package protocol UpstreamReply: AnyObject {
  var status: Int { get }
  /// The first field of that name, which is given in lower case.
  func field(_ name: String) -> String?

  /// The next bytes of the body; `nil` when it ended as its framing says.
  func read() async throws(Failure) -> [UInt8]?

  /// Gives the reply up: the connection is closed, so that the upstream stops working for nobody.
  /// After the end of the body it does nothing.
  func abandon()

  /// Gives the reply up when all that matters of it has come: the rest of the body is read and
  /// dropped without anybody waiting, so that the connection can be used again.
  ///
  /// The connection is closed instead if the rest does not come within
  /// `Bounds.releaseMilliseconds`, or is more than `Bounds.releasedBytes`. From here on no
  /// cancellation of the attempt reaches it.
  func release()
}

/// How an attempt went, as breakers count it.
package enum AttemptReport: Sendable, Equatable {
  case success
  /// Connect errors, timeouts, 5xx, broken streams, and replies that are none.
  case failure
  /// Says nothing about the model: the client left, or our own time was up.
  case neither
}

/// Whoever let an attempt through and wants to know how it went.
///
/// A report is made once; an exchange that ends without one counts as `neither`.
package protocol AttemptWatch: AnyObject, Sendable {
  func ended(_ report: AttemptReport, at moment: Moment)
  /// The upstream asked for a pause until `time`, in monotonic nanoseconds.
  func coolDown(until time: Int64, at moment: Moment)
}

/// What expressions read of the state of the gateway.
package protocol StateReads: Sendable {
  /// `closed`, `open` or `half_open`.
  func breakerState(of model: String, at moment: Moment) -> String

  /// What is left of a budget for whoever asks: its limit for `tier`, less what is spent and held.
  ///
  /// `frame` is the exchange's, for the budget's key. Never negative.
  func budgetRemaining(
    of budget: String,
    tier: String,
    in frame: inout Frame,
    at moment: Moment
  ) throws(EvaluationError) -> NanoDollars
}

/// What a graph without breakers and budgets reads: all of them are closed.
package struct NoStates: StateReads {
  package init() {}
  package func breakerState(of model: String, at moment: Moment) -> String { "closed" }
  package func budgetRemaining(
    of budget: String,
    tier: String,
    in frame: inout Frame,
    at moment: Moment
  ) throws(EvaluationError) -> NanoDollars { throw .unavailable("budget") }
}

/// Why an attempt, or a wait, came to nothing.
package struct Failure: Error, Sendable, Equatable {
  package enum Reason: String, Sendable, CaseIterable {
    /// No address for the upstream's name.
    case unresolved
    case connectRefused
    case connectTimeout
    /// No agreement on TLS: a certificate that is not to be trusted, or another handshake failed.
    case tlsFailed
    case firstByteTimeout
    case idleTimeout
    case totalTimeout
    /// The connection broke before the reply was whole.
    case connectionBroken
    /// Not HTTP, or not the JSON that was promised.
    case invalidReply
    /// The reply is larger than its bound.
    case replyTooLarge
    /// The upstream answered with a status from 500 to 599.
    case serverError
    /// The upstream limits our rate.
    case rateLimited
    /// Our account at the upstream has no money left.
    case outOfQuota
    /// The upstream refused our credentials.
    case refusedKey
    /// The upstream answered with a status from 300 to 399.
    case redirected
    /// Too many connections to the upstream.
    case poolExhausted
    /// The client left.
    case clientLeft
    /// The exchange's own deadline passed.
    case deadline
    /// We are stopping.
    case draining
    /// A person stopped the spending that it was part of.
    case killed
    /// The answer went beyond the money that was held for it.
    case beyondHold
  }

  package let reason: Reason
  /// How long the upstream asked us to wait before we try again, in nanoseconds.
  package let retryAfter: Int64?
  /// What the log says beside the reason; nothing of a request, a reply or a secret.
  package let detail: String?

  package init(_ reason: Reason, retryAfter: Int64? = nil, detail: String? = nil) {
    self.reason = reason
    self.retryAfter = retryAfter
    self.detail = detail
  }

  /// What a breaker counts it as.
  package var report: AttemptReport {
    switch reason {
    case .unresolved, .connectRefused, .connectTimeout, .tlsFailed, .firstByteTimeout,
      .idleTimeout, .totalTimeout, .connectionBroken, .invalidReply, .replyTooLarge, .serverError,
      .redirected:
      .failure
    // An upstream that says what it will not do is there.
    case .outOfQuota, .refusedKey: .success
    case .rateLimited, .poolExhausted, .clientLeft, .deadline, .draining, .killed, .beyondHold:
      .neither
    }
  }
}

extension Failure.Reason {
  /// Whether an attempt that came to this may have taken tokens which nobody counted.
  ///
  /// What never reached the upstream took none, nor did what it refused with an error.
  package var mayHaveTakenTokens: Bool {
    switch self {
    case .unresolved, .connectRefused, .connectTimeout, .tlsFailed, .poolExhausted, .serverError,
      .rateLimited, .outOfQuota, .refusedKey, .redirected:
      false
    case .firstByteTimeout, .idleTimeout, .totalTimeout, .connectionBroken, .invalidReply,
      .replyTooLarge, .clientLeft, .deadline, .draining, .killed, .beyondHold:
      true
    }
  }

  /// What work that was cancelled came to.
  package init(_ reason: Cancellation.Reason) {
    self =
      switch reason {
      case .clientLeft: .clientLeft
      case .deadline: .deadline
      case .draining: .draining
      case .killed: .killed
      }
  }
}

extension Failure: CustomStringConvertible {
  package var description: String { detail.map { "\(reason): \($0)" } ?? "\(reason)" }
}

/// The client's side of an exchange: where its reply goes.
///
/// Owned by the connection; used on its loop only. One reply: either `send`, or `begin`, any
/// number of `write`, and `finish`.
package protocol ReplySink: AnyObject {
  /// Sends the head of a stream; its length is not known.
  func begin(status: Int, fields: HeaderLines) async throws(Failure)
  /// Sends bytes of the stream at once, without waiting for more.
  func write(_ bytes: [UInt8]) async throws(Failure)
  /// Ends the stream as complete.
  func finish() async throws(Failure)
}
