package import SluiceCore

/// Turns texts into vectors whose angle tells how far apart their meanings are.
///
/// A port like those of `Ports.swift`: models on this machine and upstreams implement it.
package protocol Embedder: Sendable {
  /// Floats of a vector.
  var dimension: Int { get }

  /// Names model and tokenizer: vectors of two fingerprints are never compared.
  var fingerprint: Digest { get }

  /// Tokens of the longest text that is embedded; a longer one is refused, since what is cut off
  /// would not be compared.
  var tokenLimit: Int { get }

  /// The meaning of a text, by one pass of the model.
  ///
  /// Runs on the exchange's loop and returns there, by `deadline` on the monotonic clock. An
  /// exchange whose text is not embedded goes on as a miss.
  func embed(
    _ text: String,
    until deadline: Int64,
    in world: any World,
    unless cancellation: Cancellation
  ) async throws(EmbeddingFailure) -> Meaning

  /// The vector of a text, made on this thread, which it blocks for as long as the model takes.
  ///
  /// For what nobody waits for, on a thread that may be slow; never on a loop.
  func vector(of text: String) throws(EmbeddingFailure) -> [Float]
}

/// Embeds nothing: where a graph is looked at and no encoder is at hand.
package struct NoEmbedder: Embedder {
  private let reason: String

  /// - Parameter reason: what stands in the way, for a trail.
  package init(because reason: String = "there is no encoder") { self.reason = reason }

  package var dimension: Int { 1 }
  package var fingerprint: Digest { Digest(of: []) }
  package var tokenLimit: Int { 0 }

  package func embed(
    _ text: String,
    until deadline: Int64,
    in world: any World,
    unless cancellation: Cancellation
  ) async throws(EmbeddingFailure) -> Meaning { throw .failed(reason) }

  package func vector(of text: String) throws(EmbeddingFailure) -> [Float] {
    throw .failed(reason)
  }
}

/// Why a text was not embedded.
package enum EmbeddingFailure: Error, Sendable, Equatable {
  /// As many texts as may wait do.
  case busy
  /// The deadline came first.
  case late
  /// The text has more tokens than `tokenLimit`.
  case tooLong
  /// The exchange is no longer wanted.
  case cancelled(Cancellation.Reason)
  /// The model failed; the words hold no text of anybody.
  case failed(String)
}
