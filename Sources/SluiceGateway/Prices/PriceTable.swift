import SluiceCore
import SluiceJSON
import SluicePolicy

/// The prices in LiteLLM's `model_prices_and_context_window.json`, and what of them does not fit.
///
/// A map of models to objects whose `…_cost…` fields are dollars a token. Numbers are taken as they
/// are written, digit by digit: nothing passes through a binary fraction.
struct PriceTable {
  /// What could not be carried over, or not exactly.
  struct Remark: Hashable, Comparable {
    enum Kind: Int, Hashable {
      /// The price was rounded up to a whole nano-dollar a million tokens.
      case rounded
      /// The table has nothing for its tokens, which may mean that nobody knows.
      case free
      /// The model is not in the result.
      case model
      /// The model is, without this.
      case field
    }
    let kind: Kind
    let text: String

    static func < (left: Self, right: Self) -> Bool {
      (left.kind.rawValue, left.text) < (right.kind.rawValue, right.text)
    }
  }

  private(set) var prices: [String: ModelSettings.Price] = [:]
  /// By remark: the models it is about, in order.
  private(set) var remarks: [Remark: [String]] = [:]
  /// Every model of the table, with its provider.
  private(set) var providers: [String: String] = [:]

  /// Kinds of models whose requests are counted in tokens only.
  private static let modes: Set<String> = ["chat", "completion", "responses", "embedding"]
  /// Entries that are no models.
  private static let notModels: Set<String> = ["sample_spec", "fallback_generalizations"]

  private typealias RateKey = any WritableKeyPath<Rates, TokenPrice?> & Sendable

  private static let rates: [(field: String, key: RateKey)] = [
    ("input_cost_per_token", \.input),
    ("cache_read_input_token_cost", \.cachedInput),
    // Another name for the same, of one provider.
    ("input_cost_per_token_cache_hit", \.cachedInput),
    ("input_cost_per_audio_token", \.audioInput),
    ("output_cost_per_token", \.output),
    ("output_cost_per_reasoning_token", \.reasoning),
    ("output_cost_per_audio_token", \.audioOutput),
  ]

  /// The rates of one band while they are gathered.
  private struct Rates {
    var input: TokenPrice?
    var cachedInput: TokenPrice?
    var audioInput: TokenPrice?
    var output: TokenPrice?
    var reasoning: TokenPrice?
    var audioOutput: TokenPrice?

    var whole: ModelSettings.Price.Rates? {
      guard let input, let output else { return nil }
      return .init(
        input: input,
        cachedInput: cachedInput,
        audioInput: audioInput,
        output: output,
        reasoning: reasoning,
        audioOutput: audioOutput
      )
    }
  }

  /// Reads the table; takes the models that `isWanted` picks by name and provider.
  init(
    _ bytes: [UInt8],
    where isWanted: (_ name: String, _ provider: String) -> Bool
  ) throws(Refusal) {
    let document: JSONDocument
    do {
      document = try JSONDocument(bytes)
    } catch {
      throw Refusal("the table is no JSON: \(error)", status: .errors)
    }
    guard document.kind(of: document.root) == .object else {
      throw Refusal("the table is no map of models", status: .errors)
    }
    for member in document.members(of: document.root) {
      guard let name = document.string(member.key), !Self.notModels.contains(name) else { continue }
      let provider =
        document.member("litellm_provider", of: member.value).flatMap { document.string($0) } ?? ""
      guard providers.updateValue(provider, forKey: name) == nil else {
        throw Refusal("`\(name)` stands twice in the table", status: .errors)
      }
      if isWanted(name, provider) { take(name, member.value, document) }
    }
  }

  private mutating func take(_ name: String, _ model: JSONValue, _ document: JSONDocument) {
    let mode = document.member("mode", of: model).flatMap { document.string($0) } ?? "chat"
    guard Self.modes.contains(mode) else { return remark(.model, "mode `\(mode)`", name) }
    var bands: [Int: Rates] = [:]
    var rounded: [String] = []
    var left: Set<String> = []
    for member in document.members(of: model) {
      guard let field = document.string(member.key), Self.isOfMoney(field) else { continue }
      guard let (count, rate) = Self.place(of: field) else {
        if !Self.isNothing(member.value, document) { left.insert(Self.subject(of: field)) }
        continue
      }
      guard let (price, isExact) = Self.price(member.value, document) else {
        left.insert("`\(field)` that is no price")
        continue
      }
      bands[count, default: Rates()][keyPath: rate] = price
      if !isExact { rounded.append(field) }
    }
    // Embeddings have no output to pay for.
    if mode == "embedding", bands[0]?.output == nil { bands[0]?.output = .free }
    guard let base = bands.removeValue(forKey: 0)?.whole else {
      return remark(.model, "no price of a token of input and of output", name)
    }
    var thresholds: [ModelSettings.Price.Threshold] = []
    for (count, rates) in bands.sorted(by: { $0.key < $1.key }) {
      guard let rates = rates.whole else {
        left.insert("rates above \(count) tokens that lack input or output")
        continue
      }
      thresholds.append(.init(above: count, rates: rates))
    }
    let price = ModelSettings.Price(base, thresholds: thresholds)
    prices[name] = price
    if price == .free { remark(.free, "`free`", name) }
    for field in rounded { remark(.rounded, "`\(field)`", name) }
    for subject in left { remark(.field, subject, name) }
  }

