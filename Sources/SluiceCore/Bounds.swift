/// Every fixed bound of the gateway, by name (promise 8 of the design).
///
/// What an operator may want to change is a policy value instead; these are the bounds that keep
/// one turn, one buffer or one table finite whatever the policy says. Reaching one is a refusal
/// that says so, never a stall.
package enum Bounds {
  // Reading a bundle.
  /// Bytes of one policy file.
  package static let policyFileBytes = 1 << 20
  /// Bytes of all files of a bundle.
  package static let bundleBytes = 16 << 20
  /// Files in a bundle.
  package static let bundleFiles = 1_000
  /// Nesting of the folders of a bundle.
  package static let bundleDepth = 32
  /// Nesting of YAML collections; libyaml 0.2.5 is quadratic on deep flow collections.
  package static let yamlNesting = 64
  /// Nodes that aliases may add to one file when they are expanded.
  package static let yamlAliasNodes = 10_000
  /// Mistakes of syntax in one file behind which reading goes on.
  package static let yamlRecoveries = 32
  /// Bytes of a name that a policy declares.
  package static let policyNameBytes = 128
  /// Findings that one run prints.
  package static let diagnostics = 100
  /// Findings that one run keeps, of which the first in reading order are printed.
  package static let keptDiagnostics = 1_000
  /// Bytes of a line up to which a finding looks for the value that an author meant.
  package static let snippetBytes = 4_096
  /// Bytes of the file of a time zone; the largest of the database has some 4 KB.
  package static let zoneFileBytes = 64 << 10
  /// Bytes of one CEL expression.
  package static let expressionBytes = 4_096
  /// Nesting of one CEL expression.
  package static let expressionDepth = 64

  // What one expression of a policy may be; `eval` knows none of these.
  /// Nodes of its syntax tree.
  package static let policyExpressionNodes = 512
  /// Loops inside one another.
  package static let policyExpressionLoops = 2
  /// Units of its static worst-case cost; 16 bytes to read are one, so this is `expressionWork`.
  package static let policyExpressionCost = 64_000_000.0

  /// Places that one route may have in the index of its list, one for each of its values.
  package static let routeIndexCopies = 64

  // Evaluating CEL.
  /// Turns of all loops that the expressions of one exchange may take together, and elements of a
  /// list that one may build.
  package static let expressionTurns = 100_000
  /// Bytes of a string that an expression may build, and of all that a list or map may hold.
  package static let expressionValueBytes = 32 << 20
  /// Bytes of text and of other values that the expressions of one exchange may go through.
  package static let expressionWork = 1 << 30
  /// Memory that one compiled regular expression may take.
  package static let regexBytes = 4 << 20

  // One turn of an event loop.
  /// What one turn of a loop does at most, so that nobody starves.
  package static let eventsPerPoll = 256
  package static let jobsPerTurn = 1_024
  package static let acceptsPerWake = 64
  /// Bytes asked of the kernel by one read.
  package static let readBytes = 16 << 10
  /// Reads, and writes, of one stream that go through at once before others get a turn.
  package static let operationsPerTurn = 32
  package static let timersPerTurn = 1_024
  /// How often the end of a turn is worked off before the next poll.
  package static let endingsPerTurn = 4

  // The machine.
  /// Connections that wait in the kernel to be accepted; the kernel may allow fewer.
  package static let acceptBacklog = 4_096
  /// Pieces of blocking work that wait for a thread.
  package static let blockingQueue = 256
  package static let resolvedNames = 1_024
  package static let addressesPerName = 16
  package static let watchedFolders = 1_000

  // HTTP.
  /// Bytes of a request or reply head.
  package static let headBytes = 32 << 10
  package static let headerFields = 100
  /// Connections that one loop holds open.
  package static let connectionsPerLoop = 16_384
  /// Idle connections that a loop keeps to one upstream.
  package static let idleUpstreamConnections = 256
  /// Connections, busy and idle, of a loop to one upstream.
  package static let upstreamConnections = 4_096
  /// Seconds that a connection to an upstream may idle: less than servers usually keep theirs.
  package static let idleUpstreamSeconds: Int64 = 30
  /// Nanoseconds since the last poll within which what it told of a connection is taken for now.
  package static let polledNanoseconds: Int64 = 1_000_000
  /// Bytes of a request that are encrypted before they are sent, and the next ones encrypted.
  package static let encryptedBytes = 64 << 10
  /// Interim replies (RFC 9110 section 15.2) before the final one.
  package static let interimReplies = 8
  /// Bytes of a client that are read and dropped after the last reply of its connection.
  package static let lingerBytes = 1 << 20
  /// Milliseconds that an idle connection keeps its task; later it rests without one.
  package static let idleTaskMilliseconds: Int64 = 100
  /// Seconds that a connection lingers after its last reply.
  package static let lingerSeconds: Int64 = 2
  /// Bytes of request bodies, come in more than one piece, that one loop holds at a time.
  package static let bodyBytesPerLoop = 512 << 20
  /// Bytes of a body that are read and dropped to keep the connection of a refused request.
  package static let droppedBodyBytes = 64 << 10
  /// Connections beyond `connectionsPerLoop` that are told so, at a time; others are just closed.
  package static let refusedConnectionsPerLoop = 64
  /// Bytes of a plain reply of an upstream.
  package static let replyBytes = 32 << 20
  /// Bytes behind the end of a stream that are read to keep the connection.
  package static let releasedBytes = 64 << 10
  /// Milliseconds that the end of a body may lag behind the end of its stream.
  package static let releaseMilliseconds: Int64 = 100
  /// Bytes of one event of an SSE stream.
  package static let eventBytes = 1 << 20

  /// Bytes of all extensions of the chunks of one body, and of its trailer section.
  package static let chunkExtrasBytes = 8 << 10

  // JSON.
  /// Nesting of objects and arrays in one JSON text.
  package static let jsonNesting = 128
  /// Values, keys included, in one JSON text; a node of the tape takes 20 bytes.
  package static let jsonNodes = 1 << 20
  /// Values in a reply of embeddings, where each dimension of each vector is one; `replyBytes` holds
  /// no more of them.
  package static let embeddingNodes = 4 << 20
  /// Choices of one reply that a stream is followed for.
  package static let choices = 128
  /// Tool calls of one choice that a stream is followed for.
  package static let toolCalls = 256

  // Tables.
  /// Keys that one limit counts at a time.
  package static let limitKeys = 100_000
  /// Key records in `keys.jsonl`.
  package static let keyRecords = 100_000
  /// Bytes of answers that the embedded cache keeps, keys and book-keeping included.
  package static let cacheBytes = 256 << 20
  /// Bytes of one answer that may be kept.
  package static let cachedReplyBytes = 4 << 20
  /// Products, tags and keys whose last invalidation is remembered.
  package static let invalidatedNames = 1_000
  /// Bytes of answers and questions that wait to be written to the cache's journal; what comes while
  /// they are that many is kept in memory only.
  package static let cacheQueueBytes = 16 << 20
  /// How long an answer waits for others before it is written to the cache's journal.
  package static let cacheDelayNanoseconds: Int64 = 50_000_000
  /// Bytes that the cache's journal grows by, at least, before what it still needs is written anew.
  package static let cacheSegmentBytes = 64 << 20
  /// Bytes of the cache's journal; what comes while it has that many is kept in memory only.
  package static let cacheFolderBytes = 2 << 30
  /// How long what has expired or was invalidated may lie on the disk.
  package static let cacheSweepNanoseconds: Int64 = 3_600_000_000_000
  /// Between two tries to write a journal of the cache that could not be written.
  package static let cacheProbeNanoseconds: Int64 = 1_000_000_000
  /// Names of small states that the cache's journal keeps.
  package static let cacheStates = 4_096
  /// Bytes of the name of one small state: what it is, and whose.
  package static let cacheStateNameBytes = policyNameBytes + 32
  /// Bytes of one small state.
  package static let cacheStateBytes = 1 << 20
  /// Exchanges without a client that run at a time.
  package static let backgroundExchanges = 128
  /// Exchanges that wait for one flight.
  package static let flightFollowers = 1_024
  /// Bytes of a client's name for a user, and of one value of a limit's key.
  package static let identityBytes = 256
  /// Bytes of a client's key.
  package static let keyBytes = 512
  /// Bytes of one line of `keys.jsonl`.
  package static let keyLineBytes = 64 << 10
  /// Bytes of `keys.jsonl`.
  package static let keyFileBytes = 64 << 20
  /// Tokens of input, and of output, that one exchange is counted for, whatever its upstream says.
  package static let exchangeTokens = 1_000_000_000_000
  /// Counts of tokens that are remembered by the digest of their body, in each of two halves.
  package static let rememberedCounts = 16_384
  /// Bytes of texts whose tokens are counted on a loop; more are counted elsewhere.
  package static let loopCountBytes = 256 << 10
  /// Bytes of a stream's texts that wait to be counted, where there is what counts them.
  package static let uncountedOutputBytes = 16 << 10
  /// Texts of one answer that are counted apart.
  package static let outputTexts = 512
  /// Bytes of the table of a tokenizer.
  package static let tokenTableBytes = 16 << 20
  /// Tokens of a text that is embedded, the first and the last included.
  package static let embeddingTokens = 256
  /// Terms of a continued fraction, which some tens suffice for below a million judgements.
  package static let fractionTerms = 10_000
  /// Bytes of a question whose meaning is compared; a longer one is none that another asks.
  package static let questionBytes = 2_048
  /// Bytes of questions that are kept to be compared with, their answers apart.
  package static let vectorBytes = 256 << 20
  /// Other questions of which it is remembered whether their answer agrees with a question's.
  package static let knownAgreements = 6
  /// Words of a text that are compared one by one; a text of more is compared as a whole only.
  package static let comparedWords = 18
  /// Judged pairs that evidence counts.
  package static let judgedPairs = 10_000_000
  /// Bytes of a file of judged pairs, or of judged hits.
  package static let judgedBytes = 256 << 20
  /// Comparisons of served answers with fresh ones after which looking for wrong ones begins anew.
  package static let shadowBlock = 2_000
  /// Comparisons of served answers with fresh ones that are remembered one by one, for calibration.
  package static let shadowRecords = 10_000
  /// Days after which evidence is told to be old.
  package static let evidenceDays: Int64 = 90
  /// Milliseconds that an exchange waits for what its question means and what lies near.
  package static let semanticMilliseconds: Int64 = 50
  /// Milliseconds between two times that what a product has taught is written down.
  package static let learntKeepingMilliseconds: Int64 = 60_000
  /// Milliseconds that an exchange waits for an upstream that says what its question means.
  package static let upstreamEmbeddingMilliseconds: Int64 = 1_000
  /// Floats of a vector that an upstream makes.
  package static let vectorDimensions = 4_096
  /// Look-ups of near questions, and changes of their index, that wait for their thread.
  package static let semanticQueue = 256
  /// Comparisons of fresh answers with kept ones that wait for their thread.
  package static let answerComparisons = 16
  /// Bytes from the start of an answer whose meaning is compared with another's.
  package static let comparedAnswerBytes = 640
  /// Answers whose vectors are remembered to be compared with, in each of two halves.
  package static let answerSenses = 2_048
  /// Bytes of an answer that is given to questions other than its own.
  package static let semanticAnswerBytes = 256 << 10
  /// Times that one look-up goes on to the next question when the near one's answer is gone.
  package static let semanticRounds = 3
  /// Texts that wait to be embedded, or are being.
  package static let embeddingQueue = 64
  /// Bytes of the model of a sentence encoder.
  package static let modelBytes = 1 << 30
  /// Accounts, and series of spending, that the ledger keeps at a time.
  package static let ledgerAccounts = 100_000
  /// Holds that are open at a time.
  package static let ledgerOpenHolds = 100_000
  /// Seconds that an account is kept after its period, for clocks that step back.
  package static let ledgerGraceSeconds: Int64 = 60
  /// Accounts whose period is over that one hold drops.
  package static let ledgerDropsPerHold = 16
  /// Marks of a series of spending beyond those that its windows need, until it is thinned.
  package static let spendMarks = 256
  /// Changes of switches that are in force at a time.
  package static let ledgerSwitches = 10_000
  /// Attributions that are named by number in one segment of the journal at a time.
  package static let ledgerAttributions = 65_536
  /// Bytes of records that wait while the journal cannot be written; beyond it a checkpoint is
  /// written instead of them.
  package static let ledgerBacklogBytes = 16 << 20
  /// Bytes of a segment of the journal after which the next one begins.
  package static let ledgerSegmentBytes = 16 << 20
  /// Seconds after which a segment of the journal is followed by the next one.
  package static let ledgerSegmentSeconds: Int64 = 3_600
  /// Bytes of one record of the journal.
  package static let ledgerRecordBytes = 1 << 20
  /// Bytes of a segment or checkpoint that are read at start.
  package static let ledgerFileBytes = 1 << 30
  /// How long a settlement waits for others before it is written.
  package static let ledgerDelayNanoseconds: Int64 = 50_000_000
  /// How long a written record waits for its sync with `durability: process`: what a loss of power
  /// can cost.
  package static let ledgerSyncNanoseconds: Int64 = 1_000_000_000
  /// Between two tries to write a checkpoint.
  package static let ledgerCheckpointRetryNanoseconds: Int64 = 60_000_000_000
  /// Between two tries to write a journal that could not be written.
  package static let ledgerProbeNanoseconds: Int64 = 1_000_000_000
  /// Kill switches of rules that are on at a time, over all values of their keys.
  package static let switchKeys = 9_900
  /// Kill switches that people threw, and that are on at a time.
  package static let manualSwitches = 100
  /// Accounts that `GET /budgets` lists of one budget.
  package static let listedAccounts = 100
  /// Tags that one request, or one expression, gives an answer.
  package static let cacheTags = 16
  /// Percent of its TTL by which an answer may expire earlier, so that answers that were stored
  /// together do not expire together.
  package static let expirySpreadPercent: Int64 = 10
  /// Bytes of `X-Sluice-Tag`, and of one tag of `X-Sluice-Cache-Tags`.
  package static let tagBytes = 64
  /// Times that a hold is tried with a lower clamp, while others take what was left.
  package static let clampTries = 8
  /// Accounts whose warning of this period is remembered.
  package static let warnedAccounts = 10_000
  /// Held at most for an attempt that no budget counts, whatever it may cost.
  package static let uncheckedHold = NanoDollars(1_000_000 * NanoDollars.perDollar)
  /// Bytes of text that a token is taken to have at most, where nothing counts tokens.
  package static let bytesPerToken = 16
  /// Combinations of label values of one metric.
  package static let metricSeries = 2_000
  /// Bytes of the reply to a health check that are read; the connection of a longer one is closed.
  package static let healthReplyBytes = 1 << 20
  /// Bytes of the reason that an operator gives, and of the name.
  package static let reasonBytes = 1_000
  /// Bytes of a table of prices that is imported.
  package static let priceTableBytes = 64 << 20
  /// Bytes of a file of certificate authorities.
  package static let authorityFileBytes = 4 << 20
  /// Seconds that an upstream may ask us to wait; more is taken for that.
  package static let retryAfterSeconds: Int64 = 3_600
  /// Whole retries that the budget of an upstream saves up.
  package static let savedRetries = 10
  /// Nanoseconds for which a half-open breaker turns others away while its probes are under way.
  package static let probeWaitNanoseconds: Int64 = 1_000_000_000
  /// Seconds that a backoff grows to.
  package static let backoffSeconds = 30
  /// Generations kept for rollback.
  package static let keptGenerations = 8

  // Simulation.
  /// Jobs and actions of one simulated run; more means that it does not come to rest.
  package static let simulationSteps = 2_000_000
  /// Lines of a simulated run's trace that are kept.
  package static let traceLines = 4_000

  // Operating.
  /// Bytes of log lines that wait for their reader; beyond it whole lines are dropped.
  package static let logQueueBytes = 4 << 20
  /// Bytes of log lines that are written at once, without waiting for more.
  package static let logBatchBytes = 64 << 10
  /// How long a log line waits for others, so that one wake-up and one write serve them all.
  package static let logDelayNanoseconds: Int64 = 1_000_000
  /// Orders to reload or roll back that wait for the one being carried out.
  package static let pendingOrders = 16
  /// Bytes of the body of a request to the admin listener.
  package static let adminBodyBytes = 64 << 10
  /// Bytes of a file that holds a secret or a URL.
  package static let secretFileBytes = 64 << 10
  /// Tokens, over all choices, of one answer of the simulated upstream.
  package static let simulatedTokens = 1 << 20
}
