package import SluiceCore
package import SluiceDialects
package import SluiceExpressions
package import SluicePolicy

/// One request and its reply, in flight.
///
/// Stages read what came before them and write what they found out. Owned by one task on one loop,
/// hence not `Sendable`; what other threads may touch of it is `cancellation`.
package final class Exchange {
  // Given by the edge.
  /// Unique in this process and hard to guess: `req_…`; in the reply's `x-request-id` and the log.
  package let id: String
  package let generation: Generation
  package let world: any World
  package let sink: any ReplySink
  package let cancellation: Cancellation
  package let startedAt: Moment
  /// By this time on the monotonic clock the first byte of the reply must have been sent.
  package let deadline: Int64
  /// What expressions read; filled in as the exchange goes on.
  package let facts: Facts
  package var frame: Frame
  /// Whether decisions are to be explained and no upstream asked.
  package let isTraced: Bool
  /// Whether decisions are to be explained.
  private let isExplained: Bool
  /// What it is for if it has no client: a background exchange.
  package let purpose: BackgroundPurpose?

  /// The time of the node that is deciding: read once at the start and after each wait.
  package var moment: Moment
  /// What it passed, once its walk is over.
  package internal(set) var trail = Trail()
  private var remark: String?
  private var obligations: [any Obligation] = []

  // Found out on the way; in the order of the pipeline.
  /// What the tightest request limit that admitted the exchange has left.
  package var rate: RateReport?
  /// What the tightest token limit that admitted the exchange had left.
  package var tokenRate: RateReport?
  /// The place in `Policy.routes` of the route that was taken.
  package var route: Int?
  /// The name of the target that was chosen.
  package var target = ""
  /// The first candidate of the target that the tier may reach and that serves the path.
  package var primary: ModelIndex?
  package var cacheOutcome: CacheOutcome = .bypass
  /// How long ago a cached answer was stored, in whole seconds.
  package var ageSeconds: Int64?
  /// How near the question is to the one whose answer it was given, from 0 to 1, as the semantic
  /// cache scores it.
  package var similarity: Double?
  /// The flight that this exchange leads; if there is one, its answer is to be stored.
  package var flight: (any LeadingFlight)?
  /// The key that the answer is looked up by; `nil` if it is not.
  package var cacheKey: Digest?
  /// Tokens of the largest context among the candidates that cannot hold the request.
  package var exceededContext: Int?
  package var attempts = 0
  /// Whether the last attempt brought an answer, whole or cut, whose tokens `usage` counts.
  package var hasAnswer = false
  /// Whether an attempt failed that may have taken tokens which nobody counted.
  package var hasLostAttempt = false
  /// Who let the attempt through that is being made.
  package var watch: (any AttemptWatch)?
  /// The earliest time at which a breaker that refused, or an upstream that said when, may be asked
  /// again, in monotonic nanoseconds.
  package var retryAt: Int64?
  package var answeredBy: ModelIndex?
  /// The answer of the upstream, whole, as the path answers in one piece; what may be stored.
  package var answer: WholeAnswer?
  /// What the attempt that is being made, if it began to answer, has used.
  package var use: AttemptUse?
  /// The attempts that are booked, in their order.
  package private(set) var bookings: [Booking] = []
  private var spent: NanoDollars?
  /// The money of the attempt that is next, or under way.
  package var hold: AttemptHold?
  /// What all attempts that were settled cost, as the ledger has it.
  package var settled = NanoDollars.zero
  /// Whether the upstream refused the attempt under way by its status, so that it cost nothing.
  package var isRefused = false
  /// The prompt as the tokenizer of a model counted it.
  package var countedInput: (tokenizer: ModelSettings.Tokenizer, tokens: Int)?
  /// Why no money was held, for the client when nothing else answers.
  package var shortage: APIError?
  /// Nanoseconds spent waiting for upstreams.
  package var upstreamWait: Int64 = 0
  /// The last failure of an attempt, or why no more were made.
  package var failure: Failure?
  /// The failed attempt that a refusal is to tell of when no candidate answered.
  package var told: FailedAttempt?
  /// What the upstream of the attempt under way said when it refused, if that may be passed on.
  package var upstreamRefusal: Reply?
  package var outcome: Outcome = .pending
  /// The kill switch that stops it: with `cache_only`, look-ups go on, and no attempt is made.
  package var thrown: ThrownSwitch?
  /// What a person who stops spending knows of it.
  package var running: RunningExchange?

  package init(
    id: String,
    request: ClientRequest,
    generation: Generation,
    world: any World,
    sink: any ReplySink,
    cancellation: Cancellation,
    startedAt: Moment,
    deadline: Int64,
    isTraced: Bool = false,
    isExplained: Bool = false,
    purpose: BackgroundPurpose? = nil
  ) {
    self.id = id
    self.generation = generation
    self.world = world
    self.sink = sink
    self.cancellation = cancellation
    self.startedAt = startedAt
    self.deadline = deadline
    self.isTraced = isTraced
    self.isExplained = isTraced || isExplained
    self.purpose = purpose
    moment = startedAt
    facts = Facts(
      request: request,
      features: generation.features,
      states: generation.states,
      tokens: generation.tokens,
      now: startedAt
    )
    frame = Frame(slots: generation.frameSlots, source: facts)
  }

  /// A copy; `generation.policy` is read in place, which counts on the path of every request.
  package var policy: Policy { generation.policy }
  package var request: ClientRequest { facts.request }
  package var caller: Caller {
    get { facts.caller }
    set { facts.caller = newValue }
  }

  /// Notes why the node decides as it does; only kept, and only made, where it is asked for.
  package func explain(_ why: @autoclosure () -> String) {
    if isExplained { remark = why() }
  }

  func takeRemark() -> String? {
    guard let why = remark else { return nil }
    remark = nil
    return why
  }

  /// The tokens of the prompt if they are fewer than `limit`; else `limit`, without counting on.
  ///
  /// `nil` before the request is read, and where nothing counts prompts (`Policy.countsTokens`).
  package func promptTokens(upTo limit: Int) -> Int? {
    let slot = PolicyVariable.promptTokens.slot
    if case .int(let known)? = frame.knownValue(at: slot) { return min(Int(known), limit) }
    guard let count = facts.promptTokens(upTo: limit) else { return nil }
    if count < limit { frame.fill(slot, with: .int(Int64(count))) }
    return count
  }

  /// Has `obligation` met when the exchange ends, whatever ends it.
  package func atEnd(_ obligation: any Obligation) {
    if obligations.isEmpty { obligations.reserveCapacity(4) }
    obligations.append(obligation)
  }

  /// Meets the obligations, last given first, each once.
  func end(at moment: Moment) {
    self.moment = moment
    while let obligation = obligations.popLast() { obligation.finish(self, at: moment) }
  }

  /// The tokens of the last attempt that is booked.
  package var usage: Usage? { bookings.last?.usage }

  /// Books an attempt.
  package func book(_ booking: Booking) {
    bookings.append(booking)
    if let cost = booking.cost { spent = (spent ?? .zero) + cost }
  }

  /// Has the last booking cost what the ledger took for it.
  package func correctLastBooking(cost: NanoDollars) {
    guard let last = bookings.indices.last, let booked = bookings[last].cost, booked != cost else {
      return
    }
    bookings[last].cost = cost
    spent = (spent ?? .zero) - booked + cost
  }

  /// What the booked attempts cost at the price table; nothing where a kept answer took their place.
  ///
  /// `nil` if none was booked that has a price.
  package var cost: NanoDollars? {
    if let spent { return spent }
    switch cacheOutcome {
    case .exact, .semantic, .stale: return .zero
    case .miss, .bypass: return nil
    }
  }

  /// Ends the exchange with an error in the client's dialect.
  package func refuse(_ error: APIError) { outcome = .refused(error) }
}

