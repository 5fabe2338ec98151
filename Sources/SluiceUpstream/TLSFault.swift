/// Why a TLS handshake came to nothing.
///
/// None of them repeats what the server sent.
enum TLSFault: String, Sendable, CaseIterable {
  case expired
  case notYetValid
  case wrongHost
  case unknownIssuer
  case selfSigned
  case badCertificate
  case notTLS
  case nothingInCommon
  case refused
  case closed
  case protocolBroken

  /// What the log says: lower case, no full stop.
  var message: String {
    switch self {
    case .expired: "the server's certificate, or one behind it, has expired"
    case .notYetValid: "the server's certificate, or one behind it, is not valid yet"
    case .wrongHost: "the server's certificate is for another host"
    case .unknownIssuer: "the server's certificate comes from an unknown authority"
    case .selfSigned: "the server's certificate is signed by itself only"
    case .badCertificate: "the server's certificate cannot be trusted"
    case .notTLS: "the server does not speak TLS"
    case .nothingInCommon: "the server accepts no version or cipher of TLS that we do"
    case .refused: "the server refused the handshake"
    case .closed: "the server closed the connection in the handshake"
    case .protocolBroken: "the handshake broke the rules of TLS"
    }
  }
}
