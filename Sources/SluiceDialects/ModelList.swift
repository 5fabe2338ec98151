internal import SluiceJSON

/// A model, target or alias that a client may name.
package struct ListedModel: Hashable, Sendable {
  package var id: String
  /// Seconds since 1970; OpenAI's clients want the field, few read it.
  package var created: Int64
  package var owner: String

  package init(id: String, created: Int64, owner: String) {
    self.id = id
    self.created = created
    self.owner = owner
  }

  /// The body of `GET /v1/models/ID`.
  package var body: [UInt8] {
    var writer = JSONWriter()
    write(to: &writer)
    return writer.bytes
  }

  fileprivate func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("id")
    writer.string(id)
    writer.key("object")
    writer.string("model")
    writer.key("created")
    writer.int(created)
    writer.key("owned_by")
    writer.string(owner)
    writer.endObject()
  }
}

/// What `GET /v1/models` answers.
package enum ModelList {
  /// The body, with `models` in the order given.
  package static func body(of models: [ListedModel]) -> [UInt8] {
    var writer = JSONWriter(reservingCapacity: 64 + models.count * 96)
    writer.beginObject()
    writer.key("object")
    writer.string("list")
    writer.key("data")
    writer.beginArray()
    for model in models { model.write(to: &writer) }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }
}
