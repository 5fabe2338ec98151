import SluiceCore

/// What a tag may look like that comes with a request: of spending, or of a kept answer.
enum TagRule {
  /// As a message says it.
  static let words = "1 to \(Bounds.tagBytes) letters, digits and any of `._:/-`"

  static func allows(_ text: String) -> Bool {
    (1...Bounds.tagBytes).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "._:/-".utf8.contains(byte)
        }
      }
  }
}
