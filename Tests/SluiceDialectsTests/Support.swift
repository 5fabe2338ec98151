import SluiceDialects
import SluiceHTTP
import SluiceJSON
import Testing

extension [UInt8] {
  init(_ text: String) { self = Array(text.utf8) }

  var text: String { String(decoding: self, as: UTF8.self) }
}

func request(_ body: String) throws -> ModelRequest { try ModelRequest([UInt8](body)) }

/// All events of a stream.
func events(_ stream: [UInt8]) -> [StreamEvent] {
  var parser = EventStreamParser()
  parser.append(stream)
  var events: [StreamEvent] = []
  while case .event(let event) = parser.next() { events.append(event) }
  if let last = parser.finish() { events.append(last) }
  return events
}

/// The frames of `chunks`, and `[DONE]` if asked for.
func stream(_ chunks: [String], done: Bool = true) -> [UInt8] {
  var output: [UInt8] = []
  for chunk in chunks { EventStreamWriter.append(data: chunk.utf8, to: &output) }
  if done { EventStreamWriter.append(data: "[DONE]".utf8, to: &output) }
  return output
}

/// Reads a whole stream.
func read(
  _ stream: [UInt8],
  wantsUsage: Bool = false,
  assembles: Bool = false,
  into output: inout OutputText
) -> (reader: StreamReader, verdicts: [StreamReader.Verdict]) {
  var reader = StreamReader(wantsUsage: wantsUsage, assembles: assembles)
  let verdicts = events(stream).map { reader.read($0, into: &output) }
  return (reader, verdicts)
}

func read(
  _ stream: [UInt8],
  wantsUsage: Bool = false,
  assembles: Bool = false
) -> (reader: StreamReader, verdicts: [StreamReader.Verdict]) {
  var output = OutputText()
  return read(stream, wantsUsage: wantsUsage, assembles: assembles, into: &output)
}

/// The one spelling of a JSON text's meaning.
func canonical(_ text: [UInt8]) throws -> String {
  let document = try JSONDocument(text)
  var output: [UInt8] = []
  document.appendCanonical(document.root, to: &output)
  return output.text
}
