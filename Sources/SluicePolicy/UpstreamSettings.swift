package import SluiceCore

/// One entry of `upstreams`: a service that answers for models, and how it is spoken to.
package struct UpstreamSettings: Sendable, Equatable {
  package enum API: Sendable, Equatable {
    /// An OpenAI-compatible service at `url`.
    case openai(url: URLSource, secret: Secret?)
    /// The binary's own HTTP server that answers as a model would.
    case simulated(Simulated)
  }

  /// A value that may be given in the file or by reference; references are resolved at publish.
  package enum URLSource: Sendable, Equatable {
    case literal(String)
    case environment(String)
    /// Absolute, or relative to the folder that holds the naming file.
    case file(String)
  }

  /// A secret is only ever a reference.
  package enum Secret: Sendable, Equatable {
    case environment(String)
    case file(String)
  }

  /// How the simulated upstream behaves.
  package struct Simulated: Sendable, Equatable {
    /// Until the first byte of a reply.
    package var latency: Duration = .milliseconds(300)
    /// Tokens of an answer.
    package var output: Int = 120
    /// The share of requests answered with 500, from 0 to 1.
    package var failures: Double = 0
    package var seed: UInt64 = 1

    package init() {}
  }

  /// Deadlines of one attempt; `nil`: none.
  package struct Timeouts: Sendable, Equatable {
    package var connect: Duration? = .seconds(2)
    package var firstByte: Duration? = .seconds(60)
    package var idle: Duration? = .seconds(30)
    /// Streaming included.
    package var total: Duration? = .seconds(600)

    package init() {}
  }

  package enum Breaker: Sendable, Equatable {
    case consecutive(Int, recovery: Duration, probes: Int)
    case ratio(Double, minimumCalls: Int, window: Duration, recovery: Duration, probes: Int)

    /// What an upstream gets that says nothing.
    package static let standard = Breaker.consecutive(5, recovery: .seconds(60), probes: 1)
  }

  package struct Retry: Sendable, Equatable {
    /// What an upstream gets that says nothing.
    package static let standard = Retry(
      attempts: 2,
      base: .milliseconds(500),
      factor: 2,
      jitter: .full,
      budget: 0.2
    )

    package enum Jitter: Sendable, Equatable {
      case full
      case bounded(Duration)
    }
    /// Attempts in all, the first included.
    package var attempts: Int
    package var base: Duration
    package var factor: Double
    package var jitter: Jitter
    /// The share of first attempts that may be retried, from 0 to 1.
    package var budget: Double

    package init(
      attempts: Int,
      base: Duration,
      factor: Double,
      jitter: Jitter,
      budget: Double
    ) {
      self.attempts = attempts
      self.base = base
      self.factor = factor
      self.jitter = jitter
      self.budget = budget
    }
  }

  /// Asks an upstream whether it is there, apart from traffic.
  package struct HealthCheck: Sendable, Equatable {
    /// Below the base URL; asked with GET.
    package var path = "/models"
    package var interval: Duration = .seconds(10)
    /// Of one check, up to the end of its reply.
    package var timeout: Duration = .seconds(2)
    /// Checks that must fail in a row before the upstream counts as down.
    package var unhealthyThreshold = 3
    /// Checks that must succeed in a row before it counts as up again.
    package var healthyThreshold = 2

    package init() {}
  }

  package var name: String
  package var api: API
  /// The file of the authorities that are trusted in place of the system's; `nil`: the system's.
  package var authorities: String?
  package var timeout: Timeouts
  package var breaker: Breaker?
  package var retry: Retry?
  /// `nil`: what attempts meet is all that is known.
  package var healthCheck: HealthCheck?
  package var place: SourcePlace

  package init(
    name: String,
    api: API,
    authorities: String? = nil,
    timeout: Timeouts = Timeouts(),
    breaker: Breaker? = nil,
    retry: Retry? = nil,
    healthCheck: HealthCheck? = nil,
    place: SourcePlace = .builtIn
  ) {
    self.name = name
    self.api = api
    self.authorities = authorities
    self.timeout = timeout
    self.breaker = breaker
    self.retry = retry
    self.healthCheck = healthCheck
    self.place = place
  }
}
