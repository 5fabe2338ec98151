import SluiceCore
import SluiceHTTP
import SluiceJSON
import SluicePipeline
import SluicePolicy
import SluiceReactor
import SluiceUpstream

/// An order from the command line to a running gateway: found by its state folder, told by its token.
struct AdminCall: Sendable {
  var stateFolder: String
  /// `HOST:PORT`; `nil`: as the gateway left it in the state folder.
  var address: String?
  var path: String
  /// `nil`: it is a question.
  var body: [UInt8]?

  /// Sends it and waits for the answer.
  ///
  /// - Throws: what stands in the way, or the gateway's own words if it refuses.
  func answer() async throws(Refusal) -> [UInt8] {
    let folder = StateFolder(stateFolder)
    let token = try Self.line(
      of: folder.tokenPath,
      hint: "name the state folder of the gateway with --state DIR"
    )
    let address =
      if let address = self.address {
        address
      } else {
        try Self.line(of: folder.adminAddressPath, hint: "name the listener with --admin HOST:PORT")
      }
    let answer: Answer
    do {
      answer = try await exchange(with: address, token: token)
    } catch let failure as Failure {
      throw Refusal("no gateway answers at \(address): \(failure.reason)")
    } catch let error as UpstreamSetupError {
      throw Refusal("`\(address)` is no address: \(error.message)", status: .usage)
    } catch {
      throw Refusal("the order could not be sent: \(error)")
    }
    guard answer.status == 200 else {
      throw Refusal(Self.words(of: answer.body) ?? "status \(answer.status)")
    }
    return answer.body
  }

  private static func line(of path: String, hint: String) throws(Refusal) -> String {
    do throws(IOFailure) {
      let bytes = try Files.read(path, maximumBytes: 4_096)
      return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    } catch {
      throw Refusal("`\(path)` cannot be read: \(error); \(hint)")
    }
  }

  /// The message of an error of the admin listener.
  private static func words(of reply: [UInt8]) -> String? {
    guard let document = try? JSONDocument(reply),
      let error = document.member("error", of: document.root),
      let message = document.member("message", of: error)
    else { return nil }
    return document.string(message)
  }

  private func exchange(
    with address: String,
    token: String
  ) async throws -> Answer {
    let group = try EventLoopGroup(count: 1)
    let resolving = try BlockingExecutor(threads: 1)
    defer {
      resolving.stop()
      group.stop()
    }
    let loop = group.loops[0]
    let upstream = try HTTPUpstream(
      name: "admin",
      url: "http://\(address)",
      secret: token,
      timeouts: UpstreamSettings.Timeouts(),
      version: SluiceVersion.current,
      loops: [loop],
      resolver: Resolver(on: resolving, world: loop)
    )
    let request = UpstreamRequest(
      body == nil ? .get : .post,
      path: path,
      fields: HeaderFields(),
      body: body ?? [],
      headDeadline: loop.now.monotonic + Duration.seconds(20).nanoseconds
    )
    let answer = await Task(executorPreference: loop) {
      await Self.answer(to: request, from: upstream, on: loop)
    }
    .value
    upstream.retire()
    return try answer.get()
  }

  private struct Answer: Sendable {
    var status: Int
    var body: [UInt8]
  }

  private static func answer(
    to request: UpstreamRequest,
    from upstream: HTTPUpstream,
    on loop: EventLoop
  ) async -> Result<Answer, Failure> {
    do throws(Failure) {
      let reply = try await upstream.send(request, in: loop, cancellation: Cancellation())
      var body: [UInt8] = []
      while let bytes = try await reply.read() {
        guard body.count + bytes.count <= Bounds.replyBytes else {
          reply.abandon()
          throw Failure(.replyTooLarge)
        }
        body += bytes
      }
      return .success(Answer(status: reply.status, body: body))
    } catch {
      return .failure(error)
    }
  }
}
