internal import CTLS

/// What all connections to one upstream have in common: whom they trust and what they offer.
///
/// TLS 1.2 at least, `http/1.1` by ALPN (RFC 7301), certificates verified (RFC 9110 section 4.3.4).
///
/// Isolation: any thread; OpenSSL counts its references.
@safe
final class TLSContext: @unchecked Sendable {
  fileprivate let pointer: OpaquePointer

  /// Prepares a client.
  ///
  /// Reads the system's certificates where no others are given, which takes milliseconds.
  ///
  /// - Parameter authorities: certificates in PEM, then the only ones that are trusted.
  /// - Throws: `badAuthorities`.
  convenience init(authorities: [UInt8]?) throws(UpstreamSetupError) {
    let pointer: OpaquePointer? =
      if let authorities {
        unsafe authorities.withUnsafeBufferPointer {
          unsafe sluice_tls_client_context($0.baseAddress, $0.count)
        }
      } else {
        unsafe sluice_tls_client_context(nil, 0)
      }
    guard let pointer = unsafe pointer else { throw .badAuthorities }
    unsafe self.init(owning: pointer)
  }

  /// Takes over a context of the C module.
  init(owning pointer: OpaquePointer) {
    unsafe self.pointer = unsafe pointer
  }

  deinit { unsafe sluice_tls_context_free(pointer) }
}

/// What a server gave to shorten the next handshake with it (RFC 8446 section 4.6.1).
///
/// A shortened handshake does not show the certificate again, so a ticket is worth no more than
/// the certificates that were verified when it was given: it ends when the first of them does.
///
/// Isolation: any thread; it never changes.
@safe
final class TLSTicket: @unchecked Sendable {
  fileprivate let pointer: OpaquePointer
  /// Up to when the certificates hold behind it, in seconds since 1970.
  fileprivate let trustedUntil: Int64
  private let expiry: Int64

  fileprivate init(_ pointer: OpaquePointer, trustedUntil: Int64) {
    unsafe self.pointer = unsafe pointer
    self.trustedUntil = trustedUntil
    expiry = unsafe min(sluice_tls_ticket_expiry(pointer), trustedUntil)
  }

  deinit { unsafe sluice_tls_ticket_free(pointer) }

  /// Whether a server may still take it, at a time in seconds since 1970.
  func isGood(at now: Int64) -> Bool { now < expiry }
}

/// The state of one TLS connection, without its socket.
///
/// Ciphertext goes in, and plaintext and ciphertext come out; nothing waits. After each call the
/// output is to be sent.
///
/// Isolation: the loop of its connection only. That is what makes the class `@unchecked Sendable`.
@safe
final class TLSSession: @unchecked Sendable {
  enum Progress: Equatable {
    case done
    case needMore
    case failed(TLSFault)
  }

  private let pointer: OpaquePointer
  private let ticket: TLSTicket?
  /// Up to when the certificates of the server hold, in seconds since 1970.
  private(set) var trustedUntil = Int64.max
  private(set) var isConnected = false

  /// Begins as a client.
  ///
  /// - Parameters:
  ///   - context: of the upstream.
  ///   - host: a name, or a numeric address, that the server's certificate has to be for.
  ///   - isAddress: which of both.
  ///   - now: when certificates are judged, in seconds since 1970.
  ///   - ticket: of an earlier connection to the same server.
  init(_ context: TLSContext, host: String, isAddress: Bool, at now: Int64, ticket: TLSTicket?) {
    let pointer = unsafe host.withCString {
      unsafe sluice_tls_new(context.pointer, $0, isAddress ? 1 : 0, now, ticket?.pointer)
    }
    guard let pointer = unsafe pointer else { preconditionFailure("memory is out") }
    unsafe self.pointer = unsafe pointer
    self.ticket = ticket
  }

  /// Begins as a server.
  init(accepting context: TLSContext) {
    guard let pointer = unsafe sluice_tls_new(context.pointer, nil, 0, 0, nil) else {
      preconditionFailure("memory is out")
    }
    unsafe self.pointer = unsafe pointer
    ticket = nil
  }

  deinit { unsafe sluice_tls_free(pointer) }

