import SluiceCore
import SluicePipeline
import SluiceReactor
import SluiceStores
import SluiceTelemetry

extension CacheJournalHost {
  /// Timers on `loop`, blocking work on `writing`.
  init(on loop: EventLoop, writing: BlockingExecutor, telemetry: Telemetry) {
    self.init(
      later: { delay, action in
        loop.execute {
          // When the gateway ends, the journal is closed once, and asks for nothing more.
          guard !loop.isStopping else { return }
          _ = loop.schedule(at: loop.now.monotonic + delay, action)
        }
      },
      // Where too much waits, what comes next is written with the batch after it.
      work: { action in _ = writing.startTask { action() } },
      now: { loop.now },
      clock: Self.clock,
      tell: { notice in
        switch notice {
        case .failed(let failure):
          telemetry.tell(CacheJournalFailed(reason: failure.reason), at: loop.now)
        case .recovered(let duration):
          telemetry.tell(CacheJournalRecovered(duration: duration), at: loop.now)
        }
      }
    )
  }

  /// The kernel's name for this boot, whose monotonic clock all processes share; where it is hidden, a
  /// name of this process's own.
  private static var clock: String {
    do throws(IOFailure) {
      let bytes = try Files.read("/proc/sys/kernel/random/boot_id", maximumBytes: 64)
      return "boot " + String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    } catch {
      return "process " + Digest(of: SecretBytes.make(count: 16)).hex
    }
  }
}

extension CacheOpened {
  init(_ recovery: CacheRecovery, duration: Int64) {
    self.init(
      replies: recovery.replies,
      questions: recovery.questions,
      expired: recovery.expired,
      segments: recovery.segments,
      bytes: recovery.bytes,
      tornBytes: recovery.tornBytes,
      damage: recovery.damage?.reason ?? "",
      duration: duration
    )
  }
}
