internal import CReactor

/// What a poll says of a descriptor, or what is asked of one.
struct Readiness: OptionSet {
  let rawValue: UInt32

  /// Bytes, an end of stream or a connection wait.
  static let read = Readiness(rawValue: UInt32(REACTOR_READ))
  /// The send buffer has room.
  static let write = Readiness(rawValue: UInt32(REACTOR_WRITE))
  /// The peer will send no more.
  static let hangUp = Readiness(rawValue: UInt32(REACTOR_HANGUP))
  /// Both directions are over, or the socket has an error; never asked for, always told.
  static let failed = Readiness(rawValue: UInt32(REACTOR_FAILED))
  /// As interest only: tell of changes, not of states.
  static let edge = Readiness(rawValue: UInt32(REACTOR_EDGE))
}

/// The owner of a descriptor that a loop polls; called on the loop only.
protocol EventSource: AnyObject {
  func becameReady(_ readiness: Readiness)
  /// The loop ends: close, and let nothing wait.
  func loopStops()
}

/// A descriptor's place in a loop's table.
///
/// The number of a closed descriptor is soon used again, so that an event of the old one can
/// follow in the same batch; the generation tells the two apart.
struct Registration: Hashable {
  let descriptor: Int32
  let generation: UInt32

  var token: UInt64 { UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor)) }

  init(descriptor: Int32, generation: UInt32) {
    self.descriptor = descriptor
    self.generation = generation
  }

  init(token: UInt64) {
    descriptor = Int32(truncatingIfNeeded: token)
    generation = UInt32(truncatingIfNeeded: token >> 32)
  }
}

/// Who owns which descriptor of a loop: an array, since the kernel hands out the lowest number.
struct SourceTable {
  private struct Slot {
    var generation: UInt32 = 0
    var source: (any EventSource)?
  }
  private var slots: [Slot] = []
  private(set) var count = 0

  mutating func add(_ source: any EventSource, descriptor: Int32) -> Registration {
    let index = Int(descriptor)
    while slots.count <= index { slots.append(Slot()) }
    precondition(slots[index].source == nil, "a descriptor has one owner")
    slots[index].generation &+= 1
    slots[index].source = source
    count += 1
    return Registration(descriptor: descriptor, generation: slots[index].generation)
  }

  mutating func remove(_ registration: Registration) {
    guard self[registration] != nil else { return }
    slots[Int(registration.descriptor)].source = nil
    count -= 1
  }

  /// The owner; `nil` when the registration is stale.
  subscript(registration: Registration) -> (any EventSource)? {
    let index = Int(registration.descriptor)
    guard index >= 0, index < slots.count, slots[index].generation == registration.generation
    else { return nil }
    return slots[index].source
  }

  var all: [any EventSource] { slots.compactMap(\.source) }
}
