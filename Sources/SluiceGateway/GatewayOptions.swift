package import SluiceLanguage

/// What `sluice serve` was told.
package struct GatewayOptions: Sendable {
  /// Where the bundle is: a folder or a file.
  package var bundle: String
  /// What flags say in place of the files; they hold for every reload.
  package var overrides = PolicyOverrides()
  package var stateFolder = "./.sluice"
  /// Where the tables of tokenizers are; `nil`: where the environment says, or the usual places.
  package var dataFolder: String?
  /// Event loops for traffic; `nil`: one a core.
  package var loops: Int?
  package var log = Log.json
  /// What `env:NAME` refers to.
  package var environment: [String: String] = [:]

  package enum Log: String, Sendable, CaseIterable {
    /// One JSON object a line, on standard output.
    case json
    case none
  }

  package init(bundle: String) { self.bundle = bundle }
}
