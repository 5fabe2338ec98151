import FoundationEssentials
import SluiceLanguage
import Testing

@Suite("JSON Schema")
struct JSONSchemaTests {
  @Test("every word of the key tables is understood")
  func words() {
    #expect(JSONSchema.unknownWords.isEmpty)
  }

  @Test("every key of every table is in it, with its meaning", arguments: Schema.all)
  func keys(table: KeyTable) throws {
    let text = try #require(JSONSchema.text())
    for key in table.keys {
      #expect(
        text.contains("\"\(key.name)\": {\"description\": \"")
          || text.contains("\"\(key.name)\": {\n")
      )
      #expect(text.contains(key.meaning.split(separator: "\"")[0]), "\(table.path).\(key.name)")
    }
  }

  @Test("there is one of each kind of file that is read, and none of another")
  func kinds() {
    for kind in ["policy", "prices"] { #expect(JSONSchema.text(of: kind) != nil) }
    #expect(JSONSchema.text(of: "policies") == nil)
  }
}
