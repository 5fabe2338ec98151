import SluiceCore
import SluicePipeline
import SluiceReactor
import SluiceSemantics
import SluiceStages
import SluiceStores

// Measures the semantic cache.
//
//   semantic-bench stream ENCODER DATA CACHE   hits and wrong hits on a stream of questions
//   semantic-bench index ENCODER DATA CACHE    recall, time and memory of the index
//   semantic-bench pairs ENCODER DATA CACHE    which pairs and edits are taken for one question
//
// ENCODER is a folder with model.onnx and vocab.txt; DATA one with stream.jsonl, a line of
// {ns, query, group, source} for each question, and pairs.jsonl, one of {a, b, label, kind, source}
// for each pair; CACHE a file outside the repository where its vectors
// are kept from run to run.

struct Usage: Error {}

func write(_ text: String) throws { try Files.write(Array(text.utf8), to: 1) }

let arguments = CommandLine.arguments
guard arguments.count == 5 else { throw Usage() }
let data = arguments[3]
if Files.kind(of: "\(data)/stream.jsonl") == .other {
  let encoders = SentenceEncoders(folders: ["\(arguments[2])/../.."]) {
    Files.kind(of: $0) == .other
  } read: { path in
    Files.kind(of: path) == .nothing ? nil : try Files.read(path, maximumBytes: Bounds.modelBytes)
  }
  let encoder = try encoders.encoder(at: arguments[2])
  switch arguments[1] {
  case "stream":
    try write(HitReport(try Stream.read(data, by: encoder, cache: arguments[4])).text())
  case "index":
    let asked = try Stream.read(data, by: encoder, cache: arguments[4])
    try write(try IndexReport(asked, by: encoder).text())
  case "pairs": try write(try PairReport(data, by: encoder).text())
  default: throw Usage()
  }
} else {
  try write("no stream.jsonl in \(data): nothing of the semantic cache was measured\n")
}
