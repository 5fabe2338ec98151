import SluiceCore
import SluicePipeline
import SluiceReactor

extension Failure {
  /// What an attempt says whose own reason `reason` is, before or after the reply began.
  init(_ reason: Reason, replyBegan: Bool) {
    switch reason {
    case .clientLeft: self.init(reason, origin: .client, retry: .never)
    case .deadline, .draining: self.init(reason, origin: .ourselves, retry: .never)
    case .poolExhausted: self.init(reason, origin: .ourselves, retry: .anywhere)
    case .unresolved, .connectRefused, .connectTimeout, .tlsFailed, .firstByteTimeout, .idleTimeout,
      .totalTimeout, .connectionBroken, .invalidReply, .replyTooLarge:
      self.init(reason, origin: .upstream, retry: replyBegan ? .never : .anywhere)
    }
  }

  /// What it means that a connection failed so.
  ///
  /// - Parameters:
  ///   - failure: what the connection met.
  ///   - deadline: the one that it was given.
  ///   - lease: tells whether it was cut on purpose.
  ///   - broken: the reason for everything that only the machine tells apart.
  ///   - replyBegan: whether a byte of the reply came.
  init(
    _ failure: IOFailure,
    before deadline: AttemptClock.Deadline,
    of lease: Lease,
    broken: Reason = .connectionBroken,
    replyBegan: Bool
  ) {
    let reason: Reason =
      if let cut = lease.cutReason {
        Reason(cut)
      } else {
        switch failure {
        case .timedOut: deadline.reason
        case .closed, .cancelled: .draining
        case .tooManyDescriptors: .poolExhausted
        case .reset, .refused, .unreachable, .addressInUse, .notFound, .inUse, .denied, .tooLarge,
          .overloaded, .other:
          broken
        }
      }
    self.init(reason, replyBegan: replyBegan)
  }
}

extension Failure {
  /// What it means that no agreement on TLS came about.
  init(_ fault: TLSFault) {
    self.init(.tlsFailed, origin: .upstream, retry: .anywhere, detail: fault.message)
  }
}

extension Failure.Reason {
  init(_ reason: Cancellation.Reason) {
    self =
      switch reason {
      case .clientLeft: .clientLeft
      case .deadline: .deadline
      // A switch that stops an exchange stops it as we do when we end: nobody else is to blame.
      case .draining, .killed: .draining
      }
  }
}
