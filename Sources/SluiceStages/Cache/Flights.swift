package import SluiceCore

/// Who asks an upstream for an answer, and who waits for it: at most one flight a key.
///
/// A pure machine. `Waiter` is whatever the shell uses to wake a follower; the machine hands each
/// back exactly once, to whoever removed it, so nobody is woken twice and nobody is forgotten.
package struct Flights<Waiter: Sendable>: Sendable {
  package enum Joined: Sendable, Equatable {
    /// No flight was there: the caller leads one, and must end it.
    case lead
    /// The caller waits, and may leave by this number.
    case follow(UInt64)
    /// The flight has as many followers as it may: the caller goes on alone.
    case alone
  }

  package struct Landing: Sendable {
    /// These look the answer up.
    package var served: [Waiter] = []
    /// This one leads now, and must end the flight.
    package var leader: Waiter?
  }

  private struct Follower: Sendable {
    var number: UInt64
    var waiter: Waiter
  }

  /// Followers by key, the one that waits longest first; an empty list is a flight without any.
  private var flights: [Digest: [Follower]] = [:]
  private var lastNumber: UInt64 = 0
  private let bound: Int

  /// Makes an empty table whose flights have up to `bound` followers each.
  package init(bound: Int = Bounds.flightFollowers) { self.bound = bound }

  package var isEmpty: Bool { flights.isEmpty }

  /// Joins the flight of `key`; `waiter` is made only for who follows.
  package mutating func join(_ key: Digest, with waiter: @autoclosure () -> Waiter) -> Joined {
    guard let followers = flights[key]?.count else {
      flights[key] = []
      return .lead
    }
    guard followers < bound else { return .alone }
    lastNumber += 1
    flights[key]?.append(Follower(number: lastNumber, waiter: waiter()))
    return .follow(lastNumber)
  }

  /// Leads the flight of `key` if nobody does; whoever does not lead does not wait.
  package mutating func lead(_ key: Digest) -> Bool {
    guard flights[key] == nil else { return false }
    flights[key] = []
    return true
  }

  /// Ends the flight that the caller leads.
  ///
  /// With an answer stored, every follower is served and the flight is over. Without, the follower
  /// that has waited longest leads on and the others keep waiting.
  package mutating func land(_ key: Digest, isStored: Bool) -> Landing {
    guard let place = flights.index(forKey: key) else { preconditionFailure("a flight ends once") }
    if isStored {
      return Landing(served: flights.remove(at: place).value.map(\.waiter))
    }
    guard !flights.values[place].isEmpty else {
      flights.remove(at: place)
      return Landing()
    }
    return Landing(leader: flights.values[place].removeFirst().waiter)
  }

  /// Stops waiting.
  ///
  /// - Returns: whether the follower still waited; otherwise it was handed out and will be woken.
  package mutating func leave(_ key: Digest, _ number: UInt64) -> Bool {
    guard let place = flights[key]?.firstIndex(where: { $0.number == number }) else {
      return false
    }
    flights[key]?.remove(at: place)
    return true
  }

  package func hasFollowers(_ key: Digest) -> Bool { flights[key]?.isEmpty == false }
}
