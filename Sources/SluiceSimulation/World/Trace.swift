internal import SluiceCore

/// What happened in a run, in its order, as one number.
///
/// Two runs with the same number took the same steps at the same times. Lines are kept only where
/// somebody wants to read them.
package struct Trace: Sendable {
  package private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  package private(set) var count = 0
  /// The last lines, if they are kept.
  package private(set) var lines: [String] = []
  package let keepsLines: Bool

  package init(keepsLines: Bool) { self.keepsLines = keepsLines }

  /// Adds numbers to the trace.
  mutating func add(_ words: UInt64...) {
    count += 1
    for word in words { mix(word) }
  }

  /// Adds a line to the trace.
  mutating func add(_ line: String, at monotonic: Int64) {
    count += 1
    mix(UInt64(bitPattern: monotonic))
    for byte in line.utf8 { mix(UInt64(byte)) }
    guard keepsLines else { return }
    lines.append("\(monotonic / 1000) µs  \(line)")
    if lines.count > Bounds.traceLines {
      lines.removeFirst(lines.count - Bounds.traceLines / 2)
    }
  }

  // FNV-1a over words: order matters, which is all that is asked of it.
  private mutating func mix(_ word: UInt64) {
    hash ^= word
    hash &*= 0x100_0000_01b3
    hash ^= hash >> 29
  }
}
