internal import SluiceCore
internal import SluiceDialects
internal import SluiceExpressions
internal import SluiceJSON

extension ModelReply {
  /// The first vector of a list of embeddings, made as long as 1; `nil` if there is none that has a
  /// direction, or if it has more than `Bounds.vectorDimensions` floats.
  ///
  /// A list of numbers, or base64 of floats of four bytes, the lowest first, as OpenAI writes either.
  var vector: [Float]? {
    guard let data = document.member("data", of: document.root),
      let first = document.elements(of: data).first(where: { _ in true }),
      let value = document.member("embedding", of: first)
    else { return nil }
    let floats: [Float]
    switch document.kind(of: value) {
    case .array:
      guard document.count(of: value) <= Bounds.vectorDimensions else { return nil }
      var numbers: [Float] = []
      numbers.reserveCapacity(document.count(of: value))
      for element in document.elements(of: value) {
        guard let number = document.double(element) else { return nil }
        numbers.append(Float(number))
      }
      floats = numbers
    case .string:
      guard document.range(of: value).count <= Bounds.vectorDimensions * 6,
        let bytes = document.string(value).flatMap({ Value.bytes(base64: $0) }),
        bytes.count.isMultiple(of: 4), bytes.count <= Bounds.vectorDimensions * 4
      else { return nil }
      floats = stride(from: 0, to: bytes.count, by: 4)
        .map { start in
          var bits: UInt32 = 0
          for byte in bytes[start..<start + 4].reversed() { bits = bits << 8 | UInt32(byte) }
          return Float(bitPattern: bits)
        }
    case .null, .bool, .number, .object: return nil
    }
    let length = floats.reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard length.isFinite, length > 0 else { return nil }
    return floats.map { $0 / length }
  }
}
