import SluiceCore
import SluiceJSON
import SluicePipeline
import SluicePolicy
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

  /// Which answers are to be forgotten, and why.
  struct Invalidation: Equatable {
    var selection: CacheSelection
    /// The empty string: none was said.
    var reason: String
    var by: String
  }

  /// Exactly one of `product`, `tag`, `key` and `everything`, and perhaps `reason` and `by`.
  static func invalidation(_ body: [UInt8]) throws(AdminError) -> Invalidation {
    let usage =
      "Send exactly one of {\"product\": \"NAME\"}, {\"tag\": \"NAME\"}, {\"key\": \"64 hexadecimal "
      + "digits\"} and {\"everything\": true}, and if you like \"reason\": \"WHY\" and "
      + "\"by\": \"WHO\"; a reason has up to \(Bounds.reasonBytes) bytes."
    var texts: [String: String] = [:]
    var selections: [CacheSelection] = []
    for (name, value, document) in try members(of: body) {
      if name == "everything", document.bool(value) == true {
        selections.append(.everything)
        continue
      }
      guard let text = document.string(value), !text.isEmpty,
        text.utf8.count <= Bounds.reasonBytes
      else { throw .badBody(usage) }
      switch name {
      case "product": selections.append(.product(text))
      case "tag": selections.append(.tag(text))
      case "key":
        guard let digest = Digest(hex: text) else { throw .badBody(usage) }
        selections.append(.key(digest))
      case "reason", "by": texts[name] = text
      default: throw .badBody(usage)
      }
    }
    guard selections.count == 1, let selection = selections.first else { throw .badBody(usage) }
    return Invalidation(
      selection: selection,
      reason: texts["reason"] ?? "",
      by: texts["by"] ?? "admin"
    )
  }

  /// Whose semantic hits need the declared score again, and why.
  struct SemanticReset: Equatable {
    var product: String
    var reason: String
    var by: String
  }

  /// `product` and `reason`, and perhaps `by`.
  static func semanticReset(_ body: [UInt8]) throws(AdminError) -> SemanticReset {
    let usage =
      "Send {\"product\": \"NAME\", \"reason\": \"WHY\"}, and \"by\": \"WHO\" if you like; a "
      + "reason has up to \(Bounds.reasonBytes) bytes."
    var texts: [String: String] = [:]
    for (name, value, document) in try members(of: body) {
      guard ["product", "reason", "by"].contains(name), let text = document.string(value),
        !text.isEmpty, text.utf8.count <= Bounds.reasonBytes
      else { throw .badBody(usage) }
      texts[name] = text
    }
    guard let product = texts["product"], let reason = texts["reason"] else {
      throw .badBody(usage)
    }
    return SemanticReset(product: product, reason: reason, by: texts["by"] ?? "admin")
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

  /// `do`, `scope` and `reason`, and perhaps `for`, `running` and `by`.
  static func kill(_ body: [UInt8]) throws(AdminError) -> SwitchTable.Kill {
    let usage =
      "Send {\"do\": \"deny\" or \"cache_only\", \"scope\": \"everything\" or an object of some of "
      + "tenant, user, product, tier, model and key, \"reason\": \"WHY\"}, and if you like "
      + "\"for\": \"15m\", \"running\": \"finish\" or \"cut\" and \"by\": \"WHO\"; "
      + "a reason has up to \(Bounds.reasonBytes) bytes."
    var texts: [String: String] = [:]
    var scope: KillScope?
    for (name, value, document) in try members(of: body) {
      if name == "scope" {
        scope = self.scope(value, document)
        guard scope != nil else { throw .badBody(usage) }
        continue
      }
      if name == "for", document.isNull(value) { continue }
      guard ["do", "for", "running", "reason", "by"].contains(name),
        let text = document.string(value), !text.isEmpty, text.utf8.count <= Bounds.reasonBytes
      else { throw .badBody(usage) }
      texts[name] = text
    }
    guard let scope, let action = texts["do"].flatMap(KillSwitchSettings.Action.init(rawValue:)),
      let reason = texts["reason"], ["finish", "cut", nil].contains(texts["running"])
    else { throw .badBody(usage) }
    var seconds: Int64?
    if let text = texts["for"] {
      guard let length = DurationText.nanoseconds(of: text), length >= 1_000_000_000 else {
        throw .badBody("`for` is a duration of a second or more: 90s, 15m, 1h30m.")
      }
      seconds = length / 1_000_000_000
    }
    return SwitchTable.Kill(
      scope: scope,
      action: action,
      duration: seconds,
      cutsRunning: texts["running"] == "cut",
      reason: reason,
      by: texts["by"] ?? "admin"
    )
  }

  /// What is to be released, and why.
  struct Revival: Equatable {
    /// `nil`: all that is on.
    var selection: SwitchTable.Selection?
    var reason: String
    var by: String
  }

  /// `scope`, or `switch` and perhaps `key`, or `everything`; with `reason`, and perhaps `by`.
  static func revival(_ body: [UInt8]) throws(AdminError) -> Revival {
    let usage =
      "Send one of {\"scope\": as it was killed}, {\"switch\": \"NAME\", and \"key\": \"VALUE\" if you "
      + "like} and {\"everything\": true}, with \"reason\": \"WHY\", and \"by\": \"WHO\" if you like."
    var texts: [String: String] = [:]
    var scope: KillScope?
    var isEverything = false
    for (name, value, document) in try members(of: body) {
      switch name {
      case "scope":
        scope = self.scope(value, document)
        guard scope != nil else { throw .badBody(usage) }
      case "everything":
        guard document.bool(value) == true else { throw .badBody(usage) }
        isEverything = true
      default:
        guard ["switch", "key", "reason", "by"].contains(name), let text = document.string(value),
          !text.isEmpty || name == "key", text.utf8.count <= Bounds.reasonBytes
        else { throw .badBody(usage) }
        texts[name] = text
      }
    }
    let named = [scope != nil, texts["switch"] != nil, isEverything].count { $0 }
    guard named == 1, let reason = texts["reason"], texts["key"] == nil || texts["switch"] != nil
    else { throw .badBody(usage) }
    let selection =
      scope.map(SwitchTable.Selection.scope)
      ?? texts["switch"].map { SwitchTable.Selection.rule($0, key: texts["key"]) }
    return Revival(selection: selection, reason: reason, by: texts["by"] ?? "admin")
  }

  /// `"everything"`, or an object of values.
  private static func scope(_ value: JSONValue, _ document: JSONDocument) -> KillScope? {
    if let text = document.string(value) { return text == "everything" ? .everything : nil }
    guard document.kind(of: value) == .object, document.repeatedKey(in: value) == nil else {
      return nil
    }
    var values: [KillScope.Field: String] = [:]
    for member in document.members(of: value) {
      guard let field = document.string(member.key).flatMap(KillScope.Field.init(rawValue:)),
        let text = document.string(member.value), !text.isEmpty,
        text.utf8.count <= Bounds.identityBytes
      else { return nil }
      values[field] = text
    }
    // An empty object is more likely a mistake than a wish to stop everything.
    return values.isEmpty ? nil : KillScope(values)
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
    case .key(let digest): ("key", digest.hex)
    }
  }
}
