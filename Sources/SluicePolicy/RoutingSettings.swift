package import SluiceCore

/// One entry of `tiers`: the models that a tier may ever reach.
package struct TierSettings: Sendable, Equatable {
  package var name: String
  /// The models within reach, checked at every candidate; `nil` means all.
  package var models: Set<ModelIndex>?
  package var place: SourcePlace

  package init(name: String, models: Set<ModelIndex>? = nil, place: SourcePlace = .builtIn) {
    self.name = name
    self.models = models
    self.place = place
  }
}

/// One entry of `features`: a named expression, computed at most once an exchange.
package struct FeatureSettings: Sendable {
  package var name: String
  package var value: Expression
  /// The slot of `features.NAME`.
  package var slot: Int
  package var place: SourcePlace

  package init(name: String, value: Expression, slot: Int, place: SourcePlace = .builtIn) {
    self.name = name
    self.value = value
    self.slot = slot
    self.place = place
  }
}

/// One entry of `targets`.
package struct TargetSettings: Sendable {
  /// One share of a split.
  package struct Share: Sendable, Equatable {
    package var target: TargetIndex
    /// Millionths; the shares of a split add up to 1,000,000.
    package var millionths: Int

    package init(target: TargetIndex, millionths: Int) {
      self.target = target
      self.millionths = millionths
    }
  }

  package enum Kind: Sendable {
    /// The first candidate that can serve, then the next. Never empty.
    case candidates([ModelIndex])
    /// Shares of targets, chosen at the route by a stable hash of `by`. No share is a split.
    case split([Share], by: Expression)
  }

  package var name: String
  package var kind: Kind
  package var place: SourcePlace

  package init(name: String, kind: Kind, place: SourcePlace = .builtIn) {
    self.name = name
    self.kind = kind
    self.place = place
  }
}

/// One entry of `routes`.
package struct RouteSettings: Sendable {
  package enum Destination: Sendable, Equatable {
    case target(TargetIndex)
    /// What the client named: a target or a declared model.
    case requested
  }

  package var name: String
  /// `match` and `when` as one condition; `nil`: always.
  package var condition: Expression?
  package var destination: Destination
  package var place: SourcePlace

  package init(
    name: String,
    condition: Expression?,
    destination: Destination,
    place: SourcePlace = .builtIn
  ) {
    self.name = name
    self.condition = condition
    self.destination = destination
    self.place = place
  }
}
