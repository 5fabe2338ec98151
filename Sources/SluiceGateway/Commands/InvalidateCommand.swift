import SluiceJSON

/// `sluice invalidate`: has a running gateway forget answers.
package struct InvalidateCommand: Sendable {
  /// What is to be forgotten.
  package enum Selection: Sendable {
    case everything
    case product(String)
    case tag(String)
    /// 64 hexadecimal digits, as `sluice trace` prints them.
    case key(String)
  }

  package var stateFolder: String
  package var admin: String?
  package var selection: Selection
  package var reason: String
  package var by: String

  package init(
    stateFolder: String,
    admin: String? = nil,
    selection: Selection,
    reason: String = "",
    by: String = ""
  ) {
    self.stateFolder = stateFolder
    self.admin = admin
    self.selection = selection
    self.reason = reason
    self.by = by
  }

  /// Has the gateway carry it out.
  package func run() async -> CommandAnswer {
    do throws(Refusal) {
      let call = AdminCall(
        stateFolder: stateFolder,
        address: admin,
        path: "/cache/invalidate",
        body: body
      )
      return CommandAnswer(output: Self.words(of: try await call.answer()))
    } catch {
      return CommandAnswer(error)
    }
  }

  /// What the admin listener is sent.
  var body: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    switch selection {
    case .everything:
      writer.key("everything")
      writer.bool(true)
    case .product(let name): writer.member("product", name)
    case .tag(let name): writer.member("tag", name)
    case .key(let digits): writer.member("key", digits)
    }
    if !reason.isEmpty { writer.member("reason", reason) }
    if !by.isEmpty { writer.member("by", by) }
    writer.endObject()
    return writer.bytes
  }

  static func words(of reply: [UInt8]) -> String {
    guard let document = try? JSONDocument(reply),
      let count = document.member("forgotten", of: document.root).flatMap(document.int)
    else { return String(decoding: reply, as: UTF8.self) }
    return "\(count) \(count == 1 ? "answer was" : "answers were") forgotten\n"
  }
}
