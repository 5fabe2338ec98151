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

  /// The regular expression of a pattern of wildcards, which all of a text has to fit.
  ///
  /// `*` stands for any text and `?` for any code point; behind `\\` the next one is meant as it is.
  static func expression(ofGlob glob: String) -> String {
    var expression = "(?s)\\A"
    var isMeant = false
    func quoted(_ scalar: Unicode.Scalar) -> String {
      let isWord = !scalar.isASCII || scalar.properties.isAlphabetic || scalar == "_"
      if isWord || ("0"..."9").contains(scalar) { return String(scalar) }
      return scalar == "\0" ? "\\x00" : "\\\(scalar)"
    }
    for scalar in glob.unicodeScalars {
      switch scalar {
      case _ where isMeant:
        expression += quoted(scalar)
        isMeant = false
      case "\\": isMeant = true
      case "*": expression += ".*"
      case "?": expression += "."
      default: expression += quoted(scalar)
      }
    }
    // One at the end stands before nothing, and for itself.
    return expression + (isMeant ? "\\\\\\z" : "\\z")
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
