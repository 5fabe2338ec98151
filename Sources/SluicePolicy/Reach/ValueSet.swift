/// The values that one thing may have.
package enum ValueSet: Hashable, Sendable {
  /// Which of yes, no and "it has no value" are in it.
  case flags(Flags)
  /// Whole numbers, and what is kept as one: moments, amounts, addresses, doubles in their order.
  case numbers(Intervals<Int128>)
  case texts(Intervals<TextPoint>)

  package struct Flags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let yes = Flags(rawValue: 1)
    package static let no = Flags(rawValue: 2)
    package static let failure = Flags(rawValue: 4)
  }

  package var isEmpty: Bool {
    switch self {
    case .flags(let flags): flags.isEmpty
    case .numbers(let numbers): numbers.isEmpty
    case .texts(let texts): texts.isEmpty
    }
  }

  /// Sets of different kinds have nothing in common.
  package func intersection(_ other: ValueSet) -> ValueSet {
    switch (self, other) {
    case (.flags(let one), .flags(let two)): .flags(one.intersection(two))
    case (.numbers(let one), .numbers(let two)): .numbers(one.intersection(two))
    case (.texts(let one), .texts(let two)): .texts(one.intersection(two))
    default: .flags([])
    }
  }

  package func subtracting(_ other: ValueSet) -> ValueSet {
    switch (self, other) {
    case (.flags(let one), .flags(let two)): .flags(one.subtracting(two))
    case (.numbers(let one), .numbers(let two)): .numbers(one.subtracting(two))
    case (.texts(let one), .texts(let two)): .texts(one.subtracting(two))
    default: self
    }
  }

  package func union(_ other: ValueSet) -> ValueSet {
    switch (self, other) {
    case (.flags(let one), .flags(let two)): .flags(one.union(two))
    case (.numbers(let one), .numbers(let two)): .numbers(one.union(two))
    case (.texts(let one), .texts(let two)): .texts(one.union(two))
    default: self
    }
  }

  package func isSubset(of other: ValueSet) -> Bool { subtracting(other).isEmpty }

  /// The single texts that it consists of; `nil` if there is a stretch among them, or too many.
  var fewTexts: [TextPoint]? {
    guard case .texts(let texts) = self, texts.parts.count <= 64 else { return nil }
    let points = texts.parts.compactMap { $0.upper == $0.lower.successor ? $0.lower : nil }
    return points.count == texts.parts.count ? points : nil
  }

  /// How many pieces it is kept as, a measure of the work that it makes.
  var weight: Int {
    switch self {
    case .flags: 1
    case .numbers(let numbers): numbers.parts.count
    case .texts(let texts): texts.parts.count
    }
  }
}
