package import SluiceExpressions

/// The names that bound what a request can be.
package struct ReachNames: Sendable {
  /// Models and targets: all that a client may name beside `auto`.
  package var requestable: [String]
  /// Those that are declared; keys may hold others.
  package var tiers: [String]
  package var products: [String]

  package init(requestable: [String], tiers: [String], products: [String]) {
    self.requestable = requestable
    self.tiers = tiers
    self.products = products
  }
}

/// The dimensions of the space of requests: everything that conditions look at, each with all the
/// values that it may have.
///
/// A variable, a header and its presence, and the state of a breaker are *free*: any combination of
/// their values is a request. What is computed from a variable (`size(prompt.text)`) is a dimension
/// of its own, as if it were independent: a region that is empty then is empty in truth, but one
/// that is not may be.
package struct ReachSpace: Sendable {
  package struct Dimension: Sendable {
    package enum Source: Sendable, Equatable {
      case variable(PolicyVariable)
      /// Whether a header is there.
      case presence(String)
      /// Its text, if it is there.
      case header(String)
      /// What the gateway answers: the number of a host function, and its arguments.
      case state(Int, [Value])
      /// An expression over these, by itself.
      case derived
    }

    package var name: String
    package var source: Source
    package var domain: ValueSet
    package var isFree: Bool { source != .derived }
  }

  package let names: ReachNames
  package private(set) var dimensions: [Dimension] = []
  private var places: [String: Int] = [:]

  package init(_ names: ReachNames) { self.names = names }

  package func domain(of dimension: Int) -> ValueSet { dimensions[dimension].domain }

  /// The dimension of that name; made if there is none.
  mutating func dimension(
    _ name: String,
    _ source: Dimension.Source,
    _ domain: ValueSet
  ) -> Int {
    if let known = places[name] { return known }
    places[name] = dimensions.count
    dimensions.append(Dimension(name: name, source: source, domain: domain))
    return dimensions.count - 1
  }

  mutating func dimension(of variable: PolicyVariable) -> Int {
    // Made once: the names of models may be many.
    if let known = places[variable.name] { return known }
    let domain = domain(of: variable)
    return dimension(variable.name, .variable(variable), domain)
  }

  private func domain(of variable: PolicyVariable) -> ValueSet {
    switch variable {
    case .requestStream: .flags([.yes, .no])
    case .requestMaxTokens, .promptTokens: .numbers(Intervals(0...Int128(Int64.max)))
    case .requestTemperature:
      .numbers(Intervals((-Double.infinity).place...Double.infinity.place))
    case .now:
      .numbers(
        Intervals(
          Int128(Timestamp.range.lowerBound) * 1_000_000_000...Int128(Timestamp.range.upperBound)
            * 1_000_000_000 + 999_999_999
        )
      )
    case .clientIP: .numbers(Intervals(AddressPlace.all))
    // Whatever else a client names is answered 404 before any route is asked.
    case .requestModel: .texts(Intervals(texts: ["auto"] + names.requestable))
    case .requestPath: .texts(Intervals(texts: Self.paths))
    default: .texts(.everything)
    }
  }

  static let paths = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings"]
}

extension Double {
  /// Its place among all doubles in their order; both zeros have one.
  var place: Int128 {
    self < 0 ? -Int128(magnitude.bitPattern) : Int128(magnitude.bitPattern)
  }

  /// The double of a place.
  init(place: Int128) {
    let magnitude = Double(bitPattern: UInt64(place.magnitude))
    self = place < 0 ? -magnitude : magnitude
  }
}
