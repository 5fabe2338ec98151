/// Numbers without a dimension, and bytes.
enum Count {
  /// Reads `12`, `16k` (16,000), `2M`, `16Ki` (16,384), `1Mi`.
  static func reading(_ text: String) throws(QuantityIssue) -> Int {
    var scanner = QuantityScanner(text)
    let count = try prefix(&scanner)
    guard scanner.isAtEnd else { throw .malformed }
    return count
  }

  /// Takes a count from the beginning of a longer text.
  static func prefix(_ scanner: inout QuantityScanner) throws(QuantityIssue) -> Int {
    let number = try scanner.number()
    let factor: Int64
    switch scanner.letters() {
    case "": factor = 1
    case "k": factor = 1_000
    case "M": factor = 1_000_000
    case "Ki": factor = 1 << 10
    case "Mi": factor = 1 << 20
    case let unit: throw .unknownUnit(unit)
    }
    guard let scaled = number.scaled(by: factor) else { throw number.issue }
    return Int(scaled)
  }
}

enum ByteCount {
  private static let units: [(name: String, bytes: Int64)] = [
    ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
    ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000), ("kB", 1_000), ("B", 1),
  ]

  /// Reads `10MiB`, `32KiB`, `1GB`, `512B`.
  static func reading(_ text: String) throws(QuantityIssue) -> Int {
    var scanner = QuantityScanner(text)
    let number = try scanner.number()
    let unit = scanner.letters()
    guard scanner.isAtEnd else { throw .malformed }
    guard !unit.isEmpty else { throw .unitMissing }
    guard let factor = units.first(where: { $0.name == unit }) else { throw .unknownUnit(unit) }
    guard let bytes = number.scaled(by: factor.bytes) else { throw number.issue }
    return Int(bytes)
  }

  /// The spelling that reads back as this count: the largest unit that divides it.
  static func text(_ bytes: Int) -> String {
    let unit = units.first { bytes != 0 && Int64(bytes) % $0.bytes == 0 } ?? ("B", 1)
    return "\(Int64(bytes) / unit.1)\(unit.0)"
  }
}

/// A share of a whole, from 0 to 1.
package enum Ratio {
  /// A share as a policy would spell it; nil for anything else.
  package static func share(_ text: String) -> Double? {
    do throws(QuantityIssue) {
      let share = try reading(text)
      return (0...1).contains(share) ? share : nil
    } catch {
      return nil
    }
  }

  /// Reads `80%`, or plainly `0.8`.
  static func reading(_ text: String) throws(QuantityIssue) -> Double {
    var scanner = QuantityScanner(text)
    let number = try scanner.number()
    if scanner.isAtEnd { return number.asDouble }
    guard scanner.skip("%"), scanner.isAtEnd else { throw .malformed }
    return number.asDouble / 100
  }

  /// Reads `95%` as 950,000 millionths; at most four decimals.
  static func millionths(_ text: String) throws(QuantityIssue) -> Int {
    var scanner = QuantityScanner(text)
    let number = try scanner.number()
    guard !scanner.isAtEnd else { throw .unitMissing }
    guard scanner.skip("%"), scanner.isAtEnd, let scaled = number.scaled(by: 10_000) else {
      throw .malformed
    }
    return Int(scaled)
  }

  /// The spelling that reads back as this share, as far as percent with four decimals can say it.
  static func text(_ ratio: Double) -> String {
    text(millionths: Int((ratio * 1_000_000).rounded()))
  }

  /// The spelling that reads back as this share: `95%`, `0.5%`.
  static func text(millionths: Int) -> String {
    var decimals = String(millionths % 10_000)
    decimals = String(repeating: "0", count: 4 - decimals.count) + decimals
    while decimals.hasSuffix("0") { decimals.removeLast() }
    return "\(millionths / 10_000)\(decimals.isEmpty ? "" : ".\(decimals)")%"
  }
}
