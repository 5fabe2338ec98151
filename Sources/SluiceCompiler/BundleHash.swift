import SluiceCore
import SluiceLanguage

/// Names a bundle by what it says.
enum BundleHash {
  /// The SHA-256 over every file's name and bytes, each with its length in front, in the order of
  /// the names: two bundles have the same hash only if they have the same files.
  static func hex(of bundle: Bundle) -> String {
    var input: [UInt8] = []
    func append(_ bytes: some Collection<UInt8>) {
      input += "\(bytes.count):".utf8
      input += bytes
    }
    for file in bundle.files.sorted(by: { $0.path < $1.path }) {
      append(file.path.utf8)
      append(file.bytes)
    }
    return Digest(of: input).hex
  }
}
