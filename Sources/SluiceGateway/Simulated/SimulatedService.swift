import SluiceCore
import SluiceDialects
import SluiceHTTP
import SluicePolicy
import SluiceReactor
import SluiceServer
import Synchronization

/// The simulated upstream's side of its sockets: what OpenAI's models answer, from nothing.
///
/// It waits as long as a model would think, fails as often as it is told to, and says the same
/// again to the same question. It stops when its client leaves.
final class SimulatedService: RequestService {
  private let settings: UpstreamSettings.Simulated
  private let served = Atomic<UInt64>(0)

  init(_ settings: UpstreamSettings.Simulated) { self.settings = settings }

  private static let models = "/v1/models"

  var limits: ConnectionLimits { ConnectionLimits(idle: .seconds(75), head: .seconds(10)) }

  func receive(_ head: RequestHead) -> Reception {
    // What a health check asks; it says nothing about the share of questions that fail.
    if head.hasPath(Self.models), head.method == .get {
      return .refuse(ServerReply(status: 200, body: ModelList.body(of: [])))
    }
    guard
      let service = ModelSettings.Service.allCases.first(where: { head.hasPath("/v1" + $0.path) })
    else {
      return .refuse(ServerReply(status: 404, body: APIError.notFound.body))
    }
    guard head.method == .post else {
      let error = APIError.methodNotAllowed(allowed: "POST")
      return .refuse(ServerReply(status: 405, body: error.body, fields: ["allow": "POST"]))
    }
    let number = served.wrappingAdd(1, ordering: .relaxed).oldValue
    return .serve(
      SimulatedHandler(service: service, settings: settings, fails: Self.fails(number, settings)),
      maximumBody: Bounds.replyBytes,
      bodyTimeout: Duration.seconds(30).nanoseconds
    )
  }

  func reply(to refusal: ServerRefusal) -> ServerReply {
    let error: APIError =
      switch refusal {
      case .malformed(let refusal): .malformedMessage(refusal)
      case .bodyTooLarge(let limit): .bodyTooLarge(limit: limit)
      case .tooSlow: .requestTimeout
      case .overloaded: .overloaded(retryAfterSeconds: 1)
      case .unanswered: .internalError
      }
    return ServerReply(status: error.status, body: error.body)
  }

  /// Whether the request of that number, from 0, fails: the same for the same seed.
  static func fails(_ number: UInt64, _ settings: UpstreamSettings.Simulated) -> Bool {
    // 53 bits are what a Double holds exactly.
    let draw =
      Double(Mixer.hash(Mixer(settings.seed).value, number) >> 11) / Double(1 << 53 as UInt64)
    return draw < settings.failures
  }
}

/// Answers one question.
private struct SimulatedHandler: RequestHandler {
  let service: ModelSettings.Service
  let settings: UpstreamSettings.Simulated
  let fails: Bool

  func respond(to request: ServerRequest, through sink: ResponseSink) async {
    let deadline = request.headAt.monotonic + settings.latency.nanoseconds
    await Pause.until(deadline, in: request.loop, unless: request.cancellation)
    guard request.cancellation.reason == nil else { return }
    do throws(IOFailure) {
      try await answer(request, through: sink)
    } catch {
      // The client left; nobody is there to be told.
    }
  }

  private func answer(
    _ request: ServerRequest,
    through sink: ResponseSink
  ) async throws(IOFailure) {
    if fails { return try await sink.send(ServerReply(status: 500, body: SimulatedReply.failure)) }
    let asked: ModelRequest
    var embeddings: SimulatedEmbeddings?
    do throws(APIError) {
      asked = try ModelRequest(request.body, for: service)
      if service == .embeddings {
        embeddings = try SimulatedEmbeddings(to: asked, seed: settings.seed)
      } else {
        try SimulatedReply.check(asked, settings)
      }
    } catch {
      return try await sink.send(ServerReply(status: error.status, body: error.body))
    }
    if let embeddings {
      return try await sink.send(ServerReply(status: 200, body: embeddings.body))
    }
    let reply = SimulatedReply(
      to: asked,
      settings: settings,
      created: request.headAt.wallSeconds
    )
    guard asked.isStreaming else {
      return try await sink.send(ServerReply(status: 200, body: reply.body))
    }
    try await sink.begin(status: 200, fields: ["content-type": "text/event-stream"])
    var events = reply.events
    while let event = events.next() {
      if request.cancellation.reason != nil { return }
      try await sink.write(event)
      // A chunk a turn: what one stream has to say must not keep others waiting.
      await request.loop.yield()
    }
    try await sink.finish()
  }
}

/// A wait that the end of an exchange cuts short.
private final class Pause: Sendable {
  private enum State {
    case fresh
    case waiting(CheckedContinuation<Void, Never>)
    case over
  }
  private let state = Mutex(State.fresh)

  /// Waits until the monotonic clock of `world` has reached `deadline`.
  static func until(
    _ deadline: Int64,
    in world: any World,
    unless cancellation: Cancellation
  ) async {
    guard world.now.monotonic < deadline else { return }
    let pause = Pause()
    let timer = world.schedule(atMonotonic: deadline) { pause.end() }
    let link = cancellation.onCancel { _ in pause.end() }
    await withCheckedContinuation { continuation in
      let isOver = pause.state.withLock { state in
        if case .over = state { return true }
        state = .waiting(continuation)
        return false
      }
      if isOver { continuation.resume() }
    }
    timer.withdraw()
    cancellation.remove(link)
  }

  private func end() {
    let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
      defer { state = .over }
      guard case .waiting(let continuation) = state else { return nil }
      return continuation
    }
    waiting?.resume()
  }
}
