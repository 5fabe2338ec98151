import SluiceCore
import SluiceReactor
import SluiceSemantics

extension TokenCounters {
  /// Counters whose tables are looked for in `folder`; without it where `environment` says, and in
  /// the usual places.
  static func of(folder: String? = nil, environment: [String: String]) -> TokenCounters {
    let folders = TokenTableFile.folders(named: folder) { environment[$0] }
    return TokenCounters(folders: folders) { path in
      do throws(IOFailure) {
        return try Files.read(path, maximumBytes: Bounds.tokenTableBytes)
      } catch {
        if error == .notFound { return nil }
        throw error
      }
    }
  }
}
