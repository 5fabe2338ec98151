package import SluiceCore
package import SluiceHTTP

/// A request as the edge received it: head and body complete, nothing interpreted.
///
/// An object, so that the many who read it hold it at the price of one.
package final class ClientRequest: Sendable {
  package let service: Service
  package let method: String
  /// Without the query.
  package let path: String
  package let fields: HeaderFields
  package let body: [UInt8]
  /// The other end of the connection.
  package let peer: HostAddress

  package init(
    service: Service,
    method: String,
    path: String,
    fields: HeaderFields,
    body: [UInt8],
    peer: HostAddress
  ) {
    self.service = service
    self.method = method
    self.path = path
    self.fields = fields
    self.body = body
    self.peer = peer
  }
}
