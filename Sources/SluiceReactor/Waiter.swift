/// One suspended task that its loop resumes with an answer.
///
/// Wraps the unchecked continuation, which allocates nothing. What makes it safe: whoever stores a
/// waiter takes it out of its place before resuming it, so that it is resumed once.
@safe
struct Waiter<Answer: Sendable>: Sendable {
  private let continuation: UnsafeContinuation<Answer, Never>

  private init(_ continuation: UnsafeContinuation<Answer, Never>) {
    unsafe self.continuation = unsafe continuation
  }

  /// Suspends the task; `store` keeps the waiter where it will be found.
  static func wait(_ store: (Waiter) -> Void) async -> Answer {
    unsafe await withUnsafeContinuation { store(unsafe Waiter($0)) }
  }

  func resume(_ answer: Answer) {
    unsafe continuation.resume(returning: answer)
  }
}
