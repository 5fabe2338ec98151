import SluiceCore
import SluiceJSON
import SluiceLanguage
import SluicePolicy

/// Prints the bounds of a policy's cost, for people and for programs.
struct CostPrinter {
  private let bounds: CostBounds
  private let path: String
  private let date: CivilDate
  private let choices: Int

  init(_ bounds: CostBounds, of path: String, on date: CivilDate, choices: Int) {
    self.bounds = bounds
    self.path = path
    self.date = date
    self.choices = choices
  }

  private var assumptions: [String] {
    let one = "a request asks for one answer; one that asks for more (`n`) pays the output of each"
    let many = "a request asks for \(choices) answers (`n`), and pays the output of each"
    return [choices == 1 ? one : many] + CostBounds.assumptions
  }

  // MARK: for people

  func table(hasColor: Bool) -> String {
    var text = "The most that \(path) permits, at the prices of \(date)\n"
    text += Columns(
      ["A request", "if nothing fails", "if every try is paid", "made of"],
      bounds.routes.map { route in
        guard let request = route.request else {
          return ["route \(route.name)", "-", "-", "no tier reaches a model"]
        }
        return [
          "route \(route.name)", Self.money(request.attempt), Self.money(request.allTries),
          Self.ways(request),
        ]
      }
    )
    .text(hasColor)
    text += Columns(
      ["A day", "requests", "if nothing fails", "bound by", "if every try is paid", "bound by"],
      bounds.users.map { day($0.day, of: "a user, \(Self.tier($0.tier))") }
        + [day(bounds.everybody.day, of: "all users")]
    )
    .text(hasColor)
    if !bounds.budgets.isEmpty {
      text += Columns(
        ["A budget", "limit", "lasts at an even pace", "at the earliest", "paced by"],
        bounds.budgets.map(row)
      )
      .text(hasColor)
    }
    if !bounds.unpriced.isEmpty {
      text += "\nNot priced, and counted as nothing: \(bounds.unpriced.joined(separator: ", "))\n"
    }
    text += "\nAssumed\n"
    for assumption in assumptions { text += "  - \(assumption)\n" }
    return text
  }

  private func day(_ day: CostBounds.Day, of whom: String) -> [String] {
    [
      whom, day.requests.map { Self.grouped("\($0)") } ?? Self.unlimited,
      day.smooth.map(Self.money) ?? Self.unlimited, day.smoothBy ?? "-",
      day.worst.map(Self.money) ?? Self.unlimited, day.worstBy ?? "-",
    ]
  }

  private func row(_ budget: CostBounds.Budget) -> [String] {
    let whose = budget.tier.map { ", \(Self.tier($0))" } ?? ""
    let head = [
      "\(budget.name)\(whose)", "\(Self.money(budget.limit)) a \(budget.window.rawValue)",
    ]
    switch budget.runway {
    case .unlimited: return head + ["no time: no limit bounds it", "at once", "-"]
    case .never: return head + ["never runs out", "-", budget.pacedBy ?? "-"]
    case .after(let even, let earliest):
      return head + [
        Self.rough(even), earliest == .zero ? "at once" : Self.rough(earliest),
        budget.pacedBy ?? "-",
      ]
    }
  }

  private static let unlimited = "unlimited"

  private static func tier(_ name: String) -> String { name.isEmpty ? "no tier" : "tier \(name)" }

  /// `3 × gpt-4, 3 × gpt-4-turbo`, and what keeps it lower.
  private static func ways(_ request: CostBounds.Request) -> String {
    let steps = request.steps.map { "\($0.tries) x \($0.model)" }.joined(separator: ", ")
    return request.cappedBy.map { "\(steps); held by budget \($0)" } ?? steps
  }

  /// Dollars, rounded up to cents from a dollar on, else to a hundredth of a cent.
  private static func money(_ amount: NanoDollars) -> String {
    guard amount.count < .max else { return "more than $\(grouped("9200000000"))" }
    let step: Int64 = amount.count >= NanoDollars.perDollar ? 10_000_000 : 100_000
    let (quotient, rest) = amount.count.quotientAndRemainder(dividingBy: step)
    let (product, overflowed) = (rest > 0 ? quotient + 1 : quotient)
      .multipliedReportingOverflow(by: step)
    let text = NanoDollars(overflowed ? amount.count : product).description
    let parts = text.split(separator: ".")
    return "$\(grouped(String(parts[0]))).\(parts[1])"
  }

