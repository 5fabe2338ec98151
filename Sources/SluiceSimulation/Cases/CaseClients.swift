import SluiceCore
import SluiceDialects
import SluiceJSON
import SluiceLanguage
import SluicePipeline

/// The clients of a case: the keys that they show, and the requests that they write.
struct CaseClients: KeyDirectory {
  private var keys: [(identity: TestIdentity.Key, text: String)] = []
  private var records: [Digest: KeyRecord] = [:]

  init(of test: TestCase) {
    for step in test.steps {
      guard let identity = step.ask?.identity.key,
        case .issued(let tenant, let user, let tier, let products) = identity,
        key(of: identity) == nil
      else { continue }
      let text = "sk-sluice-test-\(keys.count)"
      let digest = Digest(of: Array(text.utf8))
      records[digest] = KeyRecord(
        id: "key_\(keys.count)",
        digest: digest,
        tenant: tenant,
        user: user,
        tier: tier,
        products: products,
        expiresAt: nil
      )
      keys.append((identity, text))
    }
  }

  func record(of digest: Digest) -> KeyRecord? { records[digest] }

  private func key(of identity: TestIdentity.Key) -> String? {
    switch identity {
    case .none: nil
    case .unknown: "sk-sluice-test-unknown"
    case .issued: keys.first { $0.identity == identity }?.text
    }
  }

  /// One client's request, to be sent at a time from the start of the gateway.
  func ask(_ ask: TestAsk, after nanoseconds: Int64) -> Ask {
    var fields: [WireRequest.Field] = []
    if let key = key(of: ask.identity.key) {
      fields.append(WireRequest.Field("authorization", "Bearer \(key)"))
    }
    if let product = ask.identity.product {
      fields.append(WireRequest.Field("x-sluice-product", product))
    }
    fields += ask.headers.map { WireRequest.Field($0.name, $0.value) }
    var made = Ask(after: nanoseconds, question: "")
    made.wire = WireRequest(
      service: ask.path.service,
      fields: fields,
      body: ask.bytes,
      peer: ask.identity.address
    )
    made.leavesAfter = ask.leavesAfter?.nanoseconds
    return made
  }
}

extension TestAsk.Path {
  var service: Service {
    switch self {
    case .chat: .chat
    case .completions: .completions
    case .embeddings: .embeddings
    case .models: .models
    }
  }
}

extension TestAsk {
  fileprivate var bytes: [UInt8] {
    guard path != .models else { return [] }
    switch body {
    case .verbatim(let text): return Array(text.utf8)
    case .prompt(let prompt): return prompt.bytes(for: path)
    }
  }
}

extension TestPrompt {
  fileprivate func bytes(for path: TestAsk.Path) -> [UInt8] {
    var writer = JSONWriter(reservingCapacity: 128 + text.utf8.count)
    writer.beginObject()
    writer.key("model")
    writer.string(model)
    switch path {
    case .chat, .models:
      writer.key("messages")
      writer.beginArray()
      for (role, content) in [("system", system), ("user", text)] {
        guard let content else { continue }
        writer.beginObject()
        writer.key("role")
        writer.string(role)
        writer.key("content")
        writer.string(content)
        writer.endObject()
      }
      writer.endArray()
    case .completions:
      writer.key("prompt")
      writer.string(text)
    case .embeddings:
      writer.key("input")
      writer.string(text)
    }
    if isStreaming {
      writer.key("stream")
      writer.bool(true)
    }
    if let maxTokens {
      writer.key("max_tokens")
      writer.int(maxTokens)
    }
    if let choices {
      writer.key("n")
      writer.int(choices)
    }
    writer.endObject()
    return writer.bytes
  }
}
