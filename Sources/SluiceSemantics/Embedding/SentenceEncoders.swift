internal import SluiceCore
internal import Synchronization

/// The sentence encoders of a process: each is loaded when a policy first needs it, and kept.
///
/// Shared by all generations.
package final class SentenceEncoders: Sendable {
  private static let library = "onnxruntime/libonnxruntime.so"
  private static let usual = "all-minilm-l6-v2/int8"

  private let folders: [String]
  private let own: String?
  private let read: @Sendable (String) throws -> [UInt8]?
  private let isThere: @Sendable (String) -> Bool
  private let loaded = Mutex<[String: SentenceEncoder]>([:])

  /// - Parameters:
  ///   - folders: where set-up put library and model, in the order that they are looked at; those
  ///     of the tables of tokens.
  ///   - own: the folder of the encoder that is used unless one is named; `nil`: set-up's.
  ///   - isThere: whether a file is.
  ///   - read: the bytes of a file; `nil` if it is not there.
  package init(
    folders: [String],
    own: String? = nil,
    isThere: @escaping @Sendable (String) -> Bool,
    read: @escaping @Sendable (String) throws -> [UInt8]?
  ) {
    self.folders = folders
    self.own = own
    self.isThere = isThere
    self.read = read
  }

  /// The encoder in the folder `path`, else in `own`, else the one that set-up makes.
  ///
  /// The first call reads and loads, for some 200 ms; others wait for it. So a publication asks for
  /// all that its policy names, off the loops, and is refused if it throws.
  /// - Throws: what is missing or wrong, with what to run.
  package func encoder(at path: String? = nil) throws(SentenceEncoderError) -> SentenceEncoder {
    let path = path ?? own
    return try loaded.withLock { loaded throws(SentenceEncoderError) in
      if let encoder = loaded[path ?? ""] { return encoder }
      do throws(SentenceEncoderError.Reason) {
        let places = path.map { [$0] } ?? folders.map { "\($0)/\(Self.usual)" }
        guard let library = folders.map({ "\($0)/\(Self.library)" }).first(where: isThere) else {
          throw .notFound(name: Self.library, folders: folders)
        }
        let encoder = try SentenceEncoder(
          library: library,
          model: try file("model.onnx", in: places),
          vocabulary: try file("vocab.txt", in: places)
        )
        loaded[path ?? ""] = encoder
        return encoder
      } catch {
        throw SentenceEncoderError(error, model: path)
      }
    }
  }

  /// What is missing of the encoder that is used unless one is named; nothing is loaded.
  package var objection: SentenceEncoderError? {
    let places = own.map { [$0] } ?? folders.map { "\($0)/\(Self.usual)" }
    for (name, places) in [
      (Self.library, folders),
      ("model.onnx", places),
      ("vocab.txt", places),
    ] where !places.contains(where: { isThere("\($0)/\(name)") }) {
      return SentenceEncoderError(
        .notFound(name: name, folders: places),
        model: name == Self.library ? nil : own
      )
    }
    return nil
  }

  private func file(
    _ name: String,
    in places: [String]
  ) throws(SentenceEncoderError.Reason) -> [UInt8] {
    for place in places {
      let path = "\(place)/\(name)"
      do {
        if let file = try read(path) { return file }
      } catch {
        throw .unreadable(path: path, why: "\(error)")
      }
    }
    throw .notFound(name: name, folders: places)
  }
}
