import FoundationEssentials
import SluiceCore
import SluiceHTTP
import SluiceLanguage
import Testing

@testable import SluiceGateway

/// A folder of a test's own, removed with it.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    let name = SecretBytes.make(count: 8).map { String($0, radix: 16) }.joined()
    path = FileManager.default.temporaryDirectory.path + "/sluice-\(name)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"), options: .atomic)
  }

  func read(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: "\(path)/\(name)")), as: UTF8.self)
  }

  func mode(of name: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")[.posixPermissions] as? Int
  }
}

/// The head of a request with these fields, parsed.
func head(
  _ line: String = "GET / HTTP/1.1",
  _ fields: [String] = ["host: localhost"]
) throws -> RequestHead {
  let text = ([line] + fields + ["", ""]).joined(separator: "\r\n")
  var parser = RequestHeadParser()
  let bytes = Array(text.utf8)
  guard case .head(let head, consumed: _) = parser.parse(bytes.span) else {
    throw Unparsable(text: text)
  }
  return head
}

struct Unparsable: Error {
  var text: String
}

/// A policy of one simulated model.
enum Policies {
  static func simulated(output: Int = 8, extra: String = "") -> String {
    """
    sluice: v1
    identity:
      anonymous: { tier: free, products: [support] }
    upstreams:
      simulator: { api: simulated, latency: 0s, output: \(output), seed: 1 }
    models:
      small: { upstream: simulator, context: 8k, max_output: 1k, price: { input: $1/M, output: $2/M } }
    tiers:
      free: { models: [small] }
      premium: {}
    targets:
      fast: [small]
    routes:
      - name: rest
        to: fast
    products:
      support:
        cache: { scope: product, ttl: 10m }
    \(extra)
    """
  }
}