/// How an exchange ended, or will.
package enum Outcome: Sendable {
  case pending
  /// A reply to be sent as it is.
  case reply(Reply)
  /// A stream that was sent, and ended as complete.
  case streamed
  /// A stream that was begun and could not be completed; the client was told why, if it was there.
  case cut(Failure)
  case refused(APIError)
  /// Nobody is left to answer.
  case abandoned
}

/// A reply in one piece.
package struct Reply: Sendable {
  package var status: Int
  package var contentType: String
  package var body: [UInt8]
  /// Fields beside those that every reply has.
  package var fields: [(name: String, value: String)]

  package init(
    status: Int,
    contentType: String = "application/json",
    body: [UInt8],
    fields: [(name: String, value: String)] = []
  ) {
    self.status = status
    self.contentType = contentType
    self.body = body
    self.fields = fields
  }
}

/// What the client is told in `X-Sluice-Cache`.
package enum CacheOutcome: String, Sendable, CaseIterable {
  case miss, exact, semantic, stale, bypass
}

/// The whole answer of an upstream, with what decides whether it may be kept.
package struct WholeAnswer: Sendable {
  /// One `chat.completion` or `text_completion` object, or a list of embeddings.
  package var body: [UInt8]
  /// Status 200, every choice finished by the model itself, nothing cut.
  package var isComplete: Bool

  package init(body: [UInt8], isComplete: Bool) {
    self.body = body
    self.isComplete = isComplete
  }
}

/// A flight as its leader sees it.
package protocol LeadingFlight: AnyObject, Sendable {
  /// Whether others wait for the leader's answer, so that it is wanted even when its own client
  /// has left.
  var hasFollowers: Bool { get }

  /// Runs `action` once nobody waits any more, at once if nobody does.
  ///
  /// The action runs on the thread of whoever left last, at most once.
  func whenDeserted(_ action: @escaping @Sendable () -> Void)
}
