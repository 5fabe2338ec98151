internal import CRE2
internal import SluiceCore

/// A regular expression, compiled by RE2: matching takes time linear in the text, whatever the
/// pattern.
///
/// The only file that touches the C interface. Unchecked `Sendable` because RE2 objects may be
/// matched from many threads at once, and nothing here changes after `init`.
@safe final class Pattern: @unchecked Sendable {
  struct Invalid: Error {
    let reason: String
  }

  private let compiled: OpaquePointer

  /// Compiles a pattern.
  ///
  /// - Throws: `Invalid` for one that RE2 does not accept, or that needs more memory than
  ///   `Bounds.regexBytes`.
  init(_ pattern: String) throws(Invalid) {
    var pattern = pattern
    let compiled = pattern.withUTF8 { bytes in
      unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
        unsafe sluice_re2_compile(
          characters.baseAddress,
          characters.count,
          Int64(Bounds.regexBytes)
        )
      }
    }
    guard let compiled = unsafe compiled else { throw Invalid(reason: "out of memory") }
    if let error = unsafe sluice_re2_error(compiled) {
      let reason = unsafe String(cString: error)
      unsafe sluice_re2_delete(compiled)
      throw Invalid(reason: reason)
    }
    unsafe self.compiled = compiled
  }

  deinit { unsafe sluice_re2_delete(compiled) }

  /// Whether some part of `text` matches.
  func matches(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
        unsafe sluice_re2_matches(compiled, characters.baseAddress, characters.count) == 1
      }
    }
  }
}
