package import SluiceCore
import SluiceHTTP
package import SluicePipeline
package import SluicePolicy
package import SluiceReactor

/// A service that is spoken to in HTTP/1.1 over plain TCP.
///
/// One pool of kept-alive connections a loop; connections never change loops. Redirects are not
/// followed and cookies not kept: both would let a reply decide where the next request and its
/// secret go.
///
/// A connection that rested may have been closed by the upstream while our request was on its way.
/// A request that meets such an end before any byte of a reply is sent once more, on a new
/// connection (RFC 9112 section 9.3.1); one on a new connection never is, since the upstream may
/// have worked on it.
///
/// The secret lives in here and is part of no description.
package final class HTTPUpstream: Upstream {
  package let name: String
  private let url: BaseURL
  private let template: RequestHeadTemplate
  private let timeouts: UpstreamSettings.Timeouts
  private let resolver: Resolver
  private let pools: [LoopPool]

  /// Describes an upstream; opens nothing.
  ///
  /// - Parameters:
  ///   - name: as the policy calls it.
  ///   - url: `http://host:port/prefix`.
  ///   - secret: sent as a bearer token; none is sent without one.
  ///   - timeouts: of one attempt.
  ///   - version: of this program, for `User-Agent`.
  ///   - loops: on which it will be used.
  ///   - resolver: for hosts that are names.
  ///   - connections: that a loop may have open; an attempt beyond that fails.
  /// - Throws: what is wrong with the URL or the secret.
  package init(
    name: String,
    url: String,
    secret: String?,
    timeouts: UpstreamSettings.Timeouts,
    version: String,
    loops: [EventLoop],
    resolver: Resolver,
    connections: Int = Bounds.upstreamConnections
  ) throws(UpstreamSetupError) {
    self.name = name
    self.url = try BaseURL(url)
    template = try RequestHeadTemplate(url: self.url, secret: secret, version: version)
    self.timeouts = timeouts
    self.resolver = resolver
    let limits = PoolBook<TCPStream>
      .Limits(
        connections: connections,
        idle: Bounds.idleUpstreamConnections,
        idleAge: Bounds.idleUpstreamSeconds * 1_000_000_000
      )
    pools = loops.map { LoopPool(on: $0, limits: limits) }
  }

  /// Connections that an attempt uses now, over all loops.
  package var busyConnections: Int { pools.reduce(0) { $0 + $1.counts.busy } }

  /// Connections that rest now, over all loops.
  package var idleConnections: Int { pools.reduce(0) { $0 + $1.counts.idle } }

  /// Closes what rests, and from now on what comes to rest.
  ///
  /// Attempts go on. From any thread.
  package func retire() {
    for pool in pools { pool.retire() }
  }

  package func send(
    _ request: UpstreamRequest,
    in world: any World,
    cancellation: Cancellation
  ) async throws(Failure) -> any UpstreamReply {
    let pool = poolOfThisLoop
    let clock = AttemptClock(
      startingAt: pool.loop.turn.monotonic,
      timeouts: timeouts,
      exchange: request.headDeadline
    )
    guard let place = pool.take() else { throw Failure(.poolExhausted, replyBegan: false) }
    let lease =
      switch place {
      case .reused(let stream): Lease(of: pool, on: stream)
      case .free: Lease(of: pool, on: nil)
      }
    let registration = cancellation.onCancel { lease.cut($0) }
    do {
      let begun = try await begin(request, on: place, lease: lease, clock: clock)
      return HTTPReply(begun, lease: lease, clock: clock, of: cancellation, registration)
    } catch {
      cancellation.remove(registration)
      lease.end()
      throw error
    }
  }

  private func begin(
    _ request: UpstreamRequest,
    on place: LoopPool.Place,
    lease: Lease,
    clock: AttemptClock
  ) async throws(Failure) -> ReplyBeginning {
    if let reason = lease.cutReason { throw Failure(.init(reason), replyBegan: false) }
    var trip = RoundTrip(head: template.head(of: request), body: request.body, clock: clock)
    if case .reused(let stream) = place {
      do {
        return try await trip.run(on: stream, lease: lease)
      } catch {
        guard error.reason == .connectionBroken, !trip.replyBegan else { throw error }
        lease.replaceStream(with: nil)
      }
    }
    return try await trip.run(on: try await connect(lease, clock), lease: lease)
  }

  /// Looks the host up, and tries its addresses in order within the time to connect.
  private func connect(_ lease: Lease, _ clock: AttemptClock) async throws(Failure) -> TCPStream {
    let deadline = clock.forConnection
    let addresses: [SocketAddress]
    do {
      addresses = try await resolver.addresses(
        of: url.host,
        port: url.port,
        deadline: deadline.time
      )
    } catch {
      throw Failure(error, before: deadline, of: lease, broken: .unresolved, replyBegan: false)
    }
    // The look-up cannot be cut short, and nothing must be opened for nobody.
    if let reason = lease.cutReason { throw Failure(.init(reason), replyBegan: false) }
    guard !addresses.isEmpty else { throw Failure(.unresolved, replyBegan: false) }
    do throws(IOFailure) {
      let stream = try await TCPConnector(on: lease.pool.loop)
        .connect(toFirstOf: addresses, deadline: deadline.time) { lease.replaceStream(with: $0) }
      lease.pool.adopt(stream)
      return stream
    } catch {
      throw Failure(error, before: deadline, of: lease, broken: .connectRefused, replyBegan: false)
    }
  }

  private var poolOfThisLoop: LoopPool {
    guard let loop = EventLoop.current else { preconditionFailure("an upstream is used on a loop") }
    if loop.index < pools.count, pools[loop.index].loop === loop { return pools[loop.index] }
    guard let pool = pools.first(where: { $0.loop === loop }) else {
      preconditionFailure("an upstream is used on the loops that it was made for")
    }
    return pool
  }
}

extension HTTPUpstream: CustomStringConvertible, CustomReflectable {
  /// `upstream NAME`.
  package var description: String { "upstream \(name)" }

  /// Shows the name only: what is dumped into a log must not hold the secret.
  package var customMirror: Mirror { Mirror(self, children: ["name": name]) }
}
