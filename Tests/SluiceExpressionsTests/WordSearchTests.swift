import Testing

@testable import SluiceExpressions

@Suite("Words in a text")
struct WordSearchTests {
  private struct Chance {
    var state: UInt64
    mutating func next(below count: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(count))
    }
    mutating func text(_ letters: [String], _ longest: Int) -> String {
      (0..<next(below: longest + 1)).map { _ in letters[next(below: letters.count)] }.joined()
    }
  }

  private static func read(_ text: String, _ reading: WordSearch.Reading) -> String {
    switch reading {
    case .asWritten: text
    case .lowerASCII: text.lowerASCII
    case .upperASCII: text.upperASCII
    }
  }

  @Test(
    "the first that stands in it is found, as trying one by one finds it",
    arguments: [WordSearch.Reading.asWritten, .lowerASCII, .upperASCII]
  )
  func agrees(reading: WordSearch.Reading) throws {
    var chance = Chance(state: 5)
    var found = 0
    for _ in 0..<4_000 {
      let letters = ["a", "B", "b", "A", "\u{E9}", "!", "\u{1}", "@", "`"]
      let words = (0..<chance.next(below: 5)).map { _ in chance.text(letters, 5) }
      let text = chance.text(letters, 40)
      let search = try #require(WordSearch(words, reading: reading))
      let changed = Self.read(text, reading)
      let expected = words.firstIndex { ByteSearch($0).isIn(changed) }
      #expect(search.firstWord(in: text) == expected, "\(words) in \(text)")
      if expected != nil { found += 1 }
    }
    #expect(found > 400 && found < 3_600)
  }

  @Test("a word that is too long for one pass is left to others")
  func long() {
    let word = String(repeating: "a", count: WordSearch.longestWord)
    #expect(WordSearch([word], reading: .asWritten) != nil)
    #expect(WordSearch(["b", word + "a"], reading: .asWritten) == nil)
  }

  @Test(
    "an expression over words comes to what it comes to word by word",
    arguments: [
      "T.contains('two')", "T.contains('TWO')", "T.contains('')",
      "T.lowerAscii().contains('two')", "T.upperAscii().contains('TWO')",
      "T.lowerAscii().contains('TWO')",
      "['x', 'two'].exists(w, T.contains(w))", "['x', 'y'].exists(w, T.contains(w))",
      "['x', ''].exists(w, T.contains(w))", "[].exists(w, T.contains(w))",
      "['offers', 'x'].exists(w, T.lowerAscii().contains(w))",
      "['OFFERS'].exists(w, T.upperAscii().contains(w))",
      "T.contains('x') || T.contains('two')", "T.contains('x') || T.contains('y')",
      "T.contains('x') || request.stream || T.contains('two')",
      "T.lowerAscii().contains('x') || T.lowerAscii().contains('two') || T.contains('z')",
      "['a', 'b'].all(a, ['x', 'two'].exists(b, T.contains(b)) && a != 'c')",
      "T.contains('\(String(repeating: "long", count: 10))') || T.contains('two')",
    ]
  )
  func alike(source: String) throws {
    let one = source.replacing("T", with: "prompt.text", where: "T.")
    // A text that is put together is searched word by word.
    let other = source.replacing("T", with: "(prompt.text + '')", where: "T.")
    #expect(try Sample.evaluate(one) == Sample.evaluate(other), "\(source)")
  }

  @Test("a text without a value fails once all words were tried")
  func failure() throws {
    let error = EvaluationError.unavailable("a variable")
    for source in [
      "prompt.text.contains('a')", "['a', 'b'].exists(w, prompt.text.contains(w))",
      "prompt.text.contains('a') || prompt.text.contains('b')",
    ] {
      var frame = Frame(slots: Sample.environment().slotCount, source: NoSource())
      let program = try Sample.check(source).program()
      #expect(throws: error) { try program.evaluateBool(&frame) }
    }
    var frame = Frame(slots: Sample.environment().slotCount, source: NoSource())
    let source = "['a', 'b'].exists(w, prompt.text.contains(w)) || true"
    #expect(try Sample.check(source).program().evaluateBool(&frame))
  }

  @Test("counts the work of trying them one by one")
  func work() throws {
    // Bytes such that so many passes are allowed, and not one more.
    let passes = 8
    let text = String(repeating: "z", count: 1 << 20)
    let room = passes << 20
    func works(_ source: String) throws -> Bool {
      var frame = Frame(slots: Sample.environment().slotCount, source: NoSource())
      frame.fill(Sample.slot("prompt.text"), with: .string(text))
      try frame.charge((1 << 30) - room)
      do {
        _ = try Sample.check(source).program().evaluateBool(&frame)
        return true
      } catch EvaluationError.tooMuchWork {
        return false
      }
    }
    let words = { (count: Int) in (0..<count).map { "'w\($0)'" }.joined(separator: ", ") }
    #expect(try works("[\(words(8))].exists(w, prompt.text.contains(w))"))
    #expect(try !works("[\(words(9))].exists(w, prompt.text.contains(w))"))
    #expect(try works("['z', \(words(9))].exists(w, prompt.text.contains(w))"))
    #expect(try works("[\(words(6))].exists(w, prompt.text.lowerAscii().contains(w))"))
    #expect(try !works("[\(words(7))].exists(w, prompt.text.lowerAscii().contains(w))"))
    let chain = { (count: Int) in
      (0..<count).map { "prompt.text.lowerAscii().contains('w\($0)')" }.joined(separator: " || ")
    }
    #expect(try works(chain(2)))
    #expect(try !works(chain(3)))
  }
}

extension String {
  /// Writes `other` for `name` wherever `sign` stands, which begins with it.
  fileprivate func replacing(_ name: String, with other: String, where sign: String) -> String {
    replacing(sign, with: other + sign.dropFirst(name.count))
  }
}
