/// A hash that is the same in every process, on every machine and in every release.
///
/// It decides who is in a sample, so changing it would move users between the arms of a running
/// experiment. FNV-1a over the seed and the UTF-8 of the key, then the finishing steps of
/// splitmix64, since the high bits of FNV alone are poor for short keys.
package enum StableHash {
  static func hash(_ key: String, seed: UInt64) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    for shift in stride(from: 0, to: 64, by: 8) { mix(UInt8(truncatingIfNeeded: seed >> shift)) }
    for byte in key.utf8 { mix(byte) }
    hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
    hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
    return hash ^ (hash >> 31)
  }

  /// The bucket of a key, below `count`, each as likely as the other.
  package static func bucket(_ key: String, of count: UInt64, seed: UInt64) -> UInt64 {
    hash(key, seed: seed).multipliedFullWidth(by: count).high
  }
}