  private mutating func remark(_ kind: Remark.Kind, _ text: String, _ model: String) {
    remarks[Remark(kind: kind, text: text), default: []].append(model)
  }

  /// Whether a field says what something costs.
  private static func isOfMoney(_ field: String) -> Bool {
    ["cost", "pricing", "uplift"].contains { field.contains($0) }
  }

  /// What a field without a place is about; the first that fits.
  private static let subjects: [(subject: String, marks: [String])] = [
    (
      "other levels of service",
      ["_batches", "_flex", "_priority", "_balanced", "_ultrafast", "_decisions"]
    ),
    ("writing to the upstream's cache", ["cache_creation"]),
    ("surcharges by region", ["uplift"]),
    ("prices by the hour or by bands", ["off_peak", "tiered"]),
    ("cached audio and images", ["cache_read"]),
    ("searches, tools and files", ["search", "grounding", "session", "query", "citation"]),
    ("images, by image, pixel or token", ["image", "pixel"]),
    ("video, by second or token", ["video"]),
    ("sound and time, by second", ["second"]),
    ("text, by character", ["character"]),
    ("requests, each", ["request"]),
  ]

  private static func subject(of field: String) -> String {
    subjects.first { $0.marks.contains { field.contains($0) } }?.subject ?? "`\(field)`"
  }

  /// Which rate a field is, and above how many tokens; nil if it is none that has a place.
  private static func place(
    of field: String
  ) -> (above: Int, rate: RateKey)? {
    for rate in rates {
      if field == rate.field { return (0, rate.key) }
      let head = rate.field + "_above_"
      guard field.hasPrefix(head), field.hasSuffix("k_tokens"),
        let thousands = Int(field.dropFirst(head.count).dropLast("k_tokens".count)),
        thousands > 0, thousands < 1_000_000
      else { continue }
      return (thousands * 1_000, rate.key)
    }
    return nil
  }

  /// Whether a value says that nothing is to be paid.
  private static func isNothing(_ value: JSONValue, _ document: JSONDocument) -> Bool {
    switch document.kind(of: value) {
    case .null: true
    case .object: document.members(of: value).allSatisfy { isNothing($0.value, document) }
    default: document.double(value) == 0
    }
  }

  /// Dollars a token as nano-dollars a million; nil for what is no price.
  private static func price(
    _ value: JSONValue,
    _ document: JSONDocument
  ) -> (price: TokenPrice, isExact: Bool)? {
    guard document.kind(of: value) == .number else { return nil }
    return DecimalPrice.reading(String(decoding: document.text(of: value), as: UTF8.self))
  }
}

/// A JSON number of dollars a token, digit by digit.
enum DecimalPrice {
  /// Digits that are kept; more of them are no price.
  private static let digits = 25

  /// Reads `1.5e-07` as 150,000,000 nano-dollars a million tokens, exactly if that is a whole
  /// number, else rounded up; nil for what is negative, beyond all reason or no number.
  static func reading(_ text: String) -> (price: TokenPrice, isExact: Bool)? {
    let parts = text.lowercased().split(separator: "e", omittingEmptySubsequences: false)
    guard parts.count <= 2, let head = parts.first, !head.isEmpty else { return nil }
    var exponent = 0
    if parts.count == 2 {
      guard let given = Int(parts[1]), abs(given) < 100 else { return nil }
      exponent = given
    }
    var mantissa: Int128 = 0
    var count = 0
    var isFraction = false
    for byte in head.utf8 {
      if byte == UInt8(ascii: "."), !isFraction {
        isFraction = true
        continue
      }
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      if mantissa > 0 || byte > UInt8(ascii: "0") { count += 1 }
      guard count <= digits else { return nil }
      mantissa = mantissa * 10 + Int128(byte - UInt8(ascii: "0"))
      if isFraction { exponent -= 1 }
    }
    guard mantissa > 0 else { return (.free, true) }
    // A dollar is 10⁹ nano-dollars, and the price is for 10⁶ tokens.
    let shift = exponent + 15
    var isExact = true
    if shift >= 0 {
      for _ in 0..<shift {
        guard mantissa < Int128(Int64.max) else { return nil }
        mantissa *= 10
      }
    } else {
      for _ in 0..<(-shift) where mantissa > 0 {
        isExact = isExact && mantissa % 10 == 0
        mantissa /= 10
      }
      if !isExact { mantissa += 1 }
    }
    return Int64(exactly: mantissa).map { (TokenPrice(nanoDollarsPerMillion: $0), isExact) }
  }
}
