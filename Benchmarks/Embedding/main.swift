import SluiceCore
import SluicePipeline
import SluiceReactor
import SluiceSemantics

// Tokenises or embeds a corpus for scripts/compare-embeddings, or measures what a text costs.
//
//   embedding-bench ids FOLDER CORPUS       a line of token ids for each text
//   embedding-bench vectors FOLDER CORPUS   a line of floats for each text
//   embedding-bench speed FOLDER CORPUS     nanoseconds and bytes of tokenising, the best of five
//   embedding-bench cost FOLDER             processor time of a vector by tokens, the median of 200
//
// CORPUS holds texts one after the other, each behind its length in bytes: four bytes, the lowest
// first. FOLDER holds an encoder: model.onnx and vocab.txt. The library is looked for where set-up
// puts it, in the folder two above.

struct Usage: Error {}

func write(_ text: String) throws { try Files.write(Array(text.utf8), to: 1) }

let arguments = CommandLine.arguments
guard arguments.count >= 3 else { throw Usage() }
let folder = arguments[2]
let encoders = SentenceEncoders(folders: ["\(folder)/../.."]) {
  Files.kind(of: $0) == .other
} read: { path in
  Files.kind(of: path) == .nothing ? nil : try Files.read(path, maximumBytes: Bounds.modelBytes)
}

func corpus() throws -> [String] {
  guard arguments.count == 4 else { throw Usage() }
  let corpus = try Files.read(arguments[3], maximumBytes: 1 << 30)
  var texts: [String] = []
  var offset = 0
  while offset + 4 <= corpus.count {
    let length = (0..<4).reduce(0) { $0 | Int(corpus[offset + $1]) << (8 * $1) }
    texts.append(String(decoding: corpus[offset + 4..<offset + 4 + length], as: UTF8.self))
    offset += 4 + length
  }
  return texts
}

switch arguments[1] {
case "ids":
  let file = try Files.read("\(folder)/vocab.txt", maximumBytes: Bounds.modelBytes)
  guard let tokenizer = WordPiece(vocabulary: file) else { throw Usage() }
  var output = ""
  for text in try corpus() {
    output +=
      tokenizer.encode(text, upTo: .max).ids.map { String($0) }.joined(separator: " ") + "\n"
    if output.utf8.count > 1 << 20 {
      try write(output)
      output = ""
    }
  }
  try write(output)
case "vectors":
  let encoder = try encoders.encoder(at: folder)
  for text in try corpus() {
    let ids = encoder.tokenizer.encode(text, upTo: encoder.tokenLimit).ids
    try write(try encoder.vector(of: ids).map { "\($0)" }.joined(separator: " ") + "\n")
  }
case "speed":
  let file = try Files.read("\(folder)/vocab.txt", maximumBytes: Bounds.modelBytes)
  let loading = ThisProcess.processorNanoseconds
  guard let tokenizer = WordPiece(vocabulary: file) else { throw Usage() }
  let loaded = ThisProcess.processorNanoseconds - loading
  let texts = try corpus()
  var best = Int64.max
  var tokens = 0
  for _ in 0..<5 {
    let start = ThisProcess.processorNanoseconds
    tokens = texts.reduce(0) { $0 + tokenizer.encode($1, upTo: .max).ids.count }
    best = min(best, ThisProcess.processorNanoseconds - start)
  }
  let bytes = texts.reduce(0) { $0 + $1.utf8.count }
  try write("\(tokens) tokens, \(bytes) bytes, \(best) ns; vocabulary read in \(loaded) ns\n")
case "cost":
  let loading = ThisProcess.processorNanoseconds
  let memory = try ThisProcess.residentBytes()
  let encoder = try encoders.encoder(at: folder)
  let loaded = ThisProcess.processorNanoseconds - loading
  try write("ONNX Runtime \(encoder.libraryVersion); loaded in \(loaded / 1_000_000) ms\n")
  let words = "the gate opens when water on both sides stands level so that nobody need push it "
  let text = String(repeating: words, count: 20)
  for count in [8, 16, 64, 256] {
    let ids = encoder.tokenizer.encode(text, upTo: count).ids
    var times: [Int64] = []
    for _ in 0..<200 {
      let start = ThisProcess.processorNanoseconds
      _ = try encoder.vector(of: ids)
      times.append(ThisProcess.processorNanoseconds - start)
    }
    times.sort()
    try write("\(ids.count) tokens: \(times[100] / 1_000) µs, p99 \(times[198] / 1_000) µs\n")
  }
  let grown = try ThisProcess.residentBytes() - memory
  try write("resident memory grew by \(grown >> 20) MiB\n")
default: throw Usage()
}
