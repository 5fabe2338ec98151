internal import CReactor
internal import Glibc

/// The signals of the process, delivered on a loop.
///
/// Through a pipe that the handler writes to: a `signalfd` needs every thread to block the signals,
/// and the runtime's threads exist before ours. One instance at a time.
///
/// Isolation: `init` and `close` from anywhere, the handler runs on the loop.
package final class Signals: EventSource, @unchecked Sendable {
  package enum Signal: CaseIterable, Sendable {
    /// Reload.
    case hangUp
    case interrupt
    case terminate

    fileprivate var number: Int32 {
      switch self {
      case .hangUp: SIGHUP
      case .interrupt: SIGINT
      case .terminate: SIGTERM
      }
    }
  }

  private let loop: EventLoop
  private let caught: [Signal]
  private let pipe: Int32
  private let handler: @Sendable (Signal) -> Void
  // The loop's thread only.
  private var registration: Registration?
  private var isClosed = false

  /// Catches the signals from now on, and ignores `SIGPIPE`.
  ///
  /// - Throws: `inUse` when another instance catches them.
  package init(
    _ signals: [Signal] = Signal.allCases,
    on loop: EventLoop,
    handler: @escaping @Sendable (Signal) -> Void
  ) throws(IOFailure) {
    self.loop = loop
    self.handler = handler
    caught = signals
    reactor_ignore_broken_pipes()
    pipe = try checked(reactor_signal_pipe())
    for signal in signals {
      let result = reactor_catch_signal(signal.number)
      assert(result >= 0, "these signals can be caught")
    }
    loop.execute { self.register() }
  }

  /// Gives the signals their default meaning back.
  package func close() {
    if loop.isCurrent {
      closeHere()
    } else {
      loop.execute { self.closeHere() }
    }
  }

  /// Sends this process a signal.
  package static func raise(_ signal: Signal) {
    reactor_raise(signal.number)
  }

  private func register() {
    guard !isClosed else { return }
    guard !loop.isStopping else { return closeHere() }
    do {
      registration = try loop.add(self, descriptor: pipe, interest: .read)
    } catch {
      // The descriptor is ours and new to the poller: only memory can be short.
      preconditionFailure("signals cannot be heard: \(error)")
    }
  }

  private func closeHere() {
    guard !isClosed else { return }
    isClosed = true
    for signal in caught { reactor_release_signal(signal.number) }
    if let registration { loop.forget(registration) }
    registration = nil
    reactor_close_signal_pipe(pipe)
  }

  func becameReady(_ readiness: Readiness) {
    for _ in 0..<16 {
      guard !isClosed else { return }
      let number = reactor_read_signal(pipe)
      guard number > 0 else { return }
      if let signal = caught.first(where: { $0.number == number }) { handler(signal) }
    }
  }

  func loopStops() {
    closeHere()
  }
}
