import SluiceHTTP
import SluicePipeline

/// Writes the heads of the requests to one upstream.
///
/// What is the same for all of them is made once; the secret stands only there.
struct RequestHeadTemplate: Sendable {
  /// Fields that we set whatever the client said, beside those that never pass.
  private static let ours = ["user-agent", "content-type"]

  private let prefix: String
  private let authority: String
  private let fields: [UInt8]

  init(url: BaseURL, secret: String?, version: String) throws(UpstreamSetupError) {
    if let secret {
      guard !secret.isEmpty, secret.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
        throw .badSecret
      }
    }
    prefix = url.prefix
    authority = url.authority
    var fields: [UInt8] = []
    if let secret { HeadWriter.append("Authorization", "Bearer \(secret)", to: &fields) }
    HeadWriter.append("User-Agent", "sluice/\(version)", to: &fields)
    HeadWriter.append("Content-Type", "application/json", to: &fields)
    // Codings would have to be undone before anything of a reply can be read.
    HeadWriter.append("Accept-Encoding", "identity", to: &fields)
    self.fields = fields
  }

  /// The head of a request: ours, then what of the client's fields may pass.
  func head(of request: UpstreamRequest) -> [UInt8] {
    var head: [UInt8] = []
    head.reserveCapacity(fields.count + 512)
    RequestWriter.begin(.post, target: prefix + request.path, host: authority, to: &head)
    head += fields
    let filter = FieldFilter(.upstream, of: request.fields)
    for index in 0..<request.fields.count
    where filter.passes(index) && !isOurs(index, of: request.fields) {
      HeadWriter.append(copying: index, of: request.fields, to: &head)
    }
    if request.fields.index(of: "accept") == nil {
      HeadWriter.append("Accept", "application/json, text/event-stream", to: &head)
    }
    HeadWriter.append("Content-Length", request.body.count, to: &head)
    HeadWriter.end(&head)
    return head
  }

  private func isOurs(_ index: Int, of fields: HeaderFields) -> Bool {
    for name in Self.ours where fields.isNamed(name, at: index) { return true }
    return false
  }
}
