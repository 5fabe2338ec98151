/// The boxes of all routes, so found that only those are looked at which may meet a given one.
///
/// Lists of routes mostly ask for one value of one thing (a product, a model). A box lies under the
/// single texts of that dimension which tells most boxes apart; one that has none lies with the rest.
struct CoverIndex: Sendable {
  private struct Entry {
    var route: Int
    var box: Box
  }

  private var entries: [Entry] = []
  /// By dimension, by text: places in `entries`, ascending.
  private var homes: [Int: [TextPoint: [Int]]] = [:]
  private var rest: [Int] = []

  init(_ regions: [Region?]) {
    for (route, region) in regions.enumerated() {
      for box in region?.boxes ?? [] { entries.append(Entry(route: route, box: box)) }
    }
    var distinct: [Int: Set<TextPoint>] = [:]
    for entry in entries {
      for side in entry.box.sides {
        if let texts = side.values.fewTexts {
          distinct[side.dimension, default: []].formUnion(texts)
        }
      }
    }
    for (place, entry) in entries.enumerated() {
      let sides = entry.box.sides.filter { $0.values.fewTexts != nil }
      let home = sides.max {
        (distinct[$0.dimension]?.count ?? 0, $1.dimension)
          < (distinct[$1.dimension]?.count ?? 0, $0.dimension)
      }
      guard let home, let texts = home.values.fewTexts else {
        rest.append(place)
        continue
      }
      for text in texts { homes[home.dimension, default: [:]][text, default: []].append(place) }
    }
  }

  subscript(place: Int) -> (route: Int, box: Box) { (entries[place].route, entries[place].box) }

  /// Where the boxes are, of routes before `position` and behind the one at `place`, that may have
  /// something in common with `box`; in the order of the routes.
  func places(meeting box: Box, before position: Int, behind place: Int = -1) -> [Int] {
    var places = rest
    for (dimension, texts) in homes {
      if let wanted = box[dimension]?.fewTexts {
        for text in wanted { places += texts[text] ?? [] }
      } else {
        places += texts.values.joined()
      }
    }
    // A box with several texts is there for each of them.
    return Set(places).filter { $0 > place && entries[$0].route < position }.sorted()
  }

  /// Whether a piece of `whole` was narrowed to few texts where that helps to find boxes.
  func isNarrower(_ piece: Box, than whole: Box) -> Bool {
    homes.keys.contains { piece[$0]?.fewTexts != nil && whole[$0]?.fewTexts == nil }
  }
}
