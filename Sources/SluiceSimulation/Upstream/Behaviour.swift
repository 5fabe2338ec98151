package import SluiceDialects

/// How a scripted upstream treats one attempt.
package struct Behaviour: Sendable, Equatable {
  /// Nanoseconds from the request to the head of the reply.
  package var headDelay: Int64
  /// Pieces in which the body comes: words of the answer, events of a stream.
  package var pieces: Int
  /// Nanoseconds between pieces.
  package var gap: Int64
  package var fault: Fault?
  /// What it says; `nil`: words that name the attempt, one a piece.
  package var answer: Answer?

  package init(
    headDelay: Int64 = 2_000_000,
    pieces: Int = 3,
    gap: Int64 = 1_000_000,
    fault: Fault? = nil,
    answer: Answer? = nil
  ) {
    self.headDelay = headDelay
    self.pieces = pieces
    self.gap = gap
    self.fault = fault
    self.answer = answer
  }

  /// An answer that is known beforehand.
  package struct Answer: Sendable, Equatable {
    /// As they come in a stream; together they are the text.
    package var words: [String]
    package var usage: Usage
    /// Whether the request allowed less than there was to say.
    package var isCut: Bool

    package init(words: [String], usage: Usage, isCut: Bool) {
      self.words = words
      self.usage = usage
      self.isCut = isCut
    }
  }

  /// An answer without any fault.
  package static let wellBehaved = Behaviour()
}

/// What may go wrong with an attempt.
package enum Fault: Sendable, Equatable {
  /// Nobody listens.
  case refuseConnection
  /// The connection is reset before a byte of the reply.
  case resetBeforeHead
  /// No head, until somebody gives up.
  case stallBeforeHead
  /// So many pieces of the body, then nothing.
  case stallAfter(pieces: Int)
  /// So many pieces of the body, then a reset.
  case cutAfter(pieces: Int)
  /// The body ends before the length that its head announced.
  case wrongLength
  /// So many pieces of the body, then its end, as HTTP allows it.
  case endAfter(pieces: Int)
  /// A page of a proxy that stands between, with status 502.
  case html
  /// Status 429.
  case tooManyRequests(retryAfterSeconds: Int?)
  /// Status 400 with an error object: the request is at fault.
  case refuseRequest
  /// Status 500 with an error object.
  case serverError
  /// Status 529 with an error object.
  case overloaded(retryAfterSeconds: Int?)
  /// Status 429 with `insufficient_quota`: no wait mends it.
  case outOfQuota
  /// Status 401 with an error object: our key is at fault.
  case refuseKey
  /// Status 302, to somewhere else.
  case redirect
  /// Any other status from 300 on, with an error object that has the code.
  case status(Int, code: String, retryAfterSeconds: Int?)
  /// Status 200, and a body that is no JSON.
  case malformedJSON
  /// A whole answer without its usage.
  case missingUsage
  /// A whole stream without `[DONE]`.
  case missingDone
  /// A whole answer that the model did not end by itself.
  case finishedByLength

  /// Whether the answer is whole in spite of it.
  package var leavesAnswerWhole: Bool {
    switch self {
    case .missingUsage, .missingDone, .finishedByLength: true
    case .refuseConnection, .resetBeforeHead, .stallBeforeHead, .stallAfter, .cutAfter,
      .wrongLength, .endAfter, .html, .tooManyRequests, .refuseRequest, .serverError, .overloaded,
      .outOfQuota, .refuseKey, .redirect, .malformedJSON, .status:
      false
    }
  }

  /// One of each, for plans that draw among all.
  package static let all: [Fault] = [
    .refuseConnection, .resetBeforeHead, .stallBeforeHead, .stallAfter(pieces: 1),
    .stallAfter(pieces: 0), .cutAfter(pieces: 0), .cutAfter(pieces: 2), .wrongLength, .html,
    .tooManyRequests(retryAfterSeconds: nil), .tooManyRequests(retryAfterSeconds: 7),
    .refuseRequest, .serverError, .malformedJSON, .missingUsage, .finishedByLength,
    .endAfter(pieces: 0), .endAfter(pieces: 1), .overloaded(retryAfterSeconds: nil),
    .overloaded(retryAfterSeconds: 3), .outOfQuota, .refuseKey, .redirect, .missingDone,
  ]
}
