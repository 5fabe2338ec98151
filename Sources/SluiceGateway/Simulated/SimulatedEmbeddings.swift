import FoundationEssentials
import SluiceCore
import SluiceDialects
import SluiceJSON

/// Simulated embeddings: vectors of length 1 that depend on nothing but the seed, the model and the
/// input.
struct SimulatedEmbeddings: Sendable {
  private static let usualDimensions = 256

  private let request: ModelRequest
  private let seed: UInt64
  private let dimensions: Int
  private let isBase64: Bool

  /// Answers `request`.
  ///
  /// - Throws: `APIError`, if it asks for more than the simulation may say.
  init(to request: ModelRequest, seed: UInt64) throws(APIError) {
    self.request = request
    self.seed = seed
    let document = request.document
    let asked = document.member("dimensions", of: document.root).flatMap { document.int($0) }
    let dimensions = asked ?? Int64(Self.usualDimensions)
    guard dimensions > 0, dimensions <= Bounds.simulatedTokens / request.inputCount else {
      throw .invalidRequest(
        message: "The simulated upstream does not make that many `dimensions` at once.",
        param: "dimensions",
        code: "invalid_value"
      )
    }
    self.dimensions = Int(dimensions)
    isBase64 =
      document.member("encoding_format", of: document.root)
      .map { document.isString($0, equalTo: "base64") } ?? false
  }

  /// A list of embeddings, one for each input.
  var body: [UInt8] {
    let inputs = request.inputs
    var writer = JSONWriter(reservingCapacity: 256 + inputs.count * dimensions * 8)
    writer.beginObject()
    writer.key("object")
    writer.string("list")
    writer.key("data")
    writer.beginArray()
    for (index, input) in inputs.enumerated() {
      writer.beginObject()
      writer.key("object")
      writer.string("embedding")
      writer.key("index")
      writer.int(index)
      writer.key("embedding")
      append(vector(of: request.document.text(of: input)), to: &writer)
      writer.endObject()
    }
    writer.endArray()
    writer.key("model")
    writer.string(request.model)
    let tokens = request.allText.utf8.count / 4 + request.numberedTokens.all + 1
    writer.key("usage")
    writer.beginObject()
    for name in ["prompt_tokens", "total_tokens"] {
      writer.key(name)
      writer.int(tokens)
    }
    writer.endObject()
    writer.endObject()
    return writer.bytes
  }

  private func vector(of input: ArraySlice<UInt8>) -> [Float] {
    var mix = Mixer(seed)
    mix.add(request.model.utf8)
    mix.add(input)
    let state = mix.value
    let raw = (0..<dimensions)
      .map { place in
        Float(Mixer.hash(state, UInt64(place)) >> 40) / Float(1 << 23) - 1
      }
    let length = raw.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return length > 0 ? raw.map { $0 / length } : raw
  }

  private func append(_ vector: [Float], to writer: inout JSONWriter) {
    guard isBase64 else {
      writer.beginArray()
      for value in vector { writer.raw(Array("\(value)".utf8)) }
      writer.endArray()
      return
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 * vector.count)
    for value in vector {
      for shift in stride(from: 0, to: 32, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(shift)))
      }
    }
    writer.string(Data(bytes).base64EncodedString())
  }
}
