import SluiceCore
import SluicePolicy

extension Binder {
  /// Binds `identity`; without it, anonymous callers are let in with nothing set.
  func bindIdentity() -> Declared<IdentitySettings> {
    let entries = sections.identity.entries
    guard let head = sections[.identity] else {
      return Declared(nameSpan: beginning, node: nil, settings: IdentitySettings())
    }
    var mapping = YAMLMapping()
    for entry in entries { _ = mapping.append(entry) }
    let node = YAMLNode(.mapping(mapping), span: head.value.span)
    var identity = Declared(nameSpan: head.keySpan, node: node, settings: IdentitySettings())
    identity.settings.anonymous = nil
    identity.settings.place = place(of: head.keySpan)
    guard
      let fields = fields(
        of: node,
        Schema.identity,
        key: "identity",
        owner: "`identity`",
        at: head.keySpan
      )
    else { return identity }
    if let entry = fields["keys"], let scalar = text(entry, expected: "a file name") {
      identity.settings.keys = keysFile(scalar)
    }
    if let entry = fields["headers"] { readHeaders(entry, &identity.settings) }
    if let entry = fields["anonymous"] { identity.settings.anonymous = anonymous(entry) }
    return identity
  }

  private func keysFile(_ scalar: YAMLScalar) -> String? {
    guard !scalar.text.hasPrefix("/"), !scalar.text.split(separator: "/").contains("..") else {
      report(
        .badQuantity(
          "keys",
          scalar.text,
          kind: "a file in the state folder",
          examples: ["keys.jsonl"],
          at: scalar.span
        )
      )
      return nil
    }
    return scalar.text
  }

  private func readHeaders(_ entry: YAMLEntry, _ identity: inout IdentitySettings) {
    guard
      let fields = fields(
        of: entry.value,
        Schema.headers,
        key: "headers",
        owner: "`identity.headers`",
        at: entry.keySpan
      )
    else { return }
    if let entry = required("trust_from", fields, example: "trust_from: [10.0.0.0/8]"),
      let items = list(entry, of: "networks", example: "trust_from: [10.0.0.0/8]")
    {
      identity.trustFrom = items.compactMap(network)
    }
    if let entry = fields["accept"],
      let headers = choices(entry, IdentitySettings.AcceptedHeader.self)
    {
      identity.accept = headers
    }
  }

  private func network(_ item: YAMLNode) -> Network? {
    guard
      let scalar = scalar(item, key: "trust_from", expected: "a network", at: item.useSpan)
    else { return nil }
    if let network = Network(scalar.text) { return network }
    let parts = scalar.text.split(separator: "/", omittingEmptySubsequences: false)
    let reason =
      if parts.count == 2, let address = HostAddress(parts[0]), let bits = Int(parts[1]),
        bits <= (address.isIPv4 ? 32 : 128), bits >= 0
      {
        "bits are set behind the prefix; write `\(Network(prefix: address, bits: bits + (address.isIPv4 ? 96 : 0)))`"
      } else {
        "that is neither an address nor a block of them"
      }
    report(.badNetwork(scalar.text, reason: reason, at: scalar.span))
    return nil
  }

  private func anonymous(_ entry: YAMLEntry) -> IdentitySettings.Anonymous? {
    guard entry.value.mapping != nil else {
      return boolean(entry) == true ? IdentitySettings.Anonymous() : nil
    }
    var anonymous = IdentitySettings.Anonymous()
    guard
      let fields = fields(
        of: entry.value,
        Schema.anonymous,
        key: "anonymous",
        owner: "`identity.anonymous`",
        at: entry.keySpan
      )
    else { return nil }
    if let entry = fields["tier"], let scalar = text(entry, expected: "the name of a tier") {
      anonymous.tier = reference(scalar, to: .tiers) ?? ""
    }
    if let entry = fields["products"] {
      anonymous.products = references(entry, to: .products) ?? []
    }
    return anonymous
  }
}
