/// What spellings of plain scalars mean to other readers of YAML.
///
/// Sluice reads YAML 1.2's core schema, but the same files pass through tools that read YAML 1.1.
package enum YAMLTraps {
  /// What the place of a scalar wants, which decides how grave a trap is.
  package enum Wanted: Sendable {
    case boolean
    case number
    case text
  }

  /// The finding for a scalar that others read otherwise; nil if none do, or if it is quoted.
  package static func finding(for scalar: YAMLScalar, wanting wanted: Wanted) -> Diagnostic? {
    guard scalar.isPlain else { return nil }
    if let meaning = boolean11(scalar.text) {
      return .yaml11Boolean(
        scalar.text,
        meaning: meaning,
        wantsBoolean: wanted == .boolean,
        at: scalar.span
      )
    }
    guard let number = ambiguity(of: scalar.text) else { return nil }
    return .ambiguousNumber(
      scalar.text,
      reading: number.reading,
      instead: number.instead,
      at: scalar.span
    )
  }

  /// What a word that is text in YAML 1.2 means to YAML 1.1; nil for any other text.
  package static func boolean11(_ text: String) -> Bool? {
    switch text {
    case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON": true
    case "n", "N", "no", "No", "NO", "off", "Off", "OFF": false
    default: nil
    }
  }

  /// The value of a boolean of YAML 1.2; nil for any other text.
  package static func boolean12(_ text: String) -> Bool? {
    switch text {
    case "true", "True", "TRUE": true
    case "false", "False", "FALSE": false
    default: nil
    }
  }

  /// How a number is misread, and what to write for it in backticks.
  private static func ambiguity(of text: String) -> (reading: String, instead: String)? {
    let sign = text.hasPrefix("-") ? "-" : ""
    let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
    guard let first = digits.utf8.first, digits.utf8.count <= 40 else { return nil }
    guard isDigit(first) || first == UInt8(ascii: ".") else { return nil }
    let bytes = Array(digits.utf8)
    if let seconds = base60(digits) {
      return (
        "reads as the number \(sign)\(seconds) in YAML 1.1 (base 60) and as text in 1.2",
        "`\(seconds)s` for a duration"
      )
    }
    if isDate(bytes) { return ("is a date in YAML 1.1 and text in 1.2", "the date") }
    if digits.hasPrefix("0o"), let value = Int(digits.dropFirst(2), radix: 8) {
      return ("reads as \(sign)\(value) in YAML 1.2 (octal) and as text in 1.1", "`\(value)`")
    }
    if digits.hasPrefix("0b"), let value = Int(digits.dropFirst(2).filter { $0 != "_" }, radix: 2) {
      return ("reads as \(sign)\(value) in YAML 1.1 (binary) and as text in 1.2", "`\(value)`")
    }
    if bytes.count > 1, first == UInt8(ascii: "0"), bytes.allSatisfy(isDigit),
      let decimal = Int(digits)
    {
      let octal = Int(digits, radix: 8).map { "as \($0) in YAML 1.1 (octal) and " } ?? ""
      return ("reads \(octal)as \(decimal) in 1.2", "`\(decimal)`")
    }
    if bytes.contains(UInt8(ascii: "_")),
      bytes.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") })
    {
      let plain = digits.filter { $0 != "_" }
      return ("reads as \(sign)\(plain) in YAML 1.1 and as text in 1.2", "`\(sign)\(plain)`")
    }
    let dots = bytes.count { $0 == UInt8(ascii: ".") }
    guard dots == 1, bytes.count > 1, bytes.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: ".") })
    else { return nil }
    if bytes.first == UInt8(ascii: ".") {
      return ("is a number to some readers and text to others", "`\(sign)0\(digits)`")
    }
    if bytes.last == UInt8(ascii: ".") {
      return ("is a number to some readers and text to others", "`\(sign)\(digits.dropLast())`")
    }
    return nil
  }

  /// `1:30` is 90: digits, then groups below 60.
  private static func base60(_ text: Substring) -> Int? {
    let groups = text.split(separator: ":", omittingEmptySubsequences: false)
    guard groups.count > 1, groups.count <= 5 else { return nil }
    var value = 0
    for (index, group) in groups.enumerated() {
      guard !group.isEmpty, group.utf8.allSatisfy(isDigit), let number = Int(group) else {
        return nil
      }
      if index > 0, number > 59 || group.utf8.count > 2 { return nil }
      let (product, isLarge) = value.multipliedReportingOverflow(by: 60)
      guard !isLarge, number < 1 << 32 else { return nil }
      value = product + number
    }
    return value
  }

  /// `2024-01-01`, alone or with a time behind it.
  private static func isDate(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= 8 else { return false }
    let parts = bytes.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard parts.count >= 3, parts[0].count == 4, parts[0].allSatisfy(isDigit) else { return false }
    guard (1...2).contains(parts[1].count), parts[1].allSatisfy(isDigit) else { return false }
    let day = parts[2].prefix { isDigit($0) }
    guard (1...2).contains(day.count) else { return false }
    let rest = parts[2].dropFirst(day.count)
    return rest.isEmpty || rest.first == UInt8(ascii: "T") || rest.first == UInt8(ascii: " ")
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}

extension YAMLTraps {
  /// The finding for an expression that a ` #` has cut; nil if none did.
  ///
  /// To be asked of every plain scalar that is read as an expression. YAML takes ` #` for a comment;
  /// only brackets or quotes left open show that it was meant otherwise.
  package static func commentInside(_ scalar: YAMLScalar, in text: SourceText) -> Diagnostic? {
    guard scalar.isPlain, !Nesting(of: scalar.text).isBalanced else { return nil }
    var index = scalar.span.end
    while index < text.bytes.count, text.bytes[index] == 0x20 || text.bytes[index] == 0x09 {
      index += 1
    }
    guard index > scalar.span.end, index < text.bytes.count, text.bytes[index] == UInt8(ascii: "#")
    else { return nil }
    let line = text.lineRange(at: index)
    let span = SourceSpan(
      source: scalar.span.source,
      start: scalar.span.start,
      end: line.upperBound
    )
    return .expressionSplit(
      by: "` #`",
      quoted: Wording.quoted(text.text(in: span.range)),
      at: span,
      label: "a comment begins at `#`"
    )
  }
}

extension YAMLScalar {
  /// What the author wrote, in the author's words.
  package var kindDescription: String {
    guard isPlain else { return "text" }
    if YAMLTraps.boolean12(text) != nil { return "a boolean" }
    if let first = text.utf8.first, Double(text) != nil,
      first == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
    {
      return "a number"
    }
    return "text"
  }
}
