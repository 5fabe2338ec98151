package import SluiceCore
package import SluicePipeline

/// Kept questions in flat rows, a block of rows for each context.
///
/// A value; the shell around it owns the lock. Rows of a context lie densely, the last moving into
/// the place of one that goes. A look-up counts differing signs over all rows and multiplies only the
/// nearest.
package struct VectorTable: Sendable {
  /// Rows of a context that are multiplied for one look-up: the nearest by their signs.
  static let rescored = 128

  private struct Context: Sendable {
    var signs: [VectorKernels.Signs] = []
    var bytes: [SIMD16<Int8>] = []
    var scales: [Float] = []
    var facts: [UInt64] = []
    var slots: [Int32] = []
    /// The row that the next insertion looks at for one that has expired.
    var cursor = 0
  }

  private struct Entry: Sendable {
    var id: UInt64
    var question: KeptQuestion
    var context: Digest
    var row: Int
    var agreements: [UInt64: Bool] = [:]
    var bytes: Int
    /// Towards the one stored or served last; -1 for none.
    var newer = -1
    /// Towards the one to go first; -1 for none.
    var older = -1
  }

  private let dimension: Int
  private let capacity: Int
  private let signBlocks: Int
  private let byteBlocks: Int
  private var contexts: [Digest: Context] = [:]
  private var entries: [Entry?] = []
  private var free: [Int] = []
  private var places: [UInt64: Int] = [:]
  private var newest = -1
  private var oldest = -1
  private var lastID: UInt64 = 0
  package private(set) var bytes = 0
  package private(set) var evictions: Int64 = 0

  /// Makes an empty table for vectors of `dimension` floats, of `capacity` bytes.
  package init(dimension: Int, capacity: Int) {
    self.dimension = dimension
    self.capacity = capacity
    signBlocks = VectorKernels.signBlocks(dimension: dimension)
    byteBlocks = (dimension + 15) / 16
  }

  package var count: Int { places.count }

  package func nearest(
    to vector: [Float],
    with facts: FactDigests,
    in context: Digest,
    count: Int,
    at moment: Moment
  ) -> Neighbours {
    precondition(vector.count == dimension, "vectors of one encoder")
    guard let context = contexts[context] else { return Neighbours(same: [], other: nil) }
    let (rows, other) = candidates(vector, facts.word, in: context)
    let query = floats(vector)
    let now = moment.wall
    var found: [(cosine: Float, entry: Entry)] = []
    for row in rows {
      guard let entry = entries[Int(context.slots[row])], entry.question.expiresAt > now,
        entry.question.facts == facts
      else { continue }
      found.append((cosine(query, row, in: context), entry))
    }
    found.sort { ($0.cosine, $1.entry.id) > ($1.cosine, $0.entry.id) }
    var nearestOther: Neighbour?
    if let other, let entry = entries[Int(context.slots[other])], entry.question.expiresAt > now {
      nearestOther = Self.neighbour(entry, cosine(query, other, in: context))
    }
    return Neighbours(
      same: found.prefix(count).map { Self.neighbour($0.entry, $0.cosine) },
      other: nearestOther
    )
  }

  private static func neighbour(_ entry: Entry, _ cosine: Float) -> Neighbour {
    Neighbour(
      id: entry.id,
      cosine: cosine,
      question: entry.question,
      agreements: entry.agreements
    )
  }

  /// The rows with the same facts whose signs differ least, `rescored` and those as near as the last
  /// of them; and the nearest row with other facts.
  private func candidates(
    _ vector: [Float],
    _ facts: UInt64,
    in context: Context
  ) -> (rows: [Int], other: Int?) {
    let query = VectorKernels.signs(vector)
    let rows = context.slots.count
    var distances = [UInt16](repeating: .max, count: rows)
    var histogram = [Int](repeating: 0, count: dimension + 1)
    var other: (row: Int, distance: Int)?
    let signs = context.signs.span
    for row in 0..<rows {
      let distance = VectorKernels.distance(query.span, signs, from: row * signBlocks)
      if context.facts[row] == facts {
        distances[row] = UInt16(truncatingIfNeeded: distance)
        histogram[distance] += 1
      } else if distance < other?.distance ?? .max {
        other = (row, distance)
      }
    }
    var limit = 0
    var total = 0
    while limit < dimension {
      total += histogram[limit]
      if total >= Self.rescored { break }
      limit += 1
    }
    return (distances.indices.filter { distances[$0] <= limit }, other?.row)
  }

  /// Keeps a question, its vector as bytes.
  package mutating func insert(
    _ question: KeptQuestion,
    meaning vector: [Float],
    in digest: Digest,
    at moment: Moment
  ) -> UInt64 {
    precondition(vector.count == dimension, "vectors of one encoder")
    dropExpired(in: digest, at: moment)
    lastID += 1
    let (bytes, scale) = quantise(vector)
    keep(
      question,
      signs: VectorKernels.signs(vector),
      bytes: bytes,
      scale: scale,
      in: digest,
      as: lastID
    )
    return lastID
  }

  private mutating func keep(
    _ question: KeptQuestion,
    signs: [VectorKernels.Signs],
    bytes row: [SIMD16<Int8>],
    scale: Float,
    in digest: Digest,
    as id: UInt64
  ) {
    let size = Self.size(of: question, dimension: dimension)
    while bytes + size > capacity, oldest >= 0 {
      remove(place: oldest)
      evictions += 1
    }
    let place = free.popLast() ?? entries.count
    if place == entries.count { entries.append(nil) }
    var context = contexts.removeValue(forKey: digest) ?? Context()
    entries[place] = Entry(
      id: id,
      question: question,
      context: digest,
      row: context.slots.count,
      bytes: size
    )
    context.signs += signs
    context.bytes += row
    context.scales.append(scale)
    context.facts.append(question.facts.word)
    context.slots.append(Int32(place))
    contexts[digest] = context
    places[id] = place
    bytes += size
    chain(place)
  }

  // MARK: Rows for a journal

  /// What is kept of one question; `nil` if it is not there.
  package func row(_ id: UInt64) -> VectorRow? {
    guard let place = places[id], let entry = entries[place], let context = contexts[entry.context]
    else { return nil }
    let signs = context.signs[entry.row * signBlocks..<(entry.row + 1) * signBlocks]
    let bytes = context.bytes[entry.row * byteBlocks..<(entry.row + 1) * byteBlocks]
    return VectorRow(
      id: id,
      context: entry.context,
      question: entry.question,
      signs: signs.flatMap { [$0[0], $0[1]] },
      bytes: bytes.flatMap { block in (0..<16).map { block[$0] } },
      scale: context.scales[entry.row],
      agreements: entry.agreements
    )
  }

  /// The next `count` rows in the order in which they lie, and where to go on; `nil`: that was all.
  package func rows(from place: Int, count: Int) -> (rows: [VectorRow], next: Int?) {
    let end = min(entries.count, place + count)
    guard place < end else { return ([], nil) }
    let rows = entries[place..<end].compactMap { $0.flatMap { row($0.id) } }
    return (rows, end < entries.count ? end : nil)
  }

  /// Keeps a question under the name that it had; nothing if it is no row of this table's vectors,
  /// has expired, or if one of that name is there.
  package mutating func restore(_ row: VectorRow, at moment: Moment) {
    guard row.signs.count == signBlocks * 2, row.bytes.count == byteBlocks * 16,
      row.question.expiresAt > moment.wall, row.id > 0, places[row.id] == nil
    else { return }
    keep(
      row.question,
      signs: stride(from: 0, to: row.signs.count, by: 2)
        .map { VectorKernels.Signs(row.signs[$0], row.signs[$0 + 1]) },
      bytes: stride(from: 0, to: row.bytes.count, by: 16)
        .map { start in SIMD16(row.bytes[start..<start + 16]) },
      scale: row.scale,
      in: row.context,
      as: row.id
    )
    if let place = places[row.id] { entries[place]?.agreements = row.agreements }
    lastID = max(lastID, row.id)
  }

  package mutating func note(_ agree: Bool, _ one: UInt64, _ other: UInt64) {
    guard let first = places[one], let second = places[other] else { return }
    note(agree, first, other)
    note(agree, second, one)
  }

  private mutating func note(_ agree: Bool, _ place: Int, _ other: UInt64) {
    guard var entry = entries[place] else { return }
    entries[place] = nil
    if entry.agreements.count >= Bounds.knownAgreements, entry.agreements[other] == nil,
      let first = entry.agreements.keys.min()
    {
      entry.agreements[first] = nil
    }
    entry.agreements[other] = agree
    entries[place] = entry
  }

  package mutating func touch(_ id: UInt64) {
    guard let place = places[id], place != newest else { return }
    unchain(place)
    chain(place)
  }

  package mutating func remove(_ id: UInt64) {
    if let place = places[id] { remove(place: place) }
  }

  private mutating func remove(place: Int) {
    guard let entry = entries[place] else { return }
    unchain(place)
    entries[place] = nil
    free.append(place)
    places[entry.id] = nil
    bytes -= entry.bytes
    guard var context = contexts.removeValue(forKey: entry.context) else { return }
    let last = context.slots.count - 1
    if entry.row < last {
      for block in 0..<signBlocks {
        context.signs[entry.row * signBlocks + block] = context.signs[last * signBlocks + block]
      }
      for block in 0..<byteBlocks {
        context.bytes[entry.row * byteBlocks + block] = context.bytes[last * byteBlocks + block]
      }
      context.scales[entry.row] = context.scales[last]
      context.facts[entry.row] = context.facts[last]
      context.slots[entry.row] = context.slots[last]
      entries[Int(context.slots[last])]?.row = entry.row
    }
    context.signs.removeLast(signBlocks)
    context.bytes.removeLast(byteBlocks)
    context.scales.removeLast()
    context.facts.removeLast()
    context.slots.removeLast()
    if !context.slots.isEmpty { contexts[entry.context] = context }
  }

  /// Looks at two rows for each one that comes, so that what has expired goes without a sweep.
  private mutating func dropExpired(in digest: Digest, at moment: Moment) {
    let now = moment.wall
    for _ in 0..<2 {
      guard let context = contexts[digest], !context.slots.isEmpty else { return }
      let row = context.cursor % context.slots.count
      let place = Int(context.slots[row])
      contexts[digest]?.cursor = row + 1
      if let entry = entries[place], entry.question.expiresAt <= now { remove(place: place) }
    }
  }

  /// What a question takes, estimated: rows, entry, a place in a hash table, heap headers.
  package static func size(of question: KeptQuestion, dimension: Int) -> Int {
    let rows =
      VectorKernels.signBlocks(dimension: dimension) * 16 + (dimension + 15) / 16 * 16 + 16
    return rows + MemoryLayout<Entry?>.stride + question.words.bytes + 40
      + Bounds.knownAgreements * 10
  }

  // MARK: Bytes

  /// The vector as whole numbers from -127 to 127, and what one of them stands for.
  private func quantise(_ vector: [Float]) -> ([SIMD16<Int8>], Float) {
    let scale = (vector.reduce(0) { max($0, abs($1)) }) / 127
    let blocks = (0..<byteBlocks)
      .map { block in
        var bytes = SIMD16<Int8>()
        for lane in 0..<16 where block * 16 + lane < vector.count && scale > 0 {
          bytes[lane] = Int8((vector[block * 16 + lane] / scale).rounded())
        }
        return bytes
      }
    return (blocks, scale)
  }

  private func floats(_ vector: [Float]) -> [SIMD16<Float>] {
    (0..<byteBlocks)
      .map { block in
        var floats = SIMD16<Float>()
        for lane in 0..<16 where block * 16 + lane < vector.count {
          floats[lane] = vector[block * 16 + lane]
        }
        return floats
      }
  }

  private func cosine(_ query: [SIMD16<Float>], _ row: Int, in context: Context) -> Float {
    var sum = SIMD16<Float>()
    for block in 0..<byteBlocks {
      sum += query[block] * SIMD16<Float>(context.bytes[row * byteBlocks + block])
    }
    return sum.sum() * context.scales[row]
  }

  // MARK: The order in which they go

  private mutating func chain(_ place: Int) {
    entries[place]?.older = newest
    entries[place]?.newer = -1
    if newest >= 0 { entries[newest]?.newer = place } else { oldest = place }
    newest = place
  }

  private mutating func unchain(_ place: Int) {
    guard let entry = entries[place] else { return }
    if entry.newer >= 0 {
      entries[entry.newer]?.older = entry.older
    } else {
      newest = entry.older
    }
    if entry.older >= 0 {
      entries[entry.older]?.newer = entry.newer
    } else {
      oldest = entry.newer
    }
  }
}
