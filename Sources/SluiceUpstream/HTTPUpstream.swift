package import SluiceCore
import SluiceHTTP
package import SluicePipeline
package import SluicePolicy
package import SluiceReactor

/// A service that is spoken to in HTTP/1.1, over TLS or plain TCP.
///
/// One pool of kept-alive connections a loop; connections never change loops. Redirects are not
/// followed and cookies not kept: both would let a reply decide where the next request and its
/// secret go.
///
/// A connection that rested may have been closed by the upstream meanwhile. A POST may be sent again
/// by itself only if it is known that nobody worked on it (RFC 9110 section 9.2.2): here, if the
/// connection had rested, broke before the last byte of the request was written, and brought no byte
/// of a reply; what came incomplete is never acted on. That is a new connection for the same attempt,
/// no retry, and is counted. A connection that breaks behind a whole request fails the attempt: the
/// upstream may have worked on it, and asking again, which may cost twice, is the policy's to allow.
///
/// The secret lives in here and is part of no description.
package final class HTTPUpstream: Upstream {
  package let name: String
  private let url: BaseURL
  private let template: RequestHeadTemplate
  private let timeouts: AttemptClock.Timeouts
  private let resolver: Resolver
  private let pools: [LoopPool]
  private let onReplay: @Sendable () -> Void
  /// `nil` where the URL says `http`.
  private let security: Security?

  private struct Security: Sendable {
    let context: TLSContext
    let host: String
    let isAddress: Bool
  }

  /// Describes an upstream; opens nothing.
  ///
  /// - Parameters:
  ///   - name: as the policy calls it.
  ///   - url: `https://host:port/prefix`, or `http`.
  ///   - secret: sent as a bearer token; none is sent without one.
  ///   - timeouts: of one attempt.
  ///   - version: of this program, for `User-Agent`.
  ///   - loops: on which it will be used.
  ///   - resolver: for hosts that are names.
  ///   - authorities: certificates in PEM, then the only ones that are trusted with `https`; the
  ///     system's are read without them, which takes milliseconds.
  ///   - connections: that a loop may have open; an attempt beyond that fails.
  ///   - onReplay: called when a request is sent once more on a new connection.
  /// - Throws: what is wrong with the URL, the secret or the authorities.
  package init(
    name: String,
    url: String,
    secret: String?,
    timeouts: UpstreamSettings.Timeouts,
    version: String,
    loops: [EventLoop],
    resolver: Resolver,
    authorities: [UInt8]? = nil,
    connections: Int = Bounds.upstreamConnections,
    onReplay: @escaping @Sendable () -> Void = {}
  ) throws(UpstreamSetupError) {
    self.name = name
    self.url = try BaseURL(url)
    template = try RequestHeadTemplate(url: self.url, secret: secret, version: version)
    self.timeouts = AttemptClock.Timeouts(timeouts)
    self.resolver = resolver
    self.onReplay = onReplay
    if self.url.isSecure {
      let host = self.url.host
      security = Security(
        context: try TLSContext(authorities: authorities),
        // A name that ends in a dot is the same name; no certificate is written so.
        host: host.hasSuffix(".") ? String(host.dropLast()) : host,
        isAddress: SocketAddress(host: host, port: 0) != nil
      )
    } else {
      security = nil
    }
    let limits = PoolBook<Transport>
      .Limits(
        connections: connections,
        idle: Bounds.idleUpstreamConnections,
        idleAge: Bounds.idleUpstreamSeconds * 1_000_000_000
      )
    pools = loops.map { LoopPool(on: $0, limits: limits) }
  }

  /// Whether `authorities` could be trusted: certificates in PEM, one at least and none damaged.
  ///
  /// - Throws: `badAuthorities`.
  package static func check(authorities: [UInt8]) throws(UpstreamSetupError) {
    _ = try TLSContext(authorities: authorities)
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
    // Only certificates ask for the time of day.
    let wall = security == nil ? 0 : world.now.wallSeconds
    guard let place = pool.take(at: wall) else { throw Failure(.poolExhausted) }
    let lease =
      switch place {
      case .reused(let transport): Lease(of: pool, on: transport)
      case .free: Lease(of: pool, on: nil)
      }
    let registration = cancellation.onCancel { lease.cut($0) }
    do {
      let begun = try await begin(request, on: place, lease: lease, clock: clock, at: wall)
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
    clock: AttemptClock,
    at wall: Int64
  ) async throws(Failure) -> ReplyBeginning {
    if let reason = lease.cutReason { throw Failure(.init(reason)) }
    let (head, body) = template.pieces(of: request)
    var trip = RoundTrip(head: head, body: body, clock: clock)
    if case .reused(let transport) = place {
      do {
        return try await trip.run(on: transport, lease: lease)
      } catch {
        guard error.reason == .connectionBroken, !trip.mayHaveArrived, !trip.replyBegan else {
          throw error
        }
        onReplay()
        lease.replaceTransport(with: nil)
      }
    }
    let transport = try await connect(lease, clock, at: wall)
    let begun = try await trip.run(on: transport, lease: lease)
    // With TLS 1.3 tickets come behind the handshake: by now, as a rule, they have been read.
    lease.pool.keepTicket(of: transport)
    return begun
  }

  /// Opens a connection and secures it, within the time to connect.
  private func connect(
    _ lease: Lease,
    _ clock: AttemptClock,
    at now: Int64
  ) async throws(Failure) -> Transport {
    let deadline = clock.forConnection
    let transport = try await reach(lease, before: deadline, at: now)
    let fault: TLSFault?
    do {
      fault = try await transport.handshake(deadline: deadline.time)
    } catch {
      throw Failure(error, before: deadline, of: lease, broken: .tlsFailed)
    }
    if let fault {
      // Somebody else may live there by now.
      resolver.doubt(url.host)
      throw Failure(fault)
    }
    lease.pool.adopt(transport)
    return transport
  }

  /// Looks the host up, and tries its addresses in order.
  private func reach(
    _ lease: Lease,
    before deadline: AttemptClock.Deadline,
    at now: Int64
  ) async throws(Failure) -> Transport {
    let addresses: [SocketAddress]
    do {
      addresses = try await resolver.addresses(
        of: url.host,
        port: url.port,
        deadline: deadline.time
      )
    } catch {
      throw Failure(error, before: deadline, of: lease, broken: .unresolved)
    }
    // The look-up cannot be cut short, and nothing must be opened for nobody.
    if let reason = lease.cutReason { throw Failure(.init(reason)) }
    guard !addresses.isEmpty else { throw Failure(.unresolved) }
    let session = security.map {
      TLSSession(
        $0.context,
        host: $0.host,
        isAddress: $0.isAddress,
        at: now,
        ticket: lease.pool.ticket(at: now)
      )
    }
    do throws(IOFailure) {
      let stream = try await TCPConnector(on: lease.pool.loop)
        .connect(toFirstOf: addresses, deadline: deadline.time) {
          lease.replaceTransport(with: Transport(stream: $0, tls: session))
        }
      return Transport(stream: stream, tls: session)
    } catch {
      // The service may have moved.
      if lease.cutReason == nil { resolver.doubt(url.host) }
      throw Failure(error, before: deadline, of: lease, broken: .connectRefused)
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
