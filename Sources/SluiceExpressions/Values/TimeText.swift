internal import SluiceCore

/// Reads fixed forms of digits.
struct DigitReader {
  private var bytes: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  var isAtEnd: Bool { bytes.isEmpty }
  var next: UInt8? { bytes.first }

  mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard bytes.first == UInt8(ascii: scalar) else { return false }
    bytes = bytes.dropFirst()
    return true
  }

  /// Exactly `count` digits.
  mutating func digits(_ count: Int) -> Int64? {
    guard bytes.count >= count else { return nil }
    var value: Int64 = 0
    for byte in bytes.prefix(count) {
      guard byte.isASCIIDigit else { return nil }
      value = value * 10 + Int64(byte - UInt8(ascii: "0"))
    }
    bytes = bytes.dropFirst(count)
    return value
  }

  /// All digits that stand here, as they are written.
  mutating func run() -> ArraySlice<UInt8> {
    let run = bytes.prefix(while: \.isASCIIDigit)
    bytes = bytes.dropFirst(run.count)
    return run
  }

  /// All letters that stand here, whatever their script.
  mutating func letters() -> [UInt8] {
    let run = bytes.prefix { !$0.isASCIIDigit && $0 != UInt8(ascii: ".") }
    bytes = bytes.dropFirst(run.count)
    return Array(run)
  }
}

extension UInt8 {
  var isASCIIDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
}

extension Timestamp: CustomStringConvertible {
  /// Reads RFC 3339: `2026-01-31T08:00:00.5+01:00`.
  init?(_ text: String) {
    var reader = DigitReader(Array(text.utf8)[...])
    guard let year = reader.digits(4), reader.take("-"), let month = reader.digits(2),
      reader.take("-"), let day = reader.digits(2), reader.take("T"),
      let hour = reader.digits(2), reader.take(":"), let minute = reader.digits(2),
      reader.take(":"), let second = reader.digits(2)
    else { return nil }
    let date = CivilDate(year: year, month: month, day: day)
    guard date.isReal, hour <= 23, minute <= 59, second <= 59 else { return nil }
    var nanoseconds: Int64 = 0
    if reader.take(".") {
      let digits = reader.run()
      guard !digits.isEmpty, digits.count <= 9 else { return nil }
      for byte in digits { nanoseconds = nanoseconds * 10 + Int64(byte - UInt8(ascii: "0")) }
      for _ in digits.count..<9 { nanoseconds *= 10 }
    }
    var offset: Int64 = 0
    if !reader.take("Z") {
      let isWest = reader.take("-")
      guard isWest || reader.take("+"), let hours = reader.digits(2), reader.take(":"),
        let minutes = reader.digits(2), hours <= 23, minutes <= 59
      else { return nil }
      offset = (hours * 3_600 + minutes * 60) * (isWest ? -1 : 1)
    }
    guard reader.isAtEnd else { return nil }
    let seconds = date.daysSince1970 * 86_400 + hour * 3_600 + minute * 60 + second - offset
    self.init(seconds: seconds, nanoseconds: Int32(nanoseconds))
  }

  /// RFC 3339 in UTC, with only the decimals that are needed.
  package var description: String {
    let (day, second) = seconds.flooredDivision(by: 86_400)
    let date = CivilDate(day: day)
    let clock = [second / 3_600, second / 60 % 60, second % 60]
      .map { String($0).padded(2) }
      .joined(separator: ":")
    let calendar =
      "\(String(date.year).padded(4))-\(String(date.month).padded(2))"
      + "-\(String(date.day).padded(2))"
    return "\(calendar)T\(clock)\(DurationText.decimals(UInt64(nanoseconds)))Z"
  }
}

extension String {
  fileprivate func padded(_ width: Int) -> String {
    String(repeating: "0", count: max(0, width - utf8.count)) + self
  }
}

/// Durations as text: `1h30m`, `-2.5s`, `100ms`.
enum DurationText {
  /// Reads a sequence of decimal numbers with units; `nil` for anything else or beyond 292 years.
  static func read(_ text: String) -> Int64? {
    var bytes = Array(text.utf8)[...]
    let isNegative = bytes.first == UInt8(ascii: "-")
    if isNegative || bytes.first == UInt8(ascii: "+") { bytes = bytes.dropFirst() }
    if bytes.elementsEqual("0".utf8) { return 0 }
    var reader = DigitReader(bytes)
    guard !reader.isAtEnd else { return nil }
    var total: Int128 = 0
    while !reader.isAtEnd {
      let whole = reader.run()
      let fraction = reader.take(".") ? reader.run() : []
      // No unit makes a number of 20 digits fit, so longer ones need not be read exactly.
      guard !whole.isEmpty || !fraction.isEmpty, whole.count <= 20 else { return nil }
      guard let unit = nanoseconds(ofUnit: reader.letters()) else { return nil }
      for byte in whole.enumerated() {
        total +=
          Int128(byte.element - UInt8(ascii: "0")) * unit * power(whole.count - 1 - byte.offset)
      }
      for byte in fraction.prefix(18).enumerated() {
        total += Int128(byte.element - UInt8(ascii: "0")) * unit / power(byte.offset + 1)
      }
      guard total <= Int128(Int64.max) + 1 else { return nil }
    }
    return Int64(exactly: isNegative ? -total : total)
  }

  private static func power(_ exponent: Int) -> Int128 {
    (0..<exponent).reduce(into: 1) { power, _ in power *= 10 }
  }

  private static func nanoseconds(ofUnit unit: [UInt8]) -> Int128? {
    switch String(decoding: unit, as: UTF8.self) {
    case "ns": 1
    // The micro sign and the Greek letter are both in use.
    case "us", "\u{B5}s", "\u{3BC}s": 1_000
    case "ms": 1_000_000
    case "s": 1_000_000_000
    case "m": 60_000_000_000
    case "h": 3_600_000_000_000
    default: nil
    }
  }

  /// Seconds with the decimals that are needed: `5400s`, `-0.25s`.
  static func write(_ nanoseconds: Int64) -> String {
    let magnitude = nanoseconds.magnitude
    let seconds = magnitude / 1_000_000_000
    return "\(nanoseconds < 0 ? "-" : "")\(seconds)\(decimals(magnitude % 1_000_000_000))s"
  }

  /// `.5` for half a second of nanoseconds, nothing for none.
  static func decimals(_ nanoseconds: UInt64) -> String {
    guard nanoseconds > 0 else { return "" }
    var digits = String(nanoseconds).padded(9)
    while digits.hasSuffix("0") { digits.removeLast() }
    return "." + digits
  }
}
