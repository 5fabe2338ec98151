package import SluiceCore

/// The section `server`: where traffic and operators connect, and what bounds an exchange.
package struct ServerSettings: Sendable, Equatable {
  /// `HOST:PORT`; a port of 0 lets the system choose.
  package struct Endpoint: Sendable, Equatable {
    package var text: String
    package var place: SourcePlace

    package init(_ text: String, place: SourcePlace = .builtIn) {
      self.text = text
      self.place = place
    }
  }

  /// Absolute deadlines of one connection and one exchange.
  package struct Timeouts: Sendable, Equatable {
    /// From the first byte of a head to its end.
    package var head: Duration = .seconds(10)
    /// From the end of the head to the end of the body.
    package var body: Duration = .seconds(30)
    /// From the head to the first byte of the reply.
    package var request: Duration = .seconds(300)
    /// Between two requests on one connection.
    package var idle: Duration = .seconds(75)
    /// From the order to stop until open exchanges are cut.
    package var drain: Duration = .seconds(30)

    package init() {}
  }

  package enum OnLedgerFailure: String, Sendable, CaseIterable { case deny, allow }

  /// What the record of a hold survives before its attempt is sent.
  package enum Durability: String, Sendable, CaseIterable {
    /// The end of the process; the machine's within a second.
    case process
    /// The end of the machine.
    case power
  }

  /// The response headers that a client may see; their names follow `X-Sluice-`.
  package enum ExposedHeader: String, Sendable, CaseIterable {
    case cache, generation, route, model, cost, age, similarity
  }

  package var listen: [Endpoint] = [Endpoint("127.0.0.1:8080")]
  package var admin: Endpoint = Endpoint("127.0.0.1:9090")
  /// Bytes of a request body.
  package var maxBody: Int = 10 << 20
  package var timeout = Timeouts()
  package var durability: Durability = .process
  package var onLedgerFailure: OnLedgerFailure = .deny
  package var expose: Set<ExposedHeader> = [.cache, .generation, .route, .model, .cost]
  package var place: SourcePlace = .builtIn

  package init() {}
}
