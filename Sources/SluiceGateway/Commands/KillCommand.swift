import SluiceJSON
import SluiceStages

/// `sluice kill`, `sluice revive` and `sluice switches`: stops spending at a running gateway.
package struct KillCommand: Sendable {
  package enum Action: Sendable {
    /// `for`: `nil` until it is released.
    case kill(scope: [String: String], do: String, for: String?, cuts: Bool)
    /// The values of a scope as it was killed; none: everything that is on.
    case reviveScope([String: String])
    case reviveSwitch(String, key: String?)
    case list
  }

  package var stateFolder: String
  package var admin: String?
  package var reason: String
  package var by: String
  package var action: Action

  package init(
    stateFolder: String,
    admin: String? = nil,
    reason: String = "",
    by: String = "",
    action: Action
  ) {
    self.stateFolder = stateFolder
    self.admin = admin
    self.reason = reason
    self.by = by
    self.action = action
  }

  /// Has the gateway carry it out.
  package func run() async -> CommandAnswer {
    do throws(Refusal) {
      let call = AdminCall(stateFolder: stateFolder, address: admin, path: path, body: body)
      return CommandAnswer(output: Self.words(of: try await call.answer()))
    } catch {
      return CommandAnswer(error)
    }
  }

  private var path: String {
    switch action {
    case .kill: "/kill"
    case .reviveScope, .reviveSwitch: "/revive"
    case .list: "/switches"
    }
  }

  /// What the admin listener is sent.
  var body: [UInt8]? {
    var writer = JSONWriter()
    writer.beginObject()
    switch action {
    case .list: return nil
    case .kill(let scope, let action, let duration, let cuts):
      writer.member("do", action)
      append(scope, to: &writer)
      if let duration { writer.member("for", duration) }
      writer.member("running", cuts ? "cut" : "finish")
    case .reviveScope(let scope):
      if scope.isEmpty {
        writer.key("everything")
        writer.bool(true)
      } else {
        append(scope, to: &writer)
      }
    case .reviveSwitch(let name, let key):
      writer.member("switch", name)
      if let key { writer.member("key", key) }
    }
    writer.member("reason", reason)
    if !by.isEmpty { writer.member("by", by) }
    writer.endObject()
    return writer.bytes
  }

  private func append(_ scope: [String: String], to writer: inout JSONWriter) {
    writer.key("scope")
    guard !scope.isEmpty else { return writer.string("everything") }
    writer.beginObject()
    for (name, value) in scope.sorted(by: { $0.key < $1.key }) { writer.member(name, value) }
    writer.endObject()
  }

  /// What is on now, a line each, and what the order did.
  static func words(of reply: [UInt8]) -> String {
    guard let document = try? JSONDocument(reply),
      let switches = document.member("switches", of: document.root)
    else { return String(decoding: reply, as: UTF8.self) }
    func text(_ name: String, _ value: JSONValue) -> String? {
      document.member(name, of: value).flatMap(document.string)
    }
    var lines: [String] = []
    for (name, words) in [
      ("cut", "running exchanges were cut"), ("released", "switches were released"),
    ] {
      if let count = document.member(name, of: document.root).flatMap(document.int) {
        lines.append("\(count) \(words)")
      }
    }
    let rows = Array(document.elements(of: switches))
    if rows.isEmpty { lines.append("no kill switch is on") }
    for row in rows {
      let what = [text("switch", row), text("scope", row) ?? text("key", row)]
        .compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " ")
      let end = text("until", row).map { "until \($0)" } ?? "until it is released"
      lines.append(
        "\(what): \(text("do", row) ?? "") since \(text("since", row) ?? ""), \(end), "
          + "by \(text("by", row) ?? ""): \(text("reason", row) ?? "")"
      )
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
