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
  /// Nesting of YAML collections; libyaml 0.2.5 is quadratic on deep flow collections.
  package static let yamlNesting = 64
  /// Nodes that aliases may add to one file when they are expanded.
  package static let yamlAliasNodes = 10_000
  /// Findings that one run prints.
  package static let diagnostics = 100
  /// Bytes of one CEL expression.
  package static let expressionBytes = 4_096
  /// Nesting of one CEL expression.
  package static let expressionDepth = 64

  // Evaluating CEL.
  /// Turns of all loops that the expressions of one exchange may take together, and elements of a
  /// list that one may build.
  package static let expressionTurns = 100_000
  /// Bytes of a string that an expression may build.
  package static let expressionValueBytes = 32 << 20
  /// Memory that one compiled regular expression may take.
  package static let regexBytes = 4 << 20

  // One turn of an event loop.
  package static let eventsPerPoll = 256
  package static let jobsPerTurn = 1_024
  package static let acceptsPerWake = 64
  /// Bytes asked of the kernel by one read.
  package static let readBytes = 16 << 10

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
  /// Bytes of a plain reply of an upstream.
  package static let replyBytes = 32 << 20
  /// Bytes of one event of an SSE stream.
  package static let eventBytes = 1 << 20

  // Tables.
  /// Keys that one limit counts at a time.
  package static let limitKeys = 100_000
  /// Key records in `keys.jsonl`.
  package static let keyRecords = 100_000
  /// Bytes of answers that the embedded cache keeps, keys and book-keeping included.
  package static let cacheBytes = 256 << 20
  /// Bytes of one answer that may be kept.
  package static let cachedReplyBytes = 4 << 20
  /// Exchanges that wait for one flight.
  package static let flightFollowers = 1_024
  /// Generations kept for rollback.
  package static let keptGenerations = 8
}
