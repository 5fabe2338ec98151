package import SluiceCore
import SluiceLanguage

/// Something that a policy does with requests, and that another may do otherwise.
package struct Aspect: Hashable, Sendable {
  /// In the order in which they are told.
  package enum Group: String, Sendable, CaseIterable {
    case identity, routing, cache, limits, money, upstreams, server
  }

  package var group: Group
  /// `limit per-user, tier premium`.
  package var subject: String

  package init(_ group: Group, _ subject: String) {
    self.group = group
    self.subject = subject
  }
}

/// One side of a difference.
package struct Fact: Hashable, Sendable {
  package var text: String
  package var place: SourcePlace

  package init(_ text: String, at place: SourcePlace) {
    self.text = text
    self.place = place
  }
}

/// What a request meets under one policy and not under another.
package struct Difference: Hashable, Sendable {
  package enum Kind: String, Sendable {
    case changed, added, removed
    /// Another name, and else the same: what was kept under the old one is not found again.
    case renamed
  }

  package var aspect: Aspect
  package var kind: Kind
  /// The setting that differs; `nil`: the whole of it.
  package var setting: String?
  /// `nil`: not there.
  package var old: Fact?
  package var new: Fact?

  package init(
    _ aspect: Aspect,
    _ kind: Kind,
    setting: String? = nil,
    old: Fact?,
    new: Fact?
  ) {
    self.aspect = aspect
    self.kind = kind
    self.setting = setting
    self.old = old
    self.new = new
  }
}

/// What a policy does with one request, as far as a request can tell.
package struct RequestBehaviour: Sendable {
  /// An entry that bears on the request.
  struct Subject: Sendable {
    var aspect: Aspect
    var name: String
    var settings: [PolicySettings.Setting]
    var place: SourcePlace
    /// Whether its coming and going is a difference of its own, rather than one of the route.
    var standsAlone: Bool

    var text: String {
      settings.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
  }

  var routing: Fact
  /// Whether a model would be asked.
  var isRouted: Bool
  /// What bears on any request.
  var always: [Subject] = []
  /// What bears on those that a model would be asked for.
  var routed: [Subject] = []

  /// What differs in another policy's; empty: the request cannot tell them apart.
  package func differences(to other: RequestBehaviour) -> [Difference] {
    var found: [Difference] = []
    if routing.text != other.routing.text {
      found.append(
        Difference(Aspect(.routing, "route"), .changed, old: routing, new: other.routing)
      )
    }
    found += Self.compare(always, other.always)
    if isRouted, other.isRouted { found += Self.compare(routed, other.routed) }
    return found
  }

  private static func compare(_ olds: [Subject], _ news: [Subject]) -> [Difference] {
    var found: [Difference] = []
    let old = Dictionary(olds.map { ($0.aspect, $0) }, uniquingKeysWith: { first, _ in first })
    let new = Dictionary(news.map { ($0.aspect, $0) }, uniquingKeysWith: { first, _ in first })
    var added = news.filter { old[$0.aspect] == nil && $0.standsAlone }
    for before in olds {
      if let after = new[before.aspect] {
        found += compare(before, after)
        continue
      }
      guard before.standsAlone else { continue }
      let fact = Fact(before.text, at: before.place)
      let twin = added.firstIndex {
        $0.aspect.group == before.aspect.group && $0.settings == before.settings
      }
      if let twin {
        let after = added.remove(at: twin)
        found.append(
          Difference(
            before.aspect,
            .renamed,
            old: Fact(before.name, at: before.place),
            new: Fact(after.name, at: after.place)
          )
        )
      } else {
        found.append(Difference(before.aspect, .removed, old: fact, new: nil))
      }
    }
    for after in added {
      let fact = Fact(after.text, at: after.place)
      found.append(Difference(after.aspect, .added, old: nil, new: fact))
    }
    return found
  }

  static func compare(_ before: Subject, _ after: Subject) -> [Difference] {
    let old = Dictionary(before.settings.map { ($0.key, $0.value) }) { "\($0); \($1)" }
    let new = Dictionary(after.settings.map { ($0.key, $0.value) }) { "\($0); \($1)" }
    var seen: Set<String> = []
    return (before.settings + after.settings)
      .compactMap { setting in
        let key = setting.key
        guard seen.insert(key).inserted, old[key] != new[key] else { return nil }
        return Difference(
          before.aspect,
          .changed,
          setting: key.isEmpty ? nil : key,
          old: Fact(old[key] ?? "none", at: before.place),
          new: Fact(new[key] ?? "none", at: after.place)
        )
      }
  }
}