  /// Goes on with the handshake.
  ///
  /// - Parameter bytes: what came since; at a client's first call, nothing.
  /// - Returns: whether it is over.
  func handshake(_ bytes: [UInt8]) -> Progress {
    let result = unsafe bytes.withUnsafeBufferPointer {
      unsafe sluice_tls_handshake(pointer, $0.baseAddress, $0.count)
    }
    if result == 0 { return .needMore }
    guard result > 0 else { return .failed(TLSFault(unsafe sluice_tls_fault(pointer))) }
    isConnected = true
    if let ticket, wasResumed {
      trustedUntil = ticket.trustedUntil
    } else {
      let expiry = unsafe sluice_tls_chain_expiry(pointer)
      if expiry > 0 { trustedUntil = expiry }
    }
    return .done
  }

  /// Whether the handshake was shortened by the ticket.
  var wasResumed: Bool { unsafe sluice_tls_was_resumed(pointer) != 0 }

  /// `TLSv1.3` and the like as a number: 0x0304.
  var version: Int { unsafe Int(sluice_tls_version(pointer)) }

  /// Appends the plaintext of what came.
  func receive(_ bytes: [UInt8], into plaintext: inout [UInt8]) {
    var start: UnsafePointer<UInt8>?
    var count = unsafe bytes.withUnsafeBufferPointer {
      unsafe sluice_tls_receive(pointer, $0.baseAddress, $0.count, &start)
    }
    unsafe plaintext.append(contentsOf: UnsafeBufferPointer(start: start, count: count))
    while count > 0, unsafe sluice_tls_keeps_input(pointer) != 0 {
      count = unsafe sluice_tls_receive(pointer, nil, 0, &start)
      unsafe plaintext.append(contentsOf: UnsafeBufferPointer(start: start, count: count))
    }
  }

  /// Whether the peer said in order that no more will come.
  var hasEnded: Bool { unsafe sluice_tls_has_ended(pointer) != 0 }

  /// Whether something came that was damaged, or an alert: nothing goes on.
  var hasFailed: Bool { unsafe sluice_tls_has_failed(pointer) != 0 }

  /// Whether something came that nobody read, if only a part of a record.
  var hasUnread: Bool { unsafe sluice_tls_has_unread(pointer) != 0 }

  /// Encrypts a part of `plaintext`.
  ///
  /// - Returns: whether the connection could.
  func send(_ plaintext: [UInt8], _ range: Range<Int>) -> Bool {
    unsafe plaintext.withUnsafeBufferPointer { bytes in
      let part = unsafe UnsafeBufferPointer(rebasing: bytes[range])
      return unsafe sluice_tls_send(pointer, part.baseAddress, part.count) == 1
    }
  }

  /// Says that no more will come.
  func end() { unsafe sluice_tls_end(pointer) }

  /// Hands over the ciphertext that is to be sent.
  func takeOutput() -> [UInt8] {
    var start: UnsafePointer<UInt8>?
    let count = unsafe sluice_tls_output(pointer, &start)
    guard count > 0 else { return [] }
    let output = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    unsafe sluice_tls_drop_output(pointer)
    return output
  }

  /// Hands over the newest ticket that the server gave since.
  func takeTicket() -> TLSTicket? {
    guard let taken = unsafe sluice_tls_take_ticket(pointer) else { return nil }
    return unsafe TLSTicket(taken, trustedUntil: trustedUntil)
  }
}

extension TLSFault {
  fileprivate init(_ fault: sluice_tls_fault) {
    self =
      switch fault {
      case SLUICE_TLS_EXPIRED: .expired
      case SLUICE_TLS_NOT_YET_VALID: .notYetValid
      case SLUICE_TLS_WRONG_HOST: .wrongHost
      case SLUICE_TLS_UNKNOWN_ISSUER: .unknownIssuer
      case SLUICE_TLS_SELF_SIGNED: .selfSigned
      case SLUICE_TLS_BAD_CERTIFICATE: .badCertificate
      case SLUICE_TLS_NOT_TLS: .notTLS
      case SLUICE_TLS_NOTHING_IN_COMMON: .nothingInCommon
      case SLUICE_TLS_REFUSED: .refused
      default: .protocolBroken
      }
  }
}
