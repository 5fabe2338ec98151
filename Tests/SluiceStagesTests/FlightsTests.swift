import SluiceCore
import SluiceStages
import Testing

@Suite("Flights")
struct FlightsTests {
  private let key = Digest(of: [1])
  private let other = Digest(of: [2])

  @Test("one leads, the rest follow, and all are served once")
  func serves() {
    var flights = Flights<Int>()
    #expect(flights.join(key, with: 0) == .lead)
    #expect(!flights.hasFollowers(key))
    #expect(flights.join(key, with: 1) == .follow(1))
    #expect(flights.join(other, with: 9) == .lead)
    #expect(flights.join(key, with: 2) == .follow(2))
    #expect(flights.hasFollowers(key))
    let landing = flights.land(key, isStored: true)
    #expect(landing.served == [1, 2])
    #expect(landing.leader == nil)
    #expect(flights.join(key, with: 3) == .lead)
  }

  @Test("who leads without waiting does so where nobody leads, and others follow")
  func leadsWithoutWaiting() {
    var flights = Flights<Int>()
    let leads = flights.lead(key)
    #expect(leads)
    let leadsAgain = flights.lead(key)
    #expect(!leadsAgain)
    let joined = flights.join(key, with: 1)
    #expect(joined != .lead)
    let landing = flights.land(key, isStored: true)
    #expect(landing.served == [1])
    #expect(flights.isEmpty)
  }

  @Test("when nothing was stored, the one that waits longest leads and the rest wait on")
  func promotes() {
    var flights = Flights<Int>()
    for waiter in 0..<4 { _ = flights.join(key, with: waiter) }
    let landing = flights.land(key, isStored: false)
    #expect(landing.served.isEmpty)
    #expect(landing.leader == 1)
    #expect(flights.join(key, with: 4) == .follow(4))
    #expect(flights.land(key, isStored: true).served == [2, 3, 4])
    #expect(flights.isEmpty)
  }

  @Test("who left is not served, and who was handed out cannot leave")
  func leaves() {
    var flights = Flights<Int>()
    for waiter in 0..<3 { _ = flights.join(key, with: waiter) }
    let left = flights.leave(key, 1)
    let again = flights.leave(key, 1)
    #expect(left)
    #expect(!again)
    #expect(flights.land(key, isStored: false).leader == 2)
    let handedOut = flights.leave(key, 2)
    #expect(!handedOut)
    #expect(flights.land(key, isStored: false).leader == nil)
    #expect(flights.isEmpty)
  }

  @Test("beyond the bound of followers, callers go on alone")
  func bounded() {
    var flights = Flights<Int>(bound: 2)
    for waiter in 0..<3 { _ = flights.join(key, with: waiter) }
    #expect(flights.join(key, with: 3) == .alone)
    _ = flights.leave(key, 1)
    #expect(flights.join(key, with: 4) == .follow(3))
  }

  @Test(
    "every waiter is handed out once, and a key has a leader as long as anyone waits",
    arguments: 0..<20
  )
  func property(seed: UInt64) {
    var state = seed &+ 1
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }
    let keys = [key, other]
    var flights = Flights<Int>(bound: 5)
    var leaders: [Digest: Int] = [:]
    var waiting: [Digest: [(number: UInt64, waiter: Int)]] = [:]
    var handedOut: Set<Int> = []
    for waiter in 0..<2_000 {
      let key = keys[next(2)]
      switch next(4) {
      case 0, 1:
        switch flights.join(key, with: waiter) {
        case .lead:
          #expect(leaders.updateValue(waiter, forKey: key) == nil)
        case .follow(let number):
          #expect(leaders[key] != nil)
          waiting[key, default: []].append((number, waiter))
        case .alone: #expect(waiting[key]?.count == 5)
        }
      case 2:
        guard leaders[key] != nil else { continue }
        let landing = flights.land(key, isStored: next(2) == 0)
        leaders[key] = landing.leader
        for waiter in landing.served + (landing.leader.map { [$0] } ?? []) {
          #expect(handedOut.insert(waiter).inserted)
          waiting[key]?.removeAll { $0.waiter == waiter }
        }
        if leaders[key] == nil { #expect(waiting[key, default: []].isEmpty) }
      default:
        guard let entries = waiting[key], !entries.isEmpty else { continue }
        let entry = entries[next(entries.count)]
        let left = flights.leave(key, entry.number)
        #expect(left)
        #expect(handedOut.insert(entry.waiter).inserted)
        waiting[key]?.removeAll { $0.number == entry.number }
      }
      #expect(flights.hasFollowers(key) == !waiting[key, default: []].isEmpty)
    }
  }
}
