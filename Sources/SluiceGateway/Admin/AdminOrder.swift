import SluiceCore
import SluiceJSON
import SluicePipeline
import SluiceStages

/// The bodies of what changes something, read strictly: a misspelt member is refused, since it
/// might have been the one that narrows the order down.
enum AdminOrder {
  /// `{}`, nothing, or `{"force": true}`.
  static func isForced(_ body: [UInt8]) throws(AdminError) -> Bool {
    guard !body.isEmpty else { return false }
    var isForced = false
    for (name, value, document) in try members(of: body) {
      guard name == "force", let flag = document.bool(value) else {
        throw .badBody("The body may be empty, or `{\"force\": true}`.")
      }
      isForced = flag
    }
    return isForced
  }

  /// `{}` or nothing.
  static func checkEmpty(_ body: [UInt8]) throws(AdminError) {
    guard body.isEmpty else {
      guard try members(of: body).isEmpty else { throw .badBody("The body must be empty or `{}`.") }
      return
    }
  }

  /// Exactly one of `product`, `tag`, `key` and `everything`.
  static func selection(_ body: [UInt8]) throws(AdminError) -> CacheSelection {
    let usage =
      "Send exactly one of {\"product\": \"NAME\"}, {\"tag\": \"NAME\"}, {\"key\": \"64 hexadecimal "
      + "digits\"} and {\"everything\": true}."
    let found = try members(of: body)
    guard found.count == 1, let (name, value, document) = found.first else { throw .badBody(usage) }
    let text = document.string(value)
    switch name {
    case "product":
      if let text, !text.isEmpty { return .product(text) }
    case "tag":
      if let text, !text.isEmpty { return .tag(text) }
    case "key":
      if let text, let digest = Digest(hex: text) { return .key(digest) }
    case "everything":
      if document.bool(value) == true { return .everything }
    default: break
    }
    throw .badBody(usage)
  }

  /// What is decided for a breaker, and why.
  struct Forcing: Equatable {
    var model: String
    /// `nil`: the decision is given back.
    var to: Breaker.Force?
    var reason: String
    var by: String

    /// `open`, `closed`, `automatic`.
    var word: String { to?.rawValue ?? Self.automatic }
    static let automatic = "automatic"
  }

  /// `model`, `to` and `reason`, and perhaps `by`.
  static func forcing(_ body: [UInt8]) throws(AdminError) -> Forcing {
    let usage =
      "Send {\"model\": \"NAME\", \"to\": \"open\", \"closed\" or \"automatic\", "
      + "\"reason\": \"WHY\"}, and \"by\": \"WHO\" if you like; a reason has up to "
      + "\(Bounds.reasonBytes) bytes."
    var texts: [String: String] = [:]
    for (name, value, document) in try members(of: body) {
      guard ["model", "to", "reason", "by"].contains(name), let text = document.string(value),
        !text.isEmpty, text.utf8.count <= Bounds.reasonBytes
      else { throw .badBody(usage) }
      texts[name] = text
    }
    guard let model = texts["model"], let to = texts["to"], let reason = texts["reason"],
      let force = to == Forcing.automatic
        ? .some(nil) : Breaker.Force(rawValue: to).map(Optional.some)
    else { throw .badBody(usage) }
    return Forcing(model: model, to: force, reason: reason, by: texts["by"] ?? "admin")
  }

  private static func members(
    of body: [UInt8]
  ) throws(AdminError) -> [(name: String, value: JSONValue, document: JSONDocument)] {
    let document: JSONDocument
    do throws(JSONError) {
      document = try JSONDocument(body)
    } catch {
      throw .badBody("The body is not valid JSON: \(error).")
    }
    guard document.kind(of: document.root) == .object else {
      throw .badBody("The body must be a JSON object.")
    }
    guard document.repeatedKey(in: document.root) == nil else {
      throw .badBody("A member stands twice in the body.")
    }
    return document.members(of: document.root)
      .map {
        (document.string($0.key) ?? "", $0.value, document)
      }
  }
}

extension CacheSelection {
  /// The word of the selection, and the name that it was given.
  var words: (selection: String, name: String) {
    switch self {
    case .everything: ("everything", "")
    case .product(let name): ("product", name)
    case .tag(let name): ("tag", name)
    case .key: ("key", "")
    }
  }
}
