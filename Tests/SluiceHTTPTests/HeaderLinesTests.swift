import SluiceHTTP
import Testing

@Suite("Fields on their way out")
struct HeaderLinesTests {
  @Test("are the lines of a head, in their order")
  func lines() {
    var lines: HeaderLines = ["vary": "authorization"]
    lines.append(FieldName("age"), 12)
    lines.append([("x-a", "b"), ("x-a", "c")])
    #expect(lines.bytes.text == "vary: authorization\r\nage: 12\r\nx-a: b\r\nx-a: c\r\n")
    #expect(
      lines.pairs.map { "\($0.name)=\($0.value)" } == [
        "vary=authorization", "age=12", "x-a=b", "x-a=c",
      ]
    )
  }

  @Test("are written piece by piece where a value has parts")
  func parts() {
    var lines = HeaderLines()
    lines.begin(FieldName("x"))
    lines.write("a=")
    lines.write(-7)
    lines.write(Array(";b=".utf8))
    lines.write(nano: 1_500_000_000, leastDecimals: 2)
    lines.end()
    #expect(lines.bytes.text == "x: a=-7;b=1.50\r\n")
  }

  @Test("never end early: control characters are left out of values")
  func splits() {
    var lines = HeaderLines()
    lines.append(FieldName("x"), "a\r\nb: c")
    lines.begin(FieldName("y"))
    lines.write("d\ne")
    lines.end()
    #expect(lines.bytes.text == "x: ab: c\r\ny: de\r\n")
  }

  @Test(
    "a chunk says its size in hexadecimal digits",
    arguments: [
      (1, "1"), (15, "f"), (16, "10"), (255, "ff"), (4_096, "1000"), (1_048_575, "fffff"),
    ]
  )
  func chunkSize(size: Int, expected: String) {
    var output: [UInt8] = []
    ChunkWriter.begin(size: size, to: &output)
    #expect(output.text == expected + "\r\n")
  }
}
