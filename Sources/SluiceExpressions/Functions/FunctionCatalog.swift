/// What is told of a function beside its overloads: what it is for, and what a call costs.
///
/// A test holds it against the overloads, so that no function goes without.
package enum FunctionCatalog {
  package struct Entry: Sendable {
    package let name: String
    package let group: Group
    package let meaning: String
    package let cost: Cost
  }

  package enum Group: String, Sendable, CaseIterable {
    case conversion = "Conversions"
    case text = "Text"
    case time = "Times"
    case number = "Numbers"
    case list = "Lists and sets"
    case optional = "Optional values"
    case address = "Addresses"
    case gateway = "Of the gateway"
  }

  /// How the cost of a call grows.
  package enum Cost: String, Sendable {
    case constant
    /// With the bytes of its texts, or the elements of its lists.
    case linear
    /// As linear, with a larger factor: every byte goes through an automaton.
    case pattern
    /// A text or list is built, which may be longer than what it is made of.
    case building
    /// All elements are compared with each other.
    case quadratic
  }

  package static let all: [Entry] =
    entries(
      .conversion,
      [
        ("bool", "reads `\"true\"` and `\"false\"`", .constant),
        ("bytes", "the UTF-8 of a text", .linear),
        ("double", "a number as a double", .constant),
        ("duration", "reads `\"1h30m\"`; an int counts seconds", .constant),
        ("dyn", "the value itself, of a type that is known only at run time", .constant),
        ("int", "a number cut to an int; of a time, its seconds since 1970", .constant),
        ("string", "a value as text", .linear),
        ("timestamp", "reads `\"2026-01-31T08:00:00Z\"`; an int counts seconds", .constant),
        ("type", "the type of a value", .constant),
        ("uint", "a number cut to an unsigned one", .constant),
        ("base64.encode", "bytes as base64", .building),
        ("base64.decode", "the bytes of a base64 text", .linear),
      ]
    )
    + entries(
      .text,
      [
        ("size", "code points of a text; bytes, elements or entries of others", .linear),
        ("contains", "whether a text stands in another", .linear),
        ("startsWith", "whether a text begins with another", .linear),
        ("endsWith", "whether a text ends with another", .linear),
        ("matches", "whether a pattern (RE2) is found in a text", .pattern),
        ("charAt", "the code point at an index", .linear),
        ("indexOf", "where a text first occurs, from an index on; -1 if nowhere", .linear),
        ("lastIndexOf", "where a text last occurs, up to an index; -1 if nowhere", .linear),
        ("lowerAscii", "A to Z in lower case", .linear),
        ("upperAscii", "a to z in upper case", .linear),
        ("trim", "without blanks at both ends", .linear),
        ("reverse", "a text or list backwards", .linear),
        ("replace", "one text for another, as often as a limit says", .building),
        ("split", "the parts between separators, as many as a limit says", .linear),
        ("substring", "from an index, up to another", .linear),
        ("join", "the texts of a list, a separator between them", .building),
        ("format", "values put in for `%s %d %f %e %b %o %x %X`", .building),
        ("strings.quote", "a text in quotes, what is special escaped", .building),
      ]
    )
    + entries(
      .time,
      TimePart.allCases.map { ($0.rawValue, $0.meaning, .constant) }
    )
    + entries(
      .number,
      [
        ("math.greatest", "the greatest of some numbers, or of a list", .linear),
        ("math.least", "the least of some numbers, or of a list", .linear),
        ("math.abs", "without its sign", .constant),
        ("math.sign", "-1, 0 or 1", .constant),
        ("math.ceil", "rounded up", .constant),
        ("math.floor", "rounded down", .constant),
        ("math.round", "rounded, half away from zero", .constant),
        ("math.trunc", "rounded towards zero", .constant),
        ("math.sqrt", "the square root", .constant),
        ("math.isNaN", "whether it is no number", .constant),
        ("math.isInf", "whether it is infinite", .constant),
        ("math.isFinite", "whether it is neither", .constant),
        ("math.bitAnd", "bits that both have", .constant),
        ("math.bitOr", "bits that one has", .constant),
        ("math.bitXor", "bits that only one has", .constant),
        ("math.bitNot", "the other bits", .constant),
        ("math.bitShiftLeft", "bits moved up, zeros moved in", .constant),
        ("math.bitShiftRight", "bits moved down, zeros moved in", .constant),
      ]
    )
    + entries(
      .list,
      [
        ("slice", "the elements from an index up to another", .linear),
        ("flatten", "lists in a list opened, as deep as is said", .linear),
        ("distinct", "each element once", .quadratic),
        ("sort", "in order; all elements of one type", .pattern),
        ("first", "the first element, if there is one", .constant),
        ("last", "the last element, if there is one", .constant),
        ("lists.range", "the numbers from 0 up to another", .building),
        ("sets.contains", "whether the first list holds all of the second", .quadratic),
        ("sets.equivalent", "whether each list holds all of the other", .quadratic),
        ("sets.intersects", "whether the lists share an element", .quadratic),
      ]
    )
    + entries(
      .optional,
      [
        ("optional.of", "an optional that holds a value", .constant),
        ("optional.ofNonZeroValue", "empty for 0, `\"\"`, `[]` and the like", .constant),
        ("optional.none", "an empty optional", .constant),
        ("optional.unwrap", "what the optionals of a list hold", .linear),
        ("unwrapOpt", "what the optionals of a list hold", .linear),
        ("value", "what an optional holds; fails for an empty one", .constant),
        ("hasValue", "whether an optional holds a value", .constant),
        ("or", "the optional, or another if it is empty", .constant),
        ("orValue", "what an optional holds, or another value", .constant),
      ]
    )
    + entries(
      .address,
      [
        ("ip", "reads an address; of a block, its address", .constant),
        ("cidr", "reads a block such as `\"10.0.0.0/8\"`", .constant),
        ("isIP", "whether a text is an address", .constant),
        ("isCIDR", "whether a text is a block", .constant),
        ("ip.isCanonical", "whether an address is written as the standard wants it", .constant),
        ("family", "4 or 6", .constant),
        ("isUnspecified", "whether it is `0.0.0.0` or `::`", .constant),
        ("isLoopback", "whether it stays within the host", .constant),
        ("isGlobalUnicast", "whether it may stand for one host beyond a link", .constant),
        ("isLinkLocalMulticast", "whether it stands for many on a link", .constant),
        ("isLinkLocalUnicast", "whether it stands for one on a link", .constant),
        ("containsIP", "whether an address lies in a block", .constant),
        ("containsCIDR", "whether a block lies in another", .constant),
        ("masked", "the block with the bits behind its prefix cleared", .constant),
        ("prefixLength", "how many bits a block fixes", .constant),
      ]
    )
    + entries(
      .gateway,
      [
        ("usd", "an exact amount of money; a literal", .constant),
        ("bucket", "where a key falls among so many, the same for ever", .linear),
        (
          "glob",
          "whether all of a text fits a pattern: `*` is any text, `?` any code point, `\\*` a star",
          .pattern
        ),
        (
          "inWindow",
          "whether a time lies in hours of the week, such as `\"Mon-Fri 09:00-17:00\"`, `\"Sat,Sun\"` or"
            + " `\"22:00-06:00\"` (into the next day); in UTC, or in a zone",
          .constant
        ),
      ]
    )

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  package static func entry(named name: String) -> Entry? { byName[name] }

  /// Each way to call a function, as an author would write it; empty if there is none.
  package static func signatures(of name: String) -> [String] {
    if name == "math.greatest" || name == "math.least" {
      return ["\(name)(number, …)", "\(name)(list(number))"]
    }
    return StandardOverloads.named(name)
      .map { "\($0.description(of: name)) -> \($0.result)" }
  }

  /// Whether a function compares all elements of its lists with each other.
  static func isQuadratic(_ name: String) -> Bool { byName[name]?.cost == .quadratic }

  private static func entries(
    _ group: Group,
    _ entries: [(name: String, meaning: String, cost: Cost)]
  ) -> [Entry] {
    entries.map { Entry(name: $0.name, group: group, meaning: $0.meaning, cost: $0.cost) }
  }
}

extension TimePart {
  fileprivate var meaning: String {
    switch self {
    case .year: "the year"
    case .month: "the month, from 0"
    case .dayOfYear: "the day of the year, from 0"
    case .dayOfMonth: "the day of the month, from 0"
    case .date: "the day of the month, from 1"
    case .dayOfWeek: "the day of the week, from 0, which is Sunday"
    case .hours: "the hour; all hours of a duration"
    case .minutes: "the minute; all minutes of a duration"
    case .seconds: "the second; all seconds of a duration"
    case .milliseconds: "the part below a second"
    }
  }
}
