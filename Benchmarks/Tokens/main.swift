import SluicePipeline
import SluicePolicy
import SluiceReactor
import SluiceSemantics

// Counts the tokens of a corpus for scripts/compare-tokens, or measures how fast it goes.
//
//   token-bench ids TOKENIZER FOLDER CORPUS     a line of token ids for each text
//   token-bench count TOKENIZER FOLDER CORPUS   a line with the count of each text
//   token-bench speed TOKENIZER FOLDER CORPUS   tokens, bytes, and nanoseconds of the best of five
//
// CORPUS holds texts one after the other, each behind its length in bytes: four bytes, the lowest
// first. FOLDER holds the tables.

struct Usage: Error {}

func write(_ text: String) throws { try Files.write(Array(text.utf8), to: 1) }

let arguments = CommandLine.arguments
guard arguments.count == 5, let tokenizer = ModelSettings.Tokenizer(rawValue: arguments[2]) else {
  throw Usage()
}
let counters = TokenCounters(folders: [arguments[3]]) { path in
  Files.kind(of: path) == .nothing ? nil : try Files.read(path, maximumBytes: 16 << 20)
}
let loading = ThisProcess.processorNanoseconds
let encoding = try counters.encoding(for: tokenizer)
let loaded = ThisProcess.processorNanoseconds - loading

let corpus = try Files.read(arguments[4], maximumBytes: 1 << 30)
var texts: [[UInt8]] = []
var offset = 0
while offset + 4 <= corpus.count {
  let length = (0..<4).reduce(0) { $0 | Int(corpus[offset + $1]) << (8 * $1) }
  texts.append(Array(corpus[offset + 4..<offset + 4 + length]))
  offset += 4 + length
}

switch arguments[1] {
case "ids":
  var output = ""
  for text in texts {
    output += encoding.encode(text.span).map { String($0) }.joined(separator: " ") + "\n"
    if output.utf8.count > 1 << 20 {
      try write(output)
      output = ""
    }
  }
  try write(output)
case "count":
  try write(texts.map { "\(encoding.count($0))\n" }.joined())
default:
  var best = Int64.max
  var tokens = 0
  for _ in 0..<5 {
    let start = ThisProcess.processorNanoseconds
    tokens = texts.reduce(0) { $0 + encoding.count($1) }
    best = min(best, ThisProcess.processorNanoseconds - start)
  }
  let bytes = texts.reduce(0) { $0 + $1.count }
  try write("\(tokens) tokens, \(bytes) bytes, \(best) ns; table read in \(loaded) ns\n")
}