  /// `5000000` as `5,000,000`.
  private static func grouped(_ digits: String) -> String {
    var text = ""
    for (position, digit) in digits.enumerated() {
      if position > 0, (digits.count - position) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }

  /// A duration cut to its two largest units: `2h13m`, `41s`.
  private static func rough(_ duration: Duration) -> String {
    let seconds = duration.components.seconds
    guard seconds >= 1 else { return "less than 1s" }
    let step: Int64 =
      switch seconds {
      case 86_400...: 3_600
      case 3_600...: 60
      default: 1
      }
    return Duration.seconds(seconds / step * step).text
  }

  // MARK: for programs

  var json: String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("bundle", path)
    writer.member("prices_of", "\(date)")
    writer.member("choices", choices)
    list("routes", bounds.routes, &writer) { route, writer in
      writer.member("route", route.name)
      request(route.request, &writer)
    }
    list("users", bounds.users, &writer) { user, writer in
      writer.member("tier", user.tier)
      request(user.request, &writer)
      day(user.day, &writer)
    }
    writer.key("all_users")
    writer.beginObject()
    request(bounds.everybody.request, &writer)
    day(bounds.everybody.day, &writer)
    writer.endObject()
    list("budgets", bounds.budgets, &writer) { budget, writer in
      writer.member("budget", budget.name)
      writer.key("tier")
      if let tier = budget.tier { writer.string(tier) } else { writer.null() }
      writer.member("per", budget.window.rawValue)
      writer.member("limit_dollars", "\(budget.limit)")
      runway(budget, &writer)
    }
    writer.member("unpriced", bounds.unpriced)
    writer.member("assumptions", assumptions)
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self) + "\n"
  }

  private func list<Element>(
    _ name: String,
    _ elements: [Element],
    _ writer: inout JSONWriter,
    _ body: (Element, inout JSONWriter) -> Void
  ) {
    writer.key(name)
    writer.beginArray()
    for element in elements {
      writer.beginObject()
      body(element, &writer)
      writer.endObject()
    }
    writer.endArray()
  }

  private func request(_ request: CostBounds.Request?, _ writer: inout JSONWriter) {
    writer.key("request")
    guard let request else { return writer.null() }
    writer.beginObject()
    writer.member("attempt_dollars", "\(request.attempt)")
    writer.member("all_tries_dollars", "\(request.allTries)")
    list("steps", request.steps, &writer) { step, writer in
      writer.member("model", step.model)
      writer.member("tries", step.tries)
      writer.member("try_dollars", "\(step.cost)")
    }
    name("held_by", request.cappedBy, &writer)
    writer.endObject()
  }

  private func day(_ day: CostBounds.Day, _ writer: inout JSONWriter) {
    writer.key("day")
    writer.beginObject()
    writer.key("requests")
    if let requests = day.requests { writer.int(requests) } else { writer.null() }
    name("requests_bound_by", day.requestsBy, &writer)
    name("dollars", day.smooth.map { "\($0)" }, &writer)
    name("dollars_bound_by", day.smoothBy, &writer)
    name("all_tries_dollars", day.worst.map { "\($0)" }, &writer)
    name("all_tries_bound_by", day.worstBy, &writer)
    writer.endObject()
  }

  private func runway(_ budget: CostBounds.Budget, _ writer: inout JSONWriter) {
    writer.key("runway")
    writer.beginObject()
    switch budget.runway {
    case .unlimited: writer.member("kind", "unlimited")
    case .never: writer.member("kind", "never")
    case .after(let even, let earliest):
      writer.member("kind", "after")
      writer.member("seconds", even.components.seconds)
      writer.member("earliest_seconds", earliest.components.seconds)
    }
    name("paced_by", budget.pacedBy, &writer)
    writer.endObject()
  }

  private func name(_ key: String, _ name: String?, _ writer: inout JSONWriter) {
    writer.key(key)
    if let name { writer.string(name) } else { writer.null() }
  }
}

extension Columns {
  /// Rows that nothing bounds are yellow.
  fileprivate func text(_ hasColor: Bool) -> String {
    text(hasColor) { $0.contains("unlimited") || $0.contains("at once") ? 33 : nil }
  }
}
