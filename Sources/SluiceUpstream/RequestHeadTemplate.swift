import SluiceHTTP
import SluicePipeline

/// Writes the requests to one upstream.
///
/// What is the same for all of them is made once; the secret stands only there.
struct RequestHeadTemplate: Sendable {
  /// Fields that we set whatever the client said, beside those that never pass.
  private static let ours = ["user-agent", "content-type"]

  /// A body of so many bytes is copied behind its head: one piece is cheaper to send than two.
  private static let copiedBytes = 16_384

  /// Method and beginning of the path.
  private let get: [UInt8]
  private let post: [UInt8]
  /// What stands between the path and the client's fields.
  private let fields: [UInt8]
  private let accept: [UInt8]
  private let contentType: [UInt8]

  init(url: BaseURL, secret: String?, version: String) throws(UpstreamSetupError) {
    if let secret {
      guard !secret.isEmpty, secret.utf8.allSatisfy(Self.isVisible) else { throw .badSecret }
    }
    get = Array("\(UpstreamRequest.Method.get.rawValue) \(url.prefix)".utf8)
    post = Array("\(UpstreamRequest.Method.post.rawValue) \(url.prefix)".utf8)
    var fields = Array(" HTTP/1.1\r\n".utf8)
    HeadWriter.append("Host", url.authority, to: &fields)
    if let secret { HeadWriter.append("Authorization", "Bearer \(secret)", to: &fields) }
    HeadWriter.append("User-Agent", "sluice/\(version)", to: &fields)
    // Codings would have to be undone before anything of a reply can be read.
    HeadWriter.append("Accept-Encoding", "identity", to: &fields)
    self.fields = fields
    var accept: [UInt8] = []
    HeadWriter.append("Accept", "application/json, text/event-stream", to: &accept)
    self.accept = accept
    var contentType: [UInt8] = []
    HeadWriter.append("Content-Type", "application/json", to: &contentType)
    self.contentType = contentType
  }

  /// A request: the head, which is ours and then what of the client's fields may pass, with a short
  /// body behind it; and a long body.
  func pieces(of request: UpstreamRequest) -> (head: [UInt8], body: [UInt8]) {
    let path = request.path.utf8.span
    for index in path.indices {
      precondition(Self.isVisible(path[index]), "a path ends at a space")
    }
    let isCopied = request.body.count <= Self.copiedBytes
    var head: [UInt8] = []
    head.reserveCapacity(post.count + fields.count + 768 + (isCopied ? request.body.count : 0))
    switch request.method {
    case .get: head += get
    case .post: head += post
    }
    head += request.path.utf8
    head += fields
    let filter = FieldFilter(.upstream, of: request.fields)
    for index in 0..<request.fields.count
    where !isOurs(index, of: request.fields) && filter.passes(index) {
      HeadWriter.append(copying: index, of: request.fields, to: &head)
    }
    if request.fields.index(of: "accept") == nil {
      head += accept
    }
    if request.method == .post {
      head += contentType
      HeadWriter.append(.length(request.body.count), to: &head)
    }
    HeadWriter.end(&head)
    guard isCopied else { return (head, request.body) }
    head += request.body
    return (head, [])
  }

  private static func isVisible(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }

  private func isOurs(_ index: Int, of fields: HeaderFields) -> Bool {
    for name in Self.ours where fields.isNamed(name, at: index) { return true }
    return false
  }
}
