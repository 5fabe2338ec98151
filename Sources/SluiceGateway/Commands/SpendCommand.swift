import SluiceCore
import SluicePipeline
import SluiceReactor
import SluiceStores

/// `sluice spend`: who spent what, from the state folder.
///
/// Only reads, and takes no lock: whether a gateway writes there meanwhile makes no difference, but
/// for the settlements of the last 50 ms.
package struct SpendCommand: Sendable {
  package enum Format: Sendable { case table, json, csv }

  package var stateFolder: String
  package var by: String?
  package var since: String?
  package var until: String?
  package var format: Format

  package init(
    stateFolder: String,
    by: String? = nil,
    since: String? = nil,
    until: String? = nil,
    format: Format = .table
  ) {
    self.stateFolder = stateFolder
    self.by = by
    self.since = since
    self.until = until
    self.format = format
  }

  /// Reads and sums up, which blocks.
  package func run() -> CommandAnswer {
    do throws(IOFailure) {
      // A loop that never runs is a clock.
      return run(at: try EventLoop().now)
    } catch {
      return CommandAnswer(Refusal("the process gets no descriptor: \(error)"))
    }
  }

  func run(at moment: Moment) -> CommandAnswer {
    do throws(Refusal) {
      let question = try SpendQuestion(by: by, since: since, until: until, at: moment)
      let printer = SpendPrinter(report: try report(on: question))
      switch format {
      case .table: return CommandAnswer(output: printer.table)
      case .json: return CommandAnswer(output: String(decoding: printer.json, as: UTF8.self))
      case .csv: return CommandAnswer(output: printer.csv)
      }
    } catch {
      return CommandAnswer(error)
    }
  }

  private func report(on question: SpendQuestion) throws(Refusal) -> SpendReport {
    let folder = StateFolder(stateFolder)
    guard Files.kind(of: folder.ledgerPath) == .folder else {
      throw Refusal(
        "there is no ledger in `\(folder.path)`; name the state folder with --state DIR"
      )
    }
    do throws(LedgerDamage) {
      return try SpendReport(
        by: question.dimension,
        since: question.since,
        until: question.until,
        journal: FolderJournal(reading: folder.ledgerPath),
        archive: try Self.archive(in: folder)
      )
    } catch {
      throw Refusal(error, in: folder.ledgerPath)
    }
  }

  /// `nil` if there is none yet.
  private static func archive(in folder: StateFolder) throws(LedgerDamage) -> SpendDatabase? {
    guard Files.kind(of: folder.archivePath) == .other else { return nil }
    do throws(LedgerFailure) {
      return try SpendDatabase(folder.archivePath, isReadOnly: true)
    } catch {
      throw .unreadable(error)
    }
  }
}
