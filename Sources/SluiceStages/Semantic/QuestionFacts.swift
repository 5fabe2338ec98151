package import SluicePipeline

/// What is read from a question by its letters, since no encoder tells it apart: numbers, units,
/// dates, identifiers, quotations, code, negation, scripts.
///
/// Two questions whose facts differ are never the same, however alike they mean. Takes time linear in
/// the text.
package struct QuestionFacts: Sendable, Equatable {
  /// Of each kind what was found, sorted where the order means nothing.
  package private(set) var found: [FactDigests.Kind: [String]] = [:]
  /// Of the words, if they tell.
  package let language: Language?

  package init(_ text: String) {
    var reader = FactReader(Self.plain(text))
    reader.read()
    if Self.saysUS(text) { reader.addUnitedStates() }
    found = reader.found
    for kind in FactDigests.Kind.allCases { found[kind]?.sort() }
    language = Language(of: reader.words)
  }

  package var digests: FactDigests {
    var digests = FactDigests()
    for (kind, parts) in found where !parts.isEmpty {
      // FNV-1a over parts behind their lengths.
      var hash: UInt64 = 0xCBF2_9CE4_8422_2325
      for part in parts {
        for byte in [UInt8(truncatingIfNeeded: part.utf8.count)] + Array(part.utf8) {
          hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
      }
      digests[kind] = UInt32(truncatingIfNeeded: hash ^ (hash >> 32))
    }
    return digests
  }

  /// Whether "US" stands in capitals among small letters, which is then no pronoun.
  private static func saysUS(_ text: String) -> Bool {
    text.utf8.contains { (0x61...0x7A).contains($0) }
      && text.split { !$0.isLetter }.contains("US")
  }

  /// Lower case, with plain quotation marks, spaces and digits.
  private static func plain(_ text: String) -> [Character] {
    text.lowercased()
      .map { character in
        switch character {
        case "’", "‘", "´", "ʼ": "'"
        case "“", "”", "„", "«", "»": "\""
        default:
          if !character.isASCII, let digit = character.wholeNumberValue, digit < 10 {
            Character("\(digit)")
          } else {
            character
          }
        }
      }
  }
}

/// Walks over a text once for its facts.
private struct FactReader {
  private let text: [Character]
  var found: [FactDigests.Kind: [String]] = [:]
  /// Words of letters, apostrophes within them left out.
  private(set) var words: [Substring] = []
  private var negations = 0

  init(_ text: [Character]) { self.text = text }

  mutating func read() {
    let rest = takeMarked()
    let chunks = rest.split(whereSeparator: \.isWhitespace).map { String($0) }
    var tokens: [Token] = []
    for chunk in chunks { tokens += read(chunk) }
    readUnits(tokens)
    readDates(tokens)
    if isAboutUnitedStates { addUnitedStates() }
    if !negations.isMultiple(of: 2) { add(.negation, "not") }
    readScripts()
  }

  /// "us" is left out where words are compared, so the country is told here, under one name.
  private var isAboutUnitedStates: Bool {
    words.contains("usa")
      || zip(words, words.dropFirst())
        .contains { $0 == ("the", "us") || $0 == ("u", "s") || $0 == ("united", "states") }
  }

  mutating func addUnitedStates() {
    if found[.identifiers]?.contains("us") != true { add(.identifiers, "us") }
  }

  /// A run of digits, or of letters and apostrophes.
  private struct Token {
    var text: String
    var isNumber: Bool
  }

  private mutating func add(_ kind: FactDigests.Kind, _ part: String) {
    found[kind, default: []].append(part)
  }

  /// Takes out what stands in backticks or quotation marks; its words and numbers are read too.
  private mutating func takeMarked() -> [Character] {
    var rest: [Character] = []
    var index = 0
    while index < text.count {
      let mark = text[index]
      let isMark =
        mark == "`" || mark == "\""
        || mark == "'" && (index == 0 || text[index - 1].isWhitespace)
      guard isMark, let end = end(of: mark, from: index + 1) else {
        rest.append(mark)
        index += 1
        continue
      }
      let content = text[index + 1..<end]
      let words = String(content).split(whereSeparator: \.isWhitespace).joined(separator: " ")
      if !words.isEmpty { add(mark == "`" ? .code : .quoted, words) }
      rest.append(" ")
      // Code is compared as it stands; what is quoted may also be a number or a date.
      if mark != "`" { rest += content }
      rest.append(" ")
      index = end + 1
    }
    return rest
  }

  /// Where a mark is closed again; a single one closes a word.
  private func end(of mark: Character, from start: Int) -> Int? {
    guard start < text.count else { return nil }
    return (start..<text.count)
      .first { index in
        guard text[index] == mark, index > start || mark == "`" else { return false }
        return mark != "'" || index + 1 == text.count || !text[index + 1].isLetter
      }
  }

  /// The tokens of what stands between spaces; identifiers and code are found on the way.
  private mutating func read(_ chunk: String) -> [Token] {
    let trimmed = chunk.trimming { ".,;:!?()[]\"'".contains($0) }
    if trimmed.contains(where: { "{}=<>\\|;".contains($0) }) { add(.code, String(trimmed)) }
    if isIdentifier(trimmed) { add(.identifiers, String(trimmed)) }
    var tokens: [Token] = []
    for symbol in chunk { if let unit = Units.symbols[symbol] { add(.units, unit) } }
    for token in Self.tokens(of: chunk) {
      tokens.append(token)
      if token.isNumber {
        let zeros = token.text.prefix { $0 == "0" }.count
        add(.numbers, zeros == token.text.count ? "0" : String(token.text.dropFirst(zeros)))
      } else {
        readWord(token.text)
      }
    }
    return tokens
  }

  private mutating func readWord(_ word: String) {
    if let number = Numerals.values[word] { add(.numbers, number) }
    negations += Negation.count(in: word)
    words.append(Substring(word.filter { $0 != "'" }))
  }

  /// Letters with digits that are no count of a unit, no ordinal; addresses, paths, names of code.
  private func isIdentifier(_ chunk: Substring) -> Bool {
    if chunk.contains("@") || chunk.contains("_") || chunk.contains("://") { return true }
    if chunk.hasPrefix("/") && chunk.count > 1 { return true }
    let hasLetters = chunk.contains { $0.isLetter }
    if hasLetters, chunk.contains(where: { "+#".contains($0) }) { return true }
    guard hasLetters, chunk.contains(where: { $0.isNumber }) else { return false }
    let tokens = Self.tokens(of: String(chunk))
    if tokens.count == 2, tokens[0].isNumber, Units.suffixes[tokens[1].text] != nil {
      return false
    }
    return true
  }

  /// A number ends where no digit follows; points and commas between digits belong to it.
  private static func tokens(of chunk: String) -> [Token] {
    let characters = Array(chunk)
    var tokens: [Token] = []
    var index = 0
    while index < characters.count {
      let start = index
      if characters[index].isASCII, characters[index].isNumber {
        while index < characters.count {
          let character = characters[index]
          let isInside =
            ".,".contains(character) && index + 1 < characters.count
            && characters[index + 1].isASCII && characters[index + 1].isNumber
          guard character.isASCII && character.isNumber || isInside else { break }
          index += 1
        }
        tokens.append(Token(text: String(characters[start..<index]), isNumber: true))
      } else if characters[index].isLetter {
        while index < characters.count,
          characters[index].isLetter || characters[index] == "'"
        { index += 1 }
        tokens.append(Token(text: String(characters[start..<index]), isNumber: false))
      } else {
        index += 1
      }
    }
    return tokens
  }

  /// A unit counts behind a number, so that "a day" is none.
  private mutating func readUnits(_ tokens: [Token]) {
    for (number, unit) in zip(tokens, tokens.dropFirst())
    where !unit.isNumber && (number.isNumber || Numerals.values[number.text] != nil) {
      if let unit = Units.words[unit.text] ?? Units.suffixes[unit.text], !unit.isEmpty {
        add(.units, unit)
      }
    }
    // "$5" and "5 dollars" are one.
    found[.units].map { found[.units] = Array(Set($0)) }
  }

  private mutating func readDates(_ tokens: [Token]) {
    for (index, token) in tokens.enumerated() where !token.isNumber {
      if Dates.names.contains(token.text) { add(.dates, token.text) }
      if Dates.periods.contains(token.text), index > 0,
        ["next", "last", "this", "previous", "past", "coming"].contains(tokens[index - 1].text)
      {
        add(.dates, "\(tokens[index - 1].text) \(token.text)")
      }
    }
  }

  /// Of letters beyond Latin ones.
  private mutating func readScripts() {
    var scripts: Set<String> = []
    for character in text {
      guard let point = character.unicodeScalars.first?.value, point >= 0x370 else { continue }
      switch point {
      case 0x370...0x3FF: scripts.insert("greek")
      case 0x400...0x52F: scripts.insert("cyrillic")
      case 0x590...0x5FF: scripts.insert("hebrew")
      case 0x600...0x6FF, 0x750...0x77F: scripts.insert("arabic")
      case 0x900...0xDFF: scripts.insert("indic")
      case 0xE00...0xEFF: scripts.insert("thai")
      case 0x3040...0x30FF: scripts.insert("kana")
      case 0x3400...0x9FFF, 0x20000...0x3FFFF: scripts.insert("han")
      case 0x1100...0x11FF, 0xAC00...0xD7A3: scripts.insert("hangul")
      default: continue
      }
    }
    for script in scripts { add(.script, script) }
  }
}

extension String {
  fileprivate func trimming(_ isOutside: (Character) -> Bool) -> Substring {
    var rest = self[...]
    while let first = rest.first, isOutside(first) { rest.removeFirst() }
    while let last = rest.last, isOutside(last) { rest.removeLast() }
    return rest
  }
}

/// Words that stand for numbers; "one" is left out, which is mostly a pronoun.
private enum Numerals {
  static let values: [String: String] = [
    "zero": "0", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "twenty": "20",
    "thirty": "30", "forty": "40", "fifty": "50", "hundred": "100", "thousand": "1000",
    "million": "1000000", "billion": "1000000000",
  ]
}

private enum Units {
  static let symbols: [Character: String] = [
    "$": "usd", "€": "eur", "£": "gbp", "¥": "jpy", "₹": "inr", "%": "percent", "°": "degree",
  ]

  /// Behind a number, with a space; what measures something.
  static let words: [String: String] = [
    "dollar": "usd", "dollars": "usd", "usd": "usd", "euro": "eur", "euros": "eur", "eur": "eur",
    "pound": "gbp", "pounds": "gbp", "gbp": "gbp", "rupee": "inr", "rupees": "inr", "inr": "inr",
    "yen": "jpy", "percent": "percent", "degree": "degree", "degrees": "degree",
    "second": "second", "seconds": "second", "minute": "minute", "minutes": "minute",
    "hour": "hour", "hours": "hour", "day": "day", "days": "day", "week": "week",
    "weeks": "week", "month": "month", "months": "month", "year": "year", "years": "year",
    "mile": "mile", "miles": "mile", "meter": "m", "meters": "m", "metre": "m", "metres": "m",
    "kilometers": "km", "kilometres": "km", "kilos": "kg", "kilograms": "kg", "grams": "g",
    "inches": "inch", "inch": "inch", "feet": "foot", "foot": "foot", "liters": "l",
    "litres": "l",
  ]

  /// Behind a number, also without a space; ordinals are numbers with no unit.
  static let suffixes: [String: String] = [
    "st": "", "nd": "", "rd": "", "th": "", "s": "second", "sec": "second", "min": "minute",
    "mins": "minute", "h": "hour", "hr": "hour", "hrs": "hour", "am": "am", "pm": "pm",
    "km": "km", "cm": "cm", "mm": "mm", "m": "m", "kg": "kg", "g": "g", "mg": "mg",
    "lb": "lb", "lbs": "lb", "oz": "oz", "kb": "kb", "mb": "mb", "gb": "gb", "tb": "tb",
    "k": "thousand", "l": "l", "ml": "ml", "c": "c", "f": "f", "ghz": "ghz", "mhz": "mhz",
    "kw": "kw", "kwh": "kwh", "w": "w", "v": "v", "yr": "year", "yrs": "year",
  ]
}

private enum Dates {
  static let names: Set<String> = [
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january",
    "february", "march", "april", "june", "july", "august", "september", "october", "november",
    "december", "today", "tomorrow", "yesterday", "tonight",
  ]
  static let periods: Set<String> = ["week", "weekend", "month", "quarter", "year"]
}

private enum Negation {
  private static let words: Set<String> = [
    "not", "no", "never", "none", "without", "nor", "neither", "nobody", "nothing", "cannot",
    "dont", "doesnt", "didnt", "cant", "couldnt", "wont", "wouldnt", "shouldnt", "isnt", "arent",
    "wasnt", "hasnt", "havent", "unable",
  ]

  static func count(in word: String) -> Int {
    words.contains(word) || word.hasSuffix("n't") ? 1 : 0
  }
}

/// A language told by its most frequent words.
package enum Language: UInt8, Sendable, CaseIterable {
  case english = 1
  case german
  case french
  case spanish
  case italian
  case portuguese
  case dutch

  /// Two words of it at least, and more than of any other.
  init?(of words: [Substring]) {
    var best: (language: Language, count: Int)?
    var second = 0
    for language in Language.allCases {
      let count = words.count { language.words.contains($0) }
      if count > best?.count ?? 0 {
        second = best?.count ?? 0
        best = (language, count)
      } else {
        second = max(second, count)
      }
    }
    guard let best, best.count >= 2, best.count > second else { return nil }
    self = best.language
  }

  private var words: Set<Substring> { Self.profiles[self] ?? [] }

  private static let profiles: [Language: Set<Substring>] = [
    .english: [
      "the", "is", "are", "what", "how", "to", "of", "and", "my", "i", "you", "can", "for", "do",
      "it", "with", "this", "that", "have", "should", "why",
    ],
    .german: [
      "der", "die", "das", "ist", "und", "ich", "wie", "ein", "eine", "nicht", "mein", "meine",
      "kann", "zu", "mit", "für", "auf", "wir", "sie", "den", "wo", "warum",
    ],
    .french: [
      "le", "la", "les", "est", "et", "je", "comment", "un", "une", "mon", "ma", "mes", "des", "du",
      "pour", "dans", "que", "vous", "nous", "puis", "où", "pourquoi",
    ],
    .spanish: [
      "el", "la", "los", "las", "es", "y", "cómo", "como", "un", "una", "mi", "que", "qué", "del",
      "para", "con", "puedo", "por", "dónde", "está", "no",
    ],
    .italian: [
      "il", "lo", "la", "gli", "è", "e", "come", "un", "una", "mio", "mia", "che", "di", "per",
      "con", "posso", "dove", "perché", "sono",
    ],
    .portuguese: [
      "o", "os", "as", "é", "e", "como", "um", "uma", "meu", "minha", "que", "do", "da", "para",
      "com", "posso", "não", "onde", "está",
    ],
    .dutch: [
      "de", "het", "een", "is", "en", "ik", "hoe", "mijn", "niet", "kan", "met", "voor", "van",
      "op", "wat", "waar", "waarom", "zijn",
    ],
  ]
}
