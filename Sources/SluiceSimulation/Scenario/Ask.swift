package import SluiceCore
package import SluicePipeline

/// What one client of a scenario does: who it is, what it asks, and how it behaves meanwhile.
package struct Ask: Sendable, Equatable {
  /// Nanoseconds from the start of the scenario.
  package var after: Int64
  /// The loop that its connection landed on.
  package var loop: Int
  package var tenant: String
  package var user: String
  package var tier: String
  package var product: String
  /// The text of its one message.
  package var question: String
  /// What the body names as `model`.
  package var model: String
  package var streams: Bool
  package var wantsUsage: Bool
  /// Nanoseconds from its request until it leaves; `nil`: it stays.
  package var leavesAfter: Int64?
  /// Nanoseconds that it takes to take one write.
  package var writeDelay: Int64
  /// The request itself, where it is more than the members above say.
  package var wire: WireRequest?

  package init(
    after: Int64 = 0,
    loop: Int = 0,
    tenant: String = "acme",
    user: String = "ann",
    tier: String = "",
    product: String = "",
    question: String,
    model: String = "auto",
    streams: Bool = false,
    wantsUsage: Bool = false,
    leavesAfter: Int64? = nil,
    writeDelay: Int64 = 0
  ) {
    self.after = after
    self.loop = loop
    self.tenant = tenant
    self.user = user
    self.tier = tier
    self.product = product
    self.question = question
    self.model = model
    self.streams = streams
    self.wantsUsage = wantsUsage
    self.leavesAfter = leavesAfter
    self.writeDelay = writeDelay
  }
}

/// A request as its client writes it.
package struct WireRequest: Sendable, Equatable {
  package struct Field: Sendable, Equatable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  package var service: Service
  package var fields: [Field]
  package var body: [UInt8]
  package var peer: HostAddress

  package init(service: Service, fields: [Field], body: [UInt8], peer: HostAddress) {
    self.service = service
    self.fields = fields
    self.body = body
    self.peer = peer
  }
}
