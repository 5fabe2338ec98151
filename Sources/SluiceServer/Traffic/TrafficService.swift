package import SluiceCore
package import SluiceDialects
package import SluiceHTTP
package import SluicePipeline
import SluicePolicy
import Synchronization

/// What clients are served: OpenAI's paths, answered by the graph of the current generation.
///
/// - `POST /v1/chat/completions`, `POST /v1/completions`, `POST /v1/embeddings`
/// - `GET /v1/models` and `GET /v1/models/ID`
///
/// A request reads the generation once, when its head is complete, and keeps it to its last byte.
package final class TrafficService: RequestService {
  private let generations: GenerationCell
  private let observer: any ExchangeObserver
  private let latest: Mutex<EdgeBounds>

  package init(_ generations: GenerationCell, observer: any ExchangeObserver) {
    self.generations = generations
    self.observer = observer
    latest = Mutex(EdgeBounds(of: generations.generation))
  }

  package var limits: ConnectionLimits { bounds(of: generations.generation).limits }

  private func bounds(of generation: Generation) -> EdgeBounds {
    latest.withLock { latest in
      if latest.number != generation.number { latest = EdgeBounds(of: generation) }
      return latest
    }
  }

  package func receive(_ head: RequestHead) -> Reception {
    let service: Service
    let path: String
    switch Destination(head) {
    case .service(let found, let foundAt):
      service = found
      path = foundAt
    case .refused(let error):
      observer.refused(error)
      return .refuse(ServerReply(error))
    }
    let generation = generations.generation
    let bounds = bounds(of: generation)
    return .serve(
      TrafficHandler(
        service: service,
        path: path,
        generation: generation,
        requestTimeout: bounds.requestTimeout,
        observer: observer
      ),
      maximumBody: service.asked == nil ? 0 : bounds.maximumBody,
      bodyTimeout: bounds.bodyTimeout
    )
  }

  package func reply(to refusal: ServerRefusal) -> ServerReply {
    let error = Self.error(for: refusal)
    observer.refused(error)
    return ServerReply(error)
  }

  static func reply(to refusal: ServerRefusal) -> ServerReply { ServerReply(error(for: refusal)) }

  private static func error(for refusal: ServerRefusal) -> APIError {
    switch refusal {
    case .malformed(let refusal): .malformedMessage(refusal)
    case .bodyTooLarge(let limit): .bodyTooLarge(limit: limit)
    case .tooSlow: .requestTimeout
    case .overloaded: .overloaded(retryAfterSeconds: 1)
    case .unanswered: .internalError
    }
  }
}

/// What the edge reads of a generation, in the units that it reckons in.
///
/// Knows the generation by its number: what is kept for the next request must not keep a policy
/// alive that nobody runs under.
private struct EdgeBounds: Sendable {
  let number: UInt64
  let limits: ConnectionLimits
  let maximumBody: Int
  /// Nanoseconds.
  let bodyTimeout: Int64
  let requestTimeout: Int64

  init(of generation: Generation) {
    let server = generation.policy.server
    number = generation.number
    limits = ConnectionLimits(idle: server.timeout.idle, head: server.timeout.head)
    maximumBody = server.maxBody
    bodyTimeout = server.timeout.body.nanoseconds
    requestTimeout = server.timeout.request.nanoseconds
  }
}

/// Sees exchanges begin and end: telemetry, seen from the edge.
///
/// Called on the exchange's loop.
package protocol ExchangeObserver: Sendable {
  func began(_ exchange: Exchange)

  /// The reply is sent, or nobody is left to send it to.
  ///
  /// `status` is the status code that the client was sent, 0 if it got none.
  func finished(_ exchange: Exchange, status: Int, at moment: Moment)

  /// A request was turned away before it was an exchange: wrong path, wrong framing, too large.
  func refused(_ error: APIError)
}

/// Where a request wants to go.
enum Destination {
  /// And the path as stages read it: a model's name in it may be percent-encoded.
  case service(Service, path: String)
  case refused(APIError)

  static let modelsPath = "/v1/models"

  /// The services that a model answers, by their paths.
  private static let asked = Service.allCases.compactMap { service in
    service.asked.map { (path: "/v1" + $0.path, service: service) }
  }

  init(_ head: RequestHead) {
    for (path, service) in Self.asked where head.hasPath(path) {
      self =
        if head.method != .post {
          .refused(.methodNotAllowed(allowed: "POST"))
        } else if head.fields.isJSON {
          .service(service, path: path)
        } else {
          .refused(.unsupportedMediaType)
        }
      return
    }
    let path = head.path
    guard path == Self.modelsPath || path.hasPrefix(Self.modelsPath + "/") else {
      self = .refused(.notFound)
      return
    }
    self =
      head.method == .get || head.method == .head
      ? .service(.models, path: PercentEncoding.decoded(path))
      : .refused(.methodNotAllowed(allowed: "GET, HEAD"))
  }
}

extension HeaderFields {
  /// Whether the body is said to be JSON, as it is.
  fileprivate var isJSON: Bool {
    guard let index = index(of: "content-type"), self.index(of: "content-encoding") == nil else {
      return false
    }
    let wanted = "application/json"
    guard value(at: index, startsWith: wanted) else { return false }
    let next = valueBytes(at: index).dropFirst(wanted.utf8.count).first
    return next == nil || next == UInt8(ascii: ";") || next == UInt8(ascii: " ")
  }
}

extension ServerReply {
  /// An error in the shape of OpenAI's, with the fields that its clients act on.
  init(_ error: APIError, behind fields: HeaderLines = HeaderLines()) {
    self.init(status: error.status, body: error.body, fields: fields)
    if let seconds = error.retryAfterSeconds { self.fields.append("retry-after", String(seconds)) }
    if let shouldRetry = error.shouldRetry {
      self.fields.append("x-should-retry", shouldRetry ? "true" : "false")
    }
    if case .methodNotAllowed(let allowed) = error { self.fields.append("allow", allowed) }
  }
}
