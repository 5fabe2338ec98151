import SluiceCore
import SluicePipeline
import SluiceReactor

extension Failure {
  /// What it means that a connection failed so.
  ///
  /// - Parameters:
  ///   - failure: what the connection met.
  ///   - deadline: the one that it was given.
  ///   - lease: tells whether it was cut on purpose.
  ///   - broken: the reason for everything that only the machine tells apart.
  init(
    _ failure: IOFailure,
    before deadline: AttemptClock.Deadline,
    of lease: Lease,
    broken: Reason = .connectionBroken
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
          .noSpace, .readOnly, .deviceFailed, .overloaded, .other:
          broken
        }
      }
    self.init(reason)
  }
}

extension Failure {
  /// What it means that no agreement on TLS came about.
  init(_ fault: TLSFault) {
    self.init(.tlsFailed, detail: fault.message)
  }
}
