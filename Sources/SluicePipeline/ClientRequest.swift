package import SluiceCore
package import SluiceHTTP

/// A request as the edge received it: head and body complete, nothing interpreted.
package struct ClientRequest: Sendable {
  package var service: Service
  package var method: String
  /// Without the query.
  package var path: String
  package var fields: HeaderFields
  package var body: [UInt8]
  /// The other end of the connection.
  package var peer: HostAddress

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
