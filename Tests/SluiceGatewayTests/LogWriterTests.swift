import SluiceReactor
import SluiceTelemetry
import Testing

@testable import SluiceGateway

@Suite("The log")
struct LogWriterTests {
  @Test("counts the lines that nobody takes")
  func dropped() async throws {
    let dropped = Counter()
    let loops = try EventLoopGroup(count: 1)
    // No such descriptor.
    let log = try LogWriter(descriptor: 1_000_000, dropped: dropped)
    for _ in 0..<3 { log.write(line: Array("{}\n".utf8)) }
    await log.flush(until: .max, in: loops.loops[0])
    #expect(dropped.value == 3)
    loops.stop()
  }

  @Test("leaves no line of a loop behind when it is flushed")
  func waiting() async throws {
    let dropped = Counter()
    let loops = try EventLoopGroup(count: 1)
    let log = try LogWriter(descriptor: 1_000_000, dropped: dropped)
    let loop = loops.loops[0]
    await loop.startTask {
      for _ in 0..<3 { log.write(line: Array("{}\n".utf8)) }
    }
    .value
    await log.flush(until: .max, in: loop)
    #expect(dropped.value == 3)
    loops.stop()
  }
}

@Suite("Something that comes once")
struct OccasionTests {
  @Test("wakes who waits, whether it came before or after")
  func wakes() async {
    let before = Occasion()
    before.come()
    await before.hasCome()
    let after = Occasion()
    async let waits: Void = after.hasCome()
    after.come()
    after.come()
    await waits
    #expect(after.isPast)
  }
}
