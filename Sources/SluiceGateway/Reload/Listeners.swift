import SluiceCore
import SluicePolicy
import SluiceReactor
import SluiceServer

/// The two servers, and where they listen.
struct Listeners: Sendable {
  /// What the traffic is served.
  let service: TrafficService
  let traffic: HTTPServer
  let admin: HTTPServer

  /// Sockets that are bound and not listened on yet.
  struct Binding: Sendable {
    var traffic: HTTPServer.Binding
    var admin: HTTPServer.Binding
  }

  /// An address that cannot be had.
  struct Problem: Error {
    var endpoint: ServerSettings.Endpoint
    var reason: String
  }

  /// Binds all addresses of `settings`, or none; those listened on already are kept.
  ///
  /// Looks names up, which blocks.
  func bind(_ settings: ServerSettings) throws(Problem) -> Binding {
    Binding(
      traffic: try bind(settings.listen, to: traffic),
      admin: try bind([settings.admin], to: admin)
    )
  }

  func listen(on binding: Binding) {
    admin.listen(on: binding.admin)
    traffic.listen(on: binding.traffic)
  }

  private func bind(
    _ endpoints: [ServerSettings.Endpoint],
    to server: HTTPServer
  ) throws(Problem) -> HTTPServer.Binding {
    var addresses: [SocketAddress] = []
    for endpoint in endpoints {
      do throws(IOFailure) {
        addresses.append(try Self.address(of: endpoint.text))
      } catch {
        throw Problem(endpoint: endpoint, reason: Self.reason(error))
      }
    }
    do throws(IOFailure) {
      return try server.bind(addresses)
    } catch {
      throw Problem(
        endpoint: Self.culprit(among: Array(zip(endpoints, addresses)), of: server),
        reason: Self.reason(error)
      )
    }
  }

  /// The endpoint that cannot be bound alone, either; the first if all can.
  private static func culprit(
    among endpoints: [(ServerSettings.Endpoint, SocketAddress)],
    of server: HTTPServer
  ) -> ServerSettings.Endpoint {
    let found = endpoints.first { _, address in (try? server.bind([address])) == nil }
    return (found ?? endpoints[0]).0
  }

  /// Why, and what to do.
  private static func reason(_ failure: IOFailure) -> String {
    switch failure {
    case .addressInUse: "\(failure); stop what listens there, or choose another address"
    case .denied: "\(failure); choose a port above 1023, or allow this process to have that one"
    case .unreachable: "this machine has no such address"
    case .notFound: "the name has no address"
    case .tooManyDescriptors, .closed, .reset, .refused, .timedOut, .cancelled, .inUse, .tooLarge,
      .noSpace, .readOnly, .deviceFailed, .overloaded, .other:
      "\(failure)"
    }
  }

  private static func address(of text: String) throws(IOFailure) -> SocketAddress {
    if let address = SocketAddress(text) { return address }
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...])
    else { throw .notFound }
    guard var address = try Resolver.systemLookUp(String(text[..<colon])).first else {
      throw .notFound
    }
    address.port = port
    return address
  }
}
