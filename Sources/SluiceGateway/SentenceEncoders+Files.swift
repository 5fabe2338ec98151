import SluiceCore
import SluiceLanguage
import SluicePolicy
import SluiceReactor
import SluiceSemantics

extension SentenceEncoders {
  /// Encoders that are looked for in `folder`; without it where `environment` says, and in the usual
  /// places.
  ///
  /// `SLUICE_ENCODER` names the folder of one's own.
  static func of(folder: String? = nil, environment: [String: String]) -> SentenceEncoders {
    let folders = TokenTableFile.folders(named: folder) { environment[$0] }
    let own = environment["SLUICE_ENCODER"].flatMap { $0.isEmpty ? nil : $0 }
    return SentenceEncoders(folders: folders, own: own) {
      Files.kind(of: $0) == .other
    } read: { path in
      do throws(IOFailure) {
        return try Files.read(path, maximumBytes: Bounds.modelBytes)
      } catch {
        if error == .notFound { return nil }
        throw error
      }
    }
  }
}

extension Policy {
  /// Whether an encoder of this machine makes vectors for it.
  var needsEncoder: Bool { products.contains { $0.cache.isEmbeddedHere } }
}

extension ProductSettings.Cache? {
  /// Whether it compares meanings that an encoder of this machine makes.
  fileprivate var isEmbeddedHere: Bool {
    guard let semantic = self?.semantic else { return false }
    return semantic.embedder == nil
  }
}

extension Findings {
  /// Reports that the encoder of a semantic cache is missing, where the first such cache is declared.
  mutating func reportMissingEncoder(
    _ reason: String,
    of policy: Policy,
    in bundle: Bundle,
    isRefused: Bool
  ) {
    guard
      let cache = policy.products.first(where: { $0.cache.isEmbeddedHere })?.cache,
      let span = bundle.span(of: ["semantic"], near: cache.place)
    else { return }
    report(.encoderMissing(reason, isRefused: isRefused, at: span))
  }
}
