import SluiceJSON
import Testing

struct JSONEditTests {
  private func edited(
    _ text: String,
    _ change: (JSONDocument, inout JSONEdit) -> Void
  ) throws
    -> String
  {
    let json = try document(text)
    var edit = JSONEdit(json)
    change(json, &edit)
    return String(decoding: edit.apply(), as: UTF8.self)
  }

  @Test("without a change gives back the same bytes")
  func identity() throws {
    let text = #"  { "a" : 1.00 , "b":"\u0041" }  "#
    #expect(try edited(text) { _, _ in } == text)
  }

  @Test("replaces a value and leaves every other byte")
  func replaces() throws {
    let text = " {\"x\" : 1.00,\t\"model\"\n: \"old\" , \"z\":\"\\u0041\"} "
    let result = try edited(text) { $1.set("model", to: Array(#""new-model""#.utf8), in: $0.root) }
    #expect(result == " {\"x\" : 1.00,\t\"model\"\n: \"new-model\" , \"z\":\"\\u0041\"} ")
  }

  @Test(
    "adds a member at the end",
    arguments: [
      ("{}", #"{"k":1}"#), ("{ }", #"{"k":1 }"#), (#"{"a":[1] }"#, #"{"a":[1],"k":1 }"#),
      (#"{"a":{"k":2}}"#, #"{"a":{"k":2},"k":1}"#),
    ]
  )
  func adds(text: String, expected: String) throws {
    let result = try edited(text) { $1.set("k", to: Array("1".utf8), in: $0.root) }
    #expect(result == expected)
  }

  @Test("adds several members to one object, at several depths")
  func addsSeveral() throws {
    let result = try edited(#"{"o":{}}"#) { json, edit in
      guard let inner = json.member("o", of: json.root) else { return }
      edit.set("x", to: Array("1".utf8), in: inner)
      edit.set("y", to: Array("2".utf8), in: inner)
      edit.set("p", to: Array("3".utf8), in: json.root)
      edit.set("q", to: Array("4".utf8), in: json.root)
    }
    #expect(result == #"{"o":{"x":1,"y":2},"p":3,"q":4}"#)
  }

  @Test("finds a member to replace however it is escaped, and escapes a new name")
  func escapes() throws {
    #expect(
      try edited(#"{"\u006b":2}"#) { $1.set("k", to: Array("1".utf8), in: $0.root) }
        == #"{"\u006b":1}"#
    )
    #expect(
      try edited("{}") { $1.set("a\"b", to: Array("1".utf8), in: $0.root) } == #"{"a\"b":1}"#
    )
  }
}

struct JSONWriterTests {
  @Test("places commas, and escapes no more than it must")
  func writes() throws {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("a")
    writer.string("é\"\\\n\u{1}/")
    writer.key("b")
    writer.beginArray()
    writer.int(1)
    writer.double(0.5)
    writer.bool(true)
    writer.null()
    writer.beginObject()
    writer.endObject()
    writer.double(.nan)
    writer.endArray()
    writer.key("c")
    writer.raw(Array("[1]".utf8))
    writer.endObject()
    let text = String(decoding: writer.bytes, as: UTF8.self)
    #expect(text == #"{"a":"é\"\\\n\u0001/","b":[1,0.5,true,null,{},null],"c":[1]}"#)
    _ = try JSONDocument(writer.bytes)
  }

  @Test("writes every scalar so that it reads back the same")
  func roundTrips() throws {
    for value in UInt32(0)..<0x300 {
      guard let scalar = Unicode.Scalar(value) else { continue }
      var writer = JSONWriter()
      writer.string(String(Character(scalar)))
      let json = try JSONDocument(writer.bytes)
      #expect(json.string(json.root)?.unicodeScalars.first == scalar)
    }
  }
}
