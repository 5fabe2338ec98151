/// What a terminal makes of text: how wide it is, and what must not reach it.
package enum TerminalText {
  /// Columns of a tab in a snippet; it is written as spaces.
  static let tabWidth = 4

  /// The columns that a character takes: 0, 1 or 2.
  static func width(of character: Character) -> Int {
    character.unicodeScalars.map(width).max() ?? 0
  }

  package static func width(of text: String) -> Int { text.reduce(0) { $0 + width(of: $1) } }

  /// The text without what could steer a terminal or turn the direction of reading.
  package static func plain(_ text: String) -> String {
    var plain = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      plain.append(isSteering(scalar) ? (scalar == "\n" ? " " : "\u{FFFD}") : scalar)
    }
    return String(plain)
  }

  /// Control characters, and the embeddings, overrides and isolates of UAX #9.
  static func isSteering(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }

  /// Width by UAX #11, wide and full-width; emoji count as wide.
  private static func width(_ scalar: Unicode.Scalar) -> Int {
    if scalar.value < 0x300 { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return scalar == "\u{FE0F}" ? 2 : 0
    default: break
    }
    if scalar.properties.isEmojiPresentation { return 2 }
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
      0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }
}

/// Colours of the parts of a finding; none when the style has none.
package struct Paint {
  package enum Ink {
    case error
    case warning
    case note
    case frame
    case strong
    case help
  }

  let isOn: Bool

  package init(isOn: Bool) { self.isOn = isOn }

  package func callAsFunction(_ text: String, _ ink: Ink) -> String {
    guard isOn, !text.isEmpty else { return text }
    return "\u{1B}[\(code(ink))m\(text)\u{1B}[0m"
  }

  private func code(_ ink: Ink) -> String {
    switch ink {
    case .error: "1;31"
    case .warning: "1;33"
    case .note: "1;36"
    case .frame: "1;34"
    case .strong: "1"
    case .help: "1;32"
    }
  }
}

extension Diagnostic.Severity {
  var ink: Paint.Ink {
    switch self {
    case .error: .error
    case .warning: .warning
    case .note: .note
    }
  }
}
