import Testing

@testable import SluiceSemantics

@Suite("WordPiece")
struct WordPieceTests {
  static let tokens = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##happy", "##hap", "##py", "happy", "a", "##a", "!",
    "[", "]", "sep",
  ]
  let small = WordPiece(vocabulary: Array(tokens.joined(separator: "\n").utf8))

  private func pieces(_ text: String, upTo limit: Int = .max) throws -> [String] {
    try #require(small).encode(text, upTo: limit).ids.map { Self.tokens[Int($0)] }
  }

  @Test("makes the tokens that Hugging Face makes, in all scripts and of anything")
  func reference() throws {
    let tokenizer = try Encoders.int8().tokenizer
    let texts = try EmbeddedText.all()
    #expect(texts.count > 300)
    for one in texts {
      let (ids, isTruncated) = tokenizer.encode(one.text, upTo: .max)
      #expect(ids == one.ids, "\(one.text.debugDescription)")
      #expect(!isTruncated)
    }
  }

  @Test("takes the longest piece first, and marks those behind the first")
  func longest() throws {
    #expect(try pieces("Unhappy happy!") == ["[CLS]", "un", "##happy", "happy", "!", "[SEP]"])
  }

  @Test("makes one unknown of a word that has a part without a piece")
  func unknown() throws {
    #expect(try pieces("unhappyz a") == ["[CLS]", "[UNK]", "a", "[SEP]"])
  }

  @Test("makes one unknown of a word with more than 100 characters")
  func long() throws {
    let most = String(repeating: "a", count: 100)
    #expect(try pieces(most).count == 102)
    #expect(try pieces(most + "a") == ["[CLS]", "[UNK]", "[SEP]"])
  }

  @Test("reads what is written like a special token as text")
  func special() throws {
    #expect(try pieces("[SEP]") == ["[CLS]", "[", "sep", "]", "[SEP]"])
  }

  @Test("cuts at the limit, ends all the same, and says so")
  func limit() throws {
    let tokenizer = try #require(small)
    #expect(try pieces("a a unhappy", upTo: 5) == ["[CLS]", "a", "a", "un", "[SEP]"])
    #expect(tokenizer.encode("a a unhappy", upTo: 5).isTruncated)
    #expect(!tokenizer.encode("a a unhappy", upTo: 6).isTruncated)
    #expect(try pieces("a", upTo: 2) == ["[CLS]", "[SEP]"])
  }

  @Test("wants a vocabulary with its special tokens")
  func vocabulary() {
    #expect(WordPiece(vocabulary: Array("[CLS]\n[SEP]\na\n".utf8)) == nil)
    #expect(WordPiece(vocabulary: []) == nil)
  }
}
