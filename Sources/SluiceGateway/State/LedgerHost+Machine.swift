import SluiceCore
import SluicePipeline
import SluiceReactor
import SluiceStores
import SluiceTelemetry

extension LedgerHost {
  /// Timers on `loop`, blocking work on `recording`.
  init(on loop: EventLoop, recording: BlockingExecutor, telemetry: Telemetry) {
    let later = { @Sendable (delay: Int64, action: @escaping @Sendable () -> Void) in
      loop.execute {
        // When the gateway ends, the ledger is closed once, and asks for nothing more.
        guard !loop.isStopping else { return }
        _ = loop.schedule(at: loop.now.monotonic + delay, action)
      }
    }
    self.init(
      later: later,
      work: { action in
        guard recording.startTask({ action() }) == nil else { return }
        // More waits than the ledger ever asks for: somebody else's work is in the way.
        later(Bounds.ledgerProbeNanoseconds) { _ = recording.startTask { action() } }
      },
      now: { loop.now },
      tell: { notice in
        let now = loop.now
        switch notice {
        case .failed(let failure):
          telemetry.tell(LedgerFailed(reason: failure.reason), at: now)
        case .recovered(let duration):
          telemetry.tell(LedgerRecovered(duration: duration), at: now)
        case .checkpointFailed(let failure):
          telemetry.tell(
            Warned(
              "ledger_checkpoint_failed",
              "the ledger's checkpoint cannot be written: \(failure.reason); its journal grows"
            ),
            at: now
          )
        case .switchNotKept(let account):
          telemetry.tell(
            Warned(
              "switch_not_kept",
              "\(Bounds.ledgerSwitches) switches are thrown; \(account.owner) will not outlive this "
                + "process"
            ),
            at: now
          )
        }
      }
    )
  }
}

extension LedgerOpened {
  init(_ recovery: LedgerRecovery, duration: Int64) {
    self.init(
      records: recovery.records,
      segments: recovery.segments,
      tornBytes: recovery.tornBytes,
      openHolds: recovery.openHolds,
      openAmount: recovery.openAmount,
      orphans: recovery.orphans,
      duration: duration
    )
  }
}

extension Refusal {
  /// Why the gateway does not start with the ledger in `folder`, and what to do.
  init(_ damage: LedgerDamage, in folder: String) {
    let remedy =
      "; put the folder back from a copy, or move it away to begin with nothing spent "
      + "(see Docs/ledger.md)"
    let message =
      switch damage {
      case .unreadable(let failure): "the ledger in `\(folder)` cannot be read: \(failure.reason)"
      case .segment(let number, let byte):
        "the ledger is damaged: `\(folder)/\(FolderJournal.segmentName(number))` is no journal from "
          + "byte \(byte) on, though records follow" + remedy
      case .checkpoint(let number, let byte):
        "the ledger is damaged: `\(folder)/\(FolderJournal.checkpointName(number))` is no checkpoint "
          + "from byte \(byte) on" + remedy
      case .missing(let number):
        "the ledger is incomplete: `\(folder)/\(FolderJournal.segmentName(number))` is missing"
          + remedy
      }
    self.init(message)
  }
}
