import SluiceCore
import SluicePolicy

/// An address that will be listened on, from a file or a flag.
struct Listener {
  var text: String
  var endpoint: EndpointText
  var span: SourceSpan
}

extension Binder {
  /// Binds `server`, with the flags put over it.
  func bindServer() -> Declared<ServerSettings> {
    var server = Declared(nameSpan: beginning, node: nil, settings: ServerSettings())
    if let entry = sections[.server] {
      server.nameSpan = entry.keySpan
      server.node = entry.value
      server.settings.place = place(of: entry.keySpan)
      if let fields = fields(
        of: entry.value,
        Schema.server,
        key: "server",
        owner: "`server`",
        at: entry.keySpan
      ) {
        readServer(fields, &server.settings)
      }
    }
    applyOverrides(&server.settings)
    // What was given and refused is not replaced by the default.
    let given = server.node?.mapping
    if given?["listen"] == nil, overrides.listen?.isEmpty ?? true {
      listeners = server.settings.listen.compactMap { listener($0.text, at: server.nameSpan) }
    }
    if given?["admin"] == nil, overrides.admin == nil {
      adminListener = listener(server.settings.admin.text, at: server.nameSpan)
    }
    return server
  }

  private func readServer(_ fields: Fields, _ server: inout ServerSettings) {
    if let entry = fields["listen"] {
      let items = list(entry, of: "addresses", example: "listen: [127.0.0.1:8080]") ?? []
      listeners = items.compactMap { item in
        scalar(item, key: "listen", expected: "an address", at: item.useSpan)
          .flatMap { address(of: $0) }
      }
      if entry.value.sequence?.isEmpty == true {
        report(
          .wrongType(
            "listen",
            expected: "a list of addresses",
            got: "an empty list",
            example: "listen: [127.0.0.1:8080]",
            at: entry.value.span
          )
        )
      }
      server.listen = listeners.map { ServerSettings.Endpoint($0.text, place: place(of: $0.span)) }
    }
    if let entry = fields["admin"],
      let scalar = scalar(entry, expected: "an address", example: "admin: 127.0.0.1:9090"),
      let listener = address(of: scalar)
    {
      adminListener = listener
      server.admin = ServerSettings.Endpoint(listener.text, place: place(of: listener.span))
    }
    let oneGibibyte = 1 << 30
    if let bytes = quantity(fields, "max_body", .bytes, in: 1...oneGibibyte, "from 1B to 1GiB") {
      server.maxBody = bytes
    }
    if let entry = fields["timeout"] { readTimeouts(entry, &server.timeout) }
    if let entry = fields["durability"],
      let choice = choice(entry, ServerSettings.Durability.self)
    {
      server.durability = choice
    }
    if let entry = fields["on_ledger_failure"],
      let choice = choice(entry, ServerSettings.OnLedgerFailure.self)
    {
      server.onLedgerFailure = choice
    }
    if let entry = fields["expose"],
      let headers = choices(entry, ServerSettings.ExposedHeader.self)
    {
      server.expose = headers
    }
  }

  private func readTimeouts(_ entry: YAMLEntry, _ timeout: inout ServerSettings.Timeouts) {
    guard
      let fields = fields(
        of: entry.value,
        Schema.serverTimeout,
        key: "timeout",
        owner: "`server.timeout`",
        at: entry.keySpan
      )
    else { return }
    if let value = deadline(fields, "head") { timeout.head = value }
    if let value = deadline(fields, "body") { timeout.body = value }
    if let value = deadline(fields, "request") { timeout.request = value }
    if let value = deadline(fields, "idle") { timeout.idle = value }
    if let value = deadline(fields, "drain") { timeout.drain = value }
  }

  /// A duration that something waits for at most.
  func deadline(_ fields: Fields, _ key: String) -> Duration? {
    quantity(fields, key, .duration, in: .milliseconds(1)...(.seconds(86_400)), "from 1ms to 1d")
  }

  private func address(of scalar: YAMLScalar) -> Listener? {
    listener(scalar.text, at: scalar.span)
  }

  private func listener(_ text: String, at span: SourceSpan) -> Listener? {
    guard let endpoint = EndpointText(text) else {
      let reason = text.contains(":") ? "that is not HOST:PORT" : "it names no port"
      report(.badAddress(text, reason: reason, at: span))
      return nil
    }
    return Listener(text: text, endpoint: endpoint, span: span)
  }

  /// Puts flags over what the files say; a file that says otherwise is told.
  private func applyOverrides(_ server: inout ServerSettings) {
    if let texts = overrides.listen, !texts.isEmpty {
      let given = texts.map { ($0, addFlag("--listen", $0)) }
      if sections[.server]?.value.mapping?["listen"] != nil, listeners.map(\.text) != texts {
        tellOverridden("listen", "--listen", given.first?.1)
      }
      listeners = given.compactMap { listener($0.0, at: $0.1) }
      server.listen = texts.map { ServerSettings.Endpoint($0) }
    }
    if let text = overrides.admin {
      let span = addFlag("--admin", text)
      if sections[.server]?.value.mapping?["admin"] != nil, adminListener?.text != text {
        tellOverridden("admin", "--admin", span)
      }
      adminListener = listener(text, at: span)
      server.admin = ServerSettings.Endpoint(text)
    }
  }

  private func tellOverridden(_ key: String, _ flag: String, _ flagSpan: SourceSpan?) {
    guard let entry = sections[.server]?.value.mapping?[key], let flagSpan else { return }
    report(.overriddenByFlag(key, flag: flag, at: entry.value.span, flagAt: flagSpan))
  }
}
