/// Why some bytes are not a message that we take: every way, with the rule that it breaks.
///
/// After a refusal nothing more may be read from the connection: where the next message would
/// begin is exactly what is in doubt.
package enum HTTPRefusal: String, Error, Hashable, Sendable, CaseIterable {
  // The first line.
  case badRequestLine
  case badMethod
  case badTarget
  case badVersion
  case badStatusLine
  // The head as a whole.
  case bareLineFeed
  case bareCarriageReturn
  case controlByte
  case headTooLong
  case tooManyFields
  // Fields.
  case foldedField
  case fieldWithoutColon
  case emptyFieldName
  case spaceBeforeColon
  case badFieldName
  case badFieldValue
  // Framing and routing.
  case missingHost
  case repeatedHost
  case badHost
  case lengthAndCoding
  case repeatedLength
  case badLength
  case repeatedCoding
  case badCoding
  case unknownCoding
  case codingInOldVersion
  case unknownExpectation
  case unexpectedUpgrade
  // Chunked bodies.
  case badChunkSize
  case chunkTooLarge
  case badChunkEnd
  case badChunkExtension
  case badTrailer
  case chunkExtrasTooLong

  /// The status to answer a request with.
  package var status: Int {
    switch self {
    case .headTooLong, .tooManyFields, .chunkExtrasTooLong: 431
    case .chunkTooLarge: 413
    case .badVersion: 505
    case .unknownCoding: 501
    case .unknownExpectation: 417
    case .badRequestLine, .badMethod, .badTarget, .badStatusLine, .bareLineFeed,
      .bareCarriageReturn, .controlByte, .foldedField, .fieldWithoutColon, .emptyFieldName,
      .spaceBeforeColon, .badFieldName, .badFieldValue, .missingHost, .repeatedHost, .badHost,
      .lengthAndCoding, .repeatedLength, .badLength, .repeatedCoding, .badCoding,
      .codingInOldVersion, .unexpectedUpgrade, .badChunkSize, .badChunkEnd, .badChunkExtension,
      .badTrailer:
      400
    }
  }

  /// The section of the standard that the rule comes from.
  package var section: String {
    switch self {
    case .badRequestLine: "RFC 9112 section 3"
    case .badMethod: "RFC 9112 section 3.1"
    case .badTarget: "RFC 9112 section 3.2"
    case .badVersion: "RFC 9112 section 2.3"
    case .badStatusLine: "RFC 9112 section 4"
    case .bareLineFeed, .bareCarriageReturn: "RFC 9112 section 2.2"
    case .controlByte, .badFieldValue: "RFC 9110 section 5.5"
    case .headTooLong, .tooManyFields: "RFC 6585 section 5"
    case .foldedField: "RFC 9112 section 5.2"
    case .fieldWithoutColon, .emptyFieldName: "RFC 9112 section 5"
    case .spaceBeforeColon: "RFC 9112 section 5.1"
    case .badFieldName: "RFC 9110 section 5.1"
    case .missingHost, .repeatedHost, .badHost: "RFC 9112 section 3.2"
    case .lengthAndCoding, .repeatedLength, .badLength, .badCoding: "RFC 9112 section 6.3"
    case .repeatedCoding, .unknownCoding, .codingInOldVersion: "RFC 9112 section 6.1"
    case .unknownExpectation: "RFC 9110 section 10.1.1"
    case .unexpectedUpgrade: "RFC 9110 section 7.8"
    case .badChunkSize, .chunkTooLarge, .badChunkEnd: "RFC 9112 section 7.1"
    case .badChunkExtension, .chunkExtrasTooLong: "RFC 9112 section 7.1.1"
    case .badTrailer: "RFC 9112 section 7.1.2"
    }
  }

  /// What is wrong, in words that quote nothing of the message.
  package var message: String {
    switch self {
    case .badRequestLine: "malformed request line"
    case .badMethod: "malformed method"
    case .badTarget: "malformed request target"
    case .badVersion: "only HTTP/1.1 and HTTP/1.0 are spoken here"
    case .badStatusLine: "malformed status line"
    case .bareLineFeed: "line feed without a carriage return in the head"
    case .bareCarriageReturn: "carriage return without a line feed in the head"
    case .controlByte: "control character in the head"
    case .headTooLong: "the head is too long"
    case .tooManyFields: "too many header fields"
    case .foldedField: "header field folded over several lines"
    case .fieldWithoutColon: "header line without a colon"
    case .emptyFieldName: "header field without a name"
    case .spaceBeforeColon: "white space between a header field's name and its colon"
    case .badFieldName: "malformed header field name"
    case .badFieldValue: "malformed header field value"
    case .missingHost: "the Host field is missing"
    case .repeatedHost: "more than one Host field"
    case .badHost: "malformed Host field"
    case .lengthAndCoding: "Content-Length together with Transfer-Encoding"
    case .repeatedLength: "more than one Content-Length"
    case .badLength: "malformed Content-Length"
    case .repeatedCoding: "more than one Transfer-Encoding"
    case .badCoding: "Transfer-Encoding does not end in chunked"
    case .unknownCoding: "the only transfer coding taken is chunked"
    case .codingInOldVersion: "Transfer-Encoding in HTTP/1.0"
    case .unknownExpectation: "unknown expectation"
    case .unexpectedUpgrade: "switched protocols without being asked"
    case .badChunkSize: "malformed chunk size"
    case .chunkTooLarge: "chunk size out of range"
    case .badChunkEnd: "a chunk does not end where its size says"
    case .badChunkExtension: "malformed chunk extension"
    case .badTrailer: "malformed trailer section"
    case .chunkExtrasTooLong: "chunk extensions or trailers are too long"
    }
  }
}
