internal import SluiceHTTP
internal import SluicePipeline

/// Writes the heads of the requests to one upstream.
///
/// What is the same for all of them is made once; the secret stands only there.
struct RequestHeadTemplate: Sendable {
  /// Fields that the client never decides: what authorises, what frames, and what concerns one
  /// connection (RFC 9110 section 7.6.1). Stages filter as well; this is the last door.
  private static let ours: Set<String> =
    Set(FieldFilter.hopByHop).union([
      "host", "authorization", "api-key", "x-api-key", "cookie", "content-length", "expect",
      "accept-encoding", "user-agent",
    ])

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
    // Codings would have to be undone before anything of a reply can be read.
    HeadWriter.append("Accept-Encoding", "identity", to: &fields)
    self.fields = fields
  }

  func head(of request: UpstreamRequest) -> [UInt8] {
    var head: [UInt8] = []
    head.reserveCapacity(fields.count + 320)
    RequestWriter.begin(.post, target: prefix + request.path, host: authority, to: &head)
    head += fields
    var hasType = false
    var hasAccept = false
    for (name, value) in request.fields {
      let name = name.lowercased()
      if Self.ours.contains(name) { continue }
      if name == "content-type" { hasType = true }
      if name == "accept" { hasAccept = true }
      HeadWriter.append(name, value, to: &head)
    }
    if !hasType { HeadWriter.append("Content-Type", "application/json", to: &head) }
    if !hasAccept {
      HeadWriter.append("Accept", "application/json, text/event-stream", to: &head)
    }
    HeadWriter.append("Content-Length", request.body.count, to: &head)
    HeadWriter.end(&head)
    return head
  }
}
