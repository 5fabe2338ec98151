/// Durations as people write them, read where no policy is compiled: `90s`, `15m`, `1h30m`, `31d`.
package enum DurationText {
  private static let units: [(name: String, nanoseconds: Int64)] = [
    ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
  ]

  /// The nanoseconds that `text` says; `nil` if it is no row of whole numbers with units, or too long.
  package static func nanoseconds(of text: String) -> Int64? {
    var rest = text[...]
    var total: Int64 = 0
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(digits.count)
      let name = rest.prefix { $0.isASCII && $0.isLetter }
      rest = rest.dropFirst(name.count)
      guard let count = Int64(digits), let unit = units.first(where: { $0.name == name }) else {
        return nil
      }
      let (part, isTooLong) = count.multipliedReportingOverflow(by: unit.nanoseconds)
      let (sum, overflows) = total.addingReportingOverflow(part)
      guard !isTooLong, !overflows else { return nil }
      total = sum
    }
    return text.isEmpty ? nil : total
  }
}
