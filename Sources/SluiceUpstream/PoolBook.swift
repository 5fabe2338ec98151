/// What is known of the connections of one loop to one upstream.
///
/// Pure: time comes in, and what to do with a connection goes out. The one that rested last is
/// used first, so that the others can grow old and be closed.
struct PoolBook<Connection> {
  struct Limits {
    /// Connections, busy and idle.
    var connections: Int
    var idle: Int
    /// Nanoseconds that a connection may rest.
    var idleAge: Int64
  }

  private struct Idle {
    let connection: Connection
    let since: Int64
  }

  enum Advice {
    case reuse(Connection)
    case open
    /// Every connection that may be open is busy.
    case refuse
  }

  struct Taken {
    var advice: Advice
    /// Connections that rested and turned out not to be usable, to be closed.
    var unusable: [Connection] = []
  }

  private let limits: Limits
  /// Oldest first.
  private var resting: [Idle] = []
  private(set) var busy = 0

  init(limits: Limits) { self.limits = limits }

  var idle: Int { resting.count }
  var open: Int { busy + resting.count }

  /// Takes a connection for one attempt, which ends in `giveBack` or in `end`.
  ///
  /// - Returns: what to do.
  mutating func take(at now: Int64, isUsable: (Connection) -> Bool) -> Taken {
    var unusable: [Connection] = []
    while let last = resting.popLast() {
      guard now - last.since < limits.idleAge, isUsable(last.connection) else {
        unusable.append(last.connection)
        continue
      }
      busy += 1
      return Taken(advice: .reuse(last.connection), unusable: unusable)
    }
    guard busy < limits.connections else {
      return Taken(advice: .refuse, unusable: unusable)
    }
    busy += 1
    return Taken(advice: .open, unusable: unusable)
  }

  /// Lets a connection rest that an attempt is done with.
  ///
  /// - Returns: the connection that has to be closed in exchange: the one that rested longest.
  mutating func giveBack(_ connection: Connection, at now: Int64) -> Connection? {
    end()
    resting.append(Idle(connection: connection, since: now))
    return resting.count > limits.idle ? resting.removeFirst().connection : nil
  }

  /// Notes that an attempt ended and its connection is closed, or never was one.
  mutating func end() {
    precondition(busy > 0, "what ends was taken")
    busy -= 1
  }

  /// Forgets a resting connection whose peer closed it.
  ///
  /// - Returns: whether it was resting.
  mutating func forget(where isIt: (Connection) -> Bool) -> Bool {
    guard let index = resting.lastIndex(where: { isIt($0.connection) }) else { return false }
    resting.remove(at: index)
    return true
  }

  /// Takes out the connections that have rested for too long, to be closed.
  mutating func expire(at now: Int64) -> [Connection] {
    let old = resting.prefix { now - $0.since >= limits.idleAge }.map(\.connection)
    resting.removeFirst(old.count)
    return old
  }

  /// Takes out all resting connections, to be closed.
  mutating func clear() -> [Connection] {
    defer { resting = [] }
    return resting.map(\.connection)
  }

  /// When the oldest resting connection will have rested for too long.
  var nextExpiry: Int64? { resting.first.map { $0.since + limits.idleAge } }
}

extension PoolBook.Advice: Sendable where Connection: Sendable {}
extension PoolBook.Taken: Sendable where Connection: Sendable {}
