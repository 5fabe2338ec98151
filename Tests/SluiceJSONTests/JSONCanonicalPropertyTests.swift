import SluiceJSON
import SluiceTestSupport
import Testing

/// A JSON value as a person means it.
private indirect enum Meaning: Hashable {
  case null
  case bool(Bool)
  case integer(Int)
  /// `digits` × 10^`exponent`, spelled with a fraction or an exponent.
  case decimal(digits: Int, exponent: Int)
  case string(String)
  case array([Meaning])
  case object([String: Meaning])

  static func random(_ random: inout SplitMix, depth: Int) -> Meaning {
    switch random.below(depth > 3 ? 5 : 7) {
    case 0: .null
    case 1: .bool(random.below(2) == 0)
    case 2: .integer(random.below(200) - 100)
    // No zero at the end, so that each value has one form here.
    case 3:
      .decimal(digits: random.below(99) * 10 + 1 + random.below(9), exponent: random.below(9) - 4)
    case 4: .string(text(&random))
    case 5: .array((0..<random.below(4)).map { _ in .random(&random, depth: depth + 1) })
    default:
      .object(
        Dictionary(
          (0..<random.below(5)).map { _ in (text(&random), .random(&random, depth: depth + 1)) },
          uniquingKeysWith: { first, _ in first }
        )
      )
    }
  }

  private static func text(_ random: inout SplitMix) -> String {
    let characters: [Character] = ["a", "b", "\"", "\\", "\n", "\u{1}", "/", "é", "😀", " ", "!"]
    return String((0..<random.below(4)).map { _ in characters[random.below(characters.count)] })
  }

  /// One of the many texts that mean this.
  func spelled(_ random: inout SplitMix) -> String {
    func space() -> String { ["", "", " ", "\n\t", "\r "][random.below(5)] }
    let text =
      switch self {
      case .null: "null"
      case .bool(let bool): bool ? "true" : "false"
      case .integer(let int): String(int)
      case .decimal(let digits, let exponent):
        switch random.below(3) {
        case 0: "\(digits)e\(exponent)"
        case 1: "\(digits).00E\(exponent < 0 ? "" : "+")\(exponent)"
        default: "\(digits / 10).\(digits % 10)0e\(exponent + 1)"
        }
      case .string(let string): Self.spelled(string, &random)
      case .array(let elements):
        "[" + space()
          + elements.map { $0.spelled(&random) + space() }.joined(separator: "," + space()) + "]"
      case .object(let members):
        "{" + space()
          + members.shuffled(using: &random)
          .map { Self.spelled($0.key, &random) + space() + ":" + $0.value.spelled(&random) }
          .joined(separator: space() + ",") + "}"
      }
    return space() + text + space()
  }

  private static func spelled(_ string: String, _ random: inout SplitMix) -> String {
    var text = "\""
    for scalar in string.unicodeScalars {
      let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
      if mustEscape || random.below(3) == 0 {
        for unit in String(Character(scalar)).utf16 {
          let digits = String(unit, radix: 16, uppercase: random.below(2) == 0)
          text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}

struct JSONCanonicalPropertyTests {
  @Test("spells all texts of one meaning alike, and those of two apart", arguments: 0..<20)
  func isInjective(seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    var seen: [String: Meaning] = [:]
    for _ in 0..<200 {
      let meaning = Meaning.random(&random, depth: 0)
      let one = try canonical(meaning.spelled(&random))
      let two = try canonical(meaning.spelled(&random))
      #expect(one == two, "seed \(seed)")
      #expect(seen[one, default: meaning] == meaning, "seed \(seed)")
      seen[one] = meaning
    }
  }

  private func canonical(_ text: String) throws -> String {
    let json = try document(text)
    var output: [UInt8] = []
    json.appendCanonical(json.root, to: &output)
    return String(decoding: output, as: UTF8.self)
  }
}
