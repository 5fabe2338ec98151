import SluiceHTTP
import SluiceTestSupport

extension [UInt8] {
  init(_ text: String) { self = Array(text.utf8) }

  var text: String { String(decoding: self, as: UTF8.self) }

  /// This text damaged in up to three places, and sometimes cut short.
  func damaged(by random: inout SplitMix) -> [UInt8] {
    let spicy: [UInt8] = [0, 0x09, 0x0A, 0x0D, 0x20, 0x3A, 0x2C, 0x3B, 0x30, 0x7F, 0x80, 0xFF]
    var bytes = self
    for _ in 0..<(1 + random.below(3)) where !bytes.isEmpty {
      let byte = random.below(2) == 0 ? spicy[random.below(spicy.count)] : UInt8(random.below(256))
      switch random.below(3) {
      case 0: bytes[random.below(bytes.count)] = byte
      case 1: bytes.remove(at: random.below(bytes.count))
      default: bytes.insert(byte, at: random.below(bytes.count))
      }
    }
    if random.below(5) == 0 { bytes.removeLast(random.below(bytes.count + 1)) }
    return bytes
  }
}

func parse(_ bytes: [UInt8]) -> RequestHeadParser.Outcome {
  var parser = RequestHeadParser()
  return parser.parse(bytes.span)
}

/// The head of a request that must be one.
func head(_ text: String) throws -> RequestHead {
  switch parse([UInt8](text)) {
  case .head(let head, _): return head
  case .refused(let refusal): throw refusal
  case .needMore: throw Incomplete()
  }
}

func replyHead(_ text: String, answersHead: Bool = false) throws -> ResponseHead {
  var parser = ResponseHeadParser(answersHead: answersHead)
  switch parser.parse([UInt8](text).span) {
  case .head(let head, _): return head
  case .refused(let refusal): throw refusal
  case .needMore: throw Incomplete()
  }
}

struct Incomplete: Error {}
