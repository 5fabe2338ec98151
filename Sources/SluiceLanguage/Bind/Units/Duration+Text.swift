extension Duration {
  /// The units of time, longest first; the order in which a compound such as `1h30m` names them.
  private static let units: [(name: String, nanoseconds: Int64)] = [
    ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000),
    ("s", 1_000_000_000), ("ms", 1_000_000),
  ]

  /// Reads `300ms`, `30s`, `5m`, `6h`, `7d`, or several of them from the longest on: `1h30m`.
  ///
  /// - Throws: what is wrong; a bare number has no unit, except `0`.
  static func reading(_ text: String) throws(QuantityIssue) -> Duration {
    guard text != "0" else { return .zero }
    var scanner = QuantityScanner(text)
    var total: Int64 = 0
    var next = 0
    repeat {
      let number = try scanner.number()
      let unit = scanner.letters()
      guard !unit.isEmpty else {
        throw scanner.isAtEnd && next == 0 ? .unitMissing : .malformed
      }
      guard let index = units.firstIndex(where: { $0.name == unit }) else {
        throw .unknownUnit(unit)
      }
      guard index >= next else { throw .malformed }
      guard let part = number.scaled(by: units[index].nanoseconds) else { throw number.issue }
      let (sum, overflowed) = total.addingReportingOverflow(part)
      guard !overflowed else { throw .tooLarge }
      total = sum
      next = index + 1
    } while !scanner.isAtEnd
    return .nanoseconds(total)
  }

  /// The spelling that reads back as this duration: `1h30m`, `300ms`, `0s`.
  package var text: String {
    let (seconds, attoseconds) = components
    var rest = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    guard rest != 0 else { return "0s" }
    var text = ""
    for unit in Self.units {
      let size = unit.nanoseconds / 1_000_000
      if rest >= size {
        text += "\(rest / size)\(unit.name)"
        rest %= size
      }
    }
    return text
  }
}
