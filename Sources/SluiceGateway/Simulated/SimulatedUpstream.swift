import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceReactor
import SluiceServer
import SluiceUpstream

/// An upstream whose server is in this process, on a free port of the loopback interface.
///
/// Attempts go through real sockets and the real client, so that what is tried with it is what
/// runs. The server lives as long as somebody may ask it: the last generation that knows this
/// upstream takes it down.
final class SimulatedUpstream: Upstream {
  let client: HTTPUpstream
  private let server: HTTPServer

  /// Starts the server.
  ///
  /// - Parameters:
  ///   - settings: how it behaves.
  ///   - loops: where it serves; not those of the traffic, so that what a model would cost is not
  ///     counted there.
  ///   - connect: makes the client for its URL.
  /// - Throws: `IOFailure` when no port is free, or what `connect` throws.
  init(
    _ settings: UpstreamSettings.Simulated,
    on loops: [EventLoop],
    connect: (_ url: String) throws(UpstreamSetupError) -> HTTPUpstream
  ) throws {
    server = HTTPServer(SimulatedService(settings), on: loops)
    guard let loopback = SocketAddress("127.0.0.1:0") else {
      preconditionFailure("the loopback address is one")
    }
    let binding = try server.bind([loopback])
    client = try connect("http://\(binding.addresses[0])/v1")
    server.listen(on: binding)
  }

  deinit {
    client.retire()
    server.stopAccepting()
  }

  func send(
    _ request: UpstreamRequest,
    in world: any World,
    cancellation: Cancellation
  ) async throws(Failure) -> any UpstreamReply {
    try await client.send(request, in: world, cancellation: cancellation)
  }
}
