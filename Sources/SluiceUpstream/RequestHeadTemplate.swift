import SluiceHTTP
import SluicePipeline

/// Writes the heads of the requests to one upstream.
///
/// What is the same for all of them is made once; the secret stands only there.
struct RequestHeadTemplate: Sendable {
  /// Fields that we set whatever the client said, beside those that never pass.
  private static let ours = ["user-agent", "content-type"]

  /// The path's beginning.
  private let prefix: [UInt8]
  /// What stands between the path and the client's fields.
  private let fields: [UInt8]

  init(url: BaseURL, secret: String?, version: String) throws(UpstreamSetupError) {
    if let secret {
      guard !secret.isEmpty, secret.utf8.allSatisfy(Self.isVisible) else { throw .badSecret }
    }
    prefix = Array(url.prefix.utf8)
    var fields = Array(" HTTP/1.1\r\n".utf8)
    HeadWriter.append("Host", url.authority, to: &fields)
    if let secret { HeadWriter.append("Authorization", "Bearer \(secret)", to: &fields) }
    HeadWriter.append("User-Agent", "sluice/\(version)", to: &fields)
    // Codings would have to be undone before anything of a reply can be read.
    HeadWriter.append("Accept-Encoding", "identity", to: &fields)
    self.fields = fields
  }

  /// The head of a request: ours, then what of the client's fields may pass.
  func head(of request: UpstreamRequest) -> [UInt8] {
    precondition(request.path.utf8.allSatisfy(Self.isVisible), "a path ends at a space")
    var head: [UInt8] = []
    head.reserveCapacity(prefix.count + fields.count + 512)
    head += request.method.rawValue.utf8
    head.append(UInt8(ascii: " "))
    head += prefix
    head += request.path.utf8
    head += fields
    let filter = FieldFilter(.upstream, of: request.fields)
    for index in 0..<request.fields.count
    where !isOurs(index, of: request.fields) && filter.passes(index) {
      HeadWriter.append(copying: index, of: request.fields, to: &head)
    }
    if request.fields.index(of: "accept") == nil {
      HeadWriter.append("Accept", "application/json, text/event-stream", to: &head)
    }
    if request.method == .post {
      HeadWriter.append("Content-Type", "application/json", to: &head)
      HeadWriter.append("Content-Length", request.body.count, to: &head)
    }
    HeadWriter.end(&head)
    return head
  }

  private static func isVisible(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }

  private func isOurs(_ index: Int, of fields: HeaderFields) -> Bool {
    for name in Self.ours where fields.isNamed(name, at: index) { return true }
    return false
  }
}
