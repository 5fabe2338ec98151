import SluiceCore
import SluiceDialects
import SluicePipeline
import SluicePolicy
import SluiceServer
import SluiceTelemetry
import Synchronization

/// Tells metrics and log of every exchange: one line each, when it has ended.
final class ExchangeLog: ExchangeObserver {
  private let telemetry: Telemetry
  private let cutByDrain = Atomic(0)

  init(_ telemetry: Telemetry) { self.telemetry = telemetry }

  /// Exchanges that were cut because the gateway stops.
  var cut: Int { cutByDrain.load(ordering: .relaxed) }

  func began(_ exchange: Exchange) { telemetry.metrics.activeRequests.increment() }

  func finished(_ exchange: Exchange, status: Int, at moment: Moment) {
    telemetry.metrics.activeRequests.decrement()
    if exchange.cancellation.reason == .draining { cutByDrain.wrappingAdd(1, ordering: .relaxed) }
    telemetry.tell(ExchangeFinished(exchange, httpStatus: status, at: moment), at: moment)
  }

  /// Counted, not logged, and apart from exchanges: whoever scans the port must neither fill the
  /// log nor set off the alert on errors.
  func refused(_ error: APIError) {
    telemetry.metrics.requestsRefused[error.code ?? "none"].increment()
  }
}
