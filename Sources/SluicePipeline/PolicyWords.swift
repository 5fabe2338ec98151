package import SluicePolicy
package import SluiceTelemetry

/// What the log says of a policy's own names, as bytes: the same in the line of every exchange.
package struct PolicyWords: Sendable {
  private let services: [LogMember]
  private let routes: [LogMember]
  private let models: [LogMember]

  init(_ policy: Policy, generation number: UInt64) {
    services = Service.allCases.map {
      LogMember("service", $0.rawValue) + LogMember("generation", number)
    }
    routes = policy.routes.map { LogMember("route", $0.name) }
    models = policy.models.map { LogMember("model", $0.name) }
  }

  /// The service, and the number of the generation.
  package func service(_ service: Service) -> LogMember { services[service.position] }

  /// A route, by its place in `Policy.routes`.
  package func route(_ place: Int) -> LogMember { routes[place] }

  package func model(_ index: ModelIndex) -> LogMember { models[index.position] }
}
