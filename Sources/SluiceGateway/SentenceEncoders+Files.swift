import SluiceCore
import SluiceReactor
import SluiceSemantics

extension SentenceEncoders {
  /// Encoders that are looked for where `environment` says, and in the usual places.
  static func of(environment: [String: String]) -> SentenceEncoders {
    let folders = TokenTableFile.folders(named: nil) { environment[$0] }
    return SentenceEncoders(folders: folders) {
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
