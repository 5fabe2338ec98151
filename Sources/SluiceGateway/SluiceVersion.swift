/// The version of this program.
package enum SluiceVersion {
  package static let current = "0.1.0"
}
