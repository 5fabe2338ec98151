import CReactor

/// A program of the system that is run to its end.
package enum ChildProcess {
  /// Runs a program that is found on the `PATH`, with the streams of this process, and waits.
  ///
  /// Blocking; not for an event loop.
  ///
  /// - Returns: its exit status; from 128 on, a signal ended it.
  /// - Throws: `notFound` if there is no such program.
  package static func run(
    _ program: String,
    _ first: String,
    _ second: String
  ) throws(IOFailure) -> Int32 {
    unsafe try checked(reactor_run(program, first, second))
  }
}
