extension Value {
  /// Whether it may hold further values, or bytes without bound.
  var isNested: Bool {
    switch self {
    case .list, .map, .optional, .string, .bytes: true
    case .null, .bool, .int, .uint, .double, .timestamp, .duration, .money, .type, .ip, .cidr:
      false
    }
  }

  /// How much there is to go through, all parts counted wherever they occur: bytes of text, and
  /// sixteen for every value.
  ///
  /// Stops as soon as it is more than `limit`, so that it costs no more than the limit allows.
  func bulk(atMost limit: Int) -> Int {
    var left = limit
    subtractBulk(from: &left)
    return limit - left
  }

  private func subtractBulk(from left: inout Int) {
    left -= 16
    guard left >= 0 else { return }
    switch self {
    case .string(let text): left -= text.utf8.count
    case .bytes(let bytes): left -= bytes.count
    case .list(let elements):
      for element in elements where left >= 0 { element.subtractBulk(from: &left) }
    case .map(let map):
      for entry in map.entries where left >= 0 {
        entry.key.subtractBulk(from: &left)
        entry.value.subtractBulk(from: &left)
      }
    case .optional(let held): held?.subtractBulk(from: &left)
    case .null, .bool, .int, .uint, .double, .timestamp, .duration, .money, .type, .ip, .cidr: break
    }
  }
}
