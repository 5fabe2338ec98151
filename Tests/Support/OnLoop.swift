package import SluiceReactor

/// Runs `body` as a task of a fresh loop, which is stopped afterwards; everything is closed then.
///
/// - Throws: what `body` throws, or why there is no loop.
@discardableResult
package func onLoop<Answer: Sendable>(
  _ body: @escaping @Sendable (EventLoop) async throws -> Answer
) async throws -> Answer {
  let loop = try EventLoop()
  try loop.start()
  let result = await Task(executorPreference: loop) { () async -> Result<Answer, any Error> in
    do {
      return .success(try await body(loop))
    } catch {
      return .failure(error)
    }
  }
  .value
  loop.stop()
  loop.join()
  return try result.get()
}
