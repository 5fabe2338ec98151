package import SluiceCore
package import SluicePipeline

extension Ask {
  /// The key that it shows: one for each tenant, user and tier.
  package var key: String { "sk-sluice-\(tenant)-\(user)-\(tier)" }
}

/// The keys of a scenario's clients.
package struct ScriptedKeys: KeyDirectory {
  private var records: [Digest: KeyRecord] = [:]

  /// One key for each who asks; it may use every product that somebody with it asks for.
  package init(for asks: [Ask]) {
    for ask in asks {
      let digest = Digest(of: Array(ask.key.utf8))
      var record =
        records[digest]
        ?? KeyRecord(
          id: "key_\(records.count)",
          digest: digest,
          tenant: ask.tenant,
          user: ask.user,
          tier: ask.tier,
          products: [],
          expiresAt: nil
        )
      if !ask.product.isEmpty, !record.products.contains(ask.product) {
        record.products.append(ask.product)
      }
      records[digest] = record
    }
  }

  package func record(of digest: Digest) -> KeyRecord? { records[digest] }
}
