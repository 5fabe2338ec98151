internal import SluiceCore

/// Writes what requests and replies share: fields, framing, the end of a head.
///
/// Everything is appended to the caller's buffer. Bytes that could end a field early are never
/// written: `append(_:_:to:)` drops them from values (RFC 9110 section 5.5 names them as the way
/// to split a response), and names are the program's own, checked by a precondition.
package enum HeadWriter {
  /// Appends a field.
  ///
  /// Control characters of `value`, tab excepted, are left out.
  package static func append(_ name: String, _ value: String, to output: inout [UInt8]) {
    begin(name, to: &output)
    append(value: value, to: &output)
    endLine(&output)
  }

  package static func append(_ name: String, _ value: Int, to output: inout [UInt8]) {
    begin(name, to: &output)
    DecimalText.append(Int64(value), to: &output)
    endLine(&output)
  }

  /// Appends a field of which the name is known to be one.
  package static func append(_ name: FieldName, _ value: String, to output: inout [UInt8]) {
    output += name.start
    append(value: value, to: &output)
    endLine(&output)
  }

  package static func append(_ name: FieldName, _ value: Int64, to output: inout [UInt8]) {
    output += name.start
    DecimalText.append(value, to: &output)
    endLine(&output)
  }

  /// Appends the field at `index` of a parsed head, byte for byte.
  package static func append(
    copying index: Int,
    of fields: HeaderFields,
    to output: inout [UInt8]
  ) {
    output += fields.nameBytes(at: index)
    output.append(ASCII.colon)
    output.append(ASCII.space)
    output += fields.valueBytes(at: index)
    endLine(&output)
  }

  /// Appends every field that may pass in `direction`, in their order.
  package static func append(
    passing fields: HeaderFields,
    _ direction: FieldFilter.Direction,
    to output: inout [UInt8]
  ) {
    let filter = FieldFilter(direction, of: fields)
    for index in 0..<fields.count where filter.passes(index) {
      append(copying: index, of: fields, to: &output)
    }
  }

  /// Appends the fields that delimit the body; nothing for `.none` and `.untilClose`.
  package static func append(_ framing: BodyFraming, to output: inout [UInt8]) {
    switch framing {
    case .none, .untilClose: break
    case .length(let length): append(contentLength, Int64(length), to: &output)
    case .chunked: output += chunkedLine
    }
  }

  private static let contentLength = FieldName("Content-Length")
  private static let chunkedLine = Array("Transfer-Encoding: chunked\r\n".utf8)

  /// Ends the head.
  package static func end(_ output: inout [UInt8]) { endLine(&output) }

  private static func begin(_ name: String, to output: inout [UInt8]) {
    precondition(isToken(name), "not a field name")
    output += name.utf8
    output.append(ASCII.colon)
    output.append(ASCII.space)
  }

  /// Appends what may stand in a value of `text`.
  static func append(value text: String, to output: inout [UInt8]) {
    let value = text.utf8
    if isFieldValue(value) {
      output += value
    } else {
      for byte in value where ByteClass.isFieldValue(byte) { output.append(byte) }
    }
  }

  static func isToken(_ name: String) -> Bool {
    let bytes = name.utf8.span
    for index in bytes.indices where !ByteClass.isToken(bytes[index]) { return false }
    return !bytes.isEmpty
  }

  private static func isFieldValue(_ value: String.UTF8View) -> Bool {
    let bytes = value.span
    for index in bytes.indices where !ByteClass.isFieldValue(bytes[index]) { return false }
    return true
  }

  static func endLine(_ output: inout [UInt8]) {
    output.append(ASCII.cr)
    output.append(ASCII.lf)
  }
}

/// Writes the head of a request to an upstream.
package enum RequestWriter {
  /// Appends the request line and `Host`; fields follow, then `HeadWriter.end(_:)`.
  ///
  /// `target` and `host` come from the policy, so a byte that cannot stand there is a programmer
  /// error and traps.
  package static func begin(
    _ method: HTTPMethod,
    target: String,
    host: String,
    to output: inout [UInt8]
  ) {
    precondition(!target.isEmpty && target.utf8.allSatisfy(ByteClass.isTarget), "not a target")
    precondition(host.utf8.allSatisfy(ByteClass.isAuthority), "not a host")
    let name = method.name
    precondition(HeadWriter.isToken(name), "not a method")
    output += name.utf8
    output.append(ASCII.space)
    output += target.utf8
    output += " HTTP/1.1\r\n".utf8
    HeadWriter.append("Host", host, to: &output)
  }
}

/// Writes the head of a reply to a client.
package enum ResponseWriter {
  /// The interim reply that a client with `Expect: 100-continue` waits for.
  package static let continueHead = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

  /// Appends the status line and `Date`; fields follow, then `HeadWriter.end(_:)`.
  ///
  /// - Parameters:
  ///   - status: 200 to 599.
  ///   - date: the field `Date`, which the caller keeps for the second it names (`HTTPDate`).
  ///   - keepAlive: `false` adds `Connection: close`.
  ///   - output: where to append.
  package static func begin(
    status: Int,
    date: HeaderLines,
    keepAlive: Bool,
    to output: inout [UInt8]
  ) {
    precondition(finalStatuses.contains(status), "not a final status")
    output += statusLines[status - finalStatuses.lowerBound]
    output += date.bytes
    if !keepAlive { output += closeLine }
  }

  private static let finalStatuses = 200...599
  private static let statusLines = finalStatuses.map { status in
    Array("HTTP/1.1 \(status) \(reason(of: status))\r\n".utf8)
  }
  private static let closeLine = Array("Connection: close\r\n".utf8)

  /// The phrase of the registry; empty for a status that is not in it, as RFC 9112 allows.
  package static func reason(of status: Int) -> String {
    switch status {
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 304: "Not Modified"
    case 307: "Temporary Redirect"
    case 308: "Permanent Redirect"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 402: "Payment Required"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 406: "Not Acceptable"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 410: "Gone"
    case 411: "Length Required"
    case 412: "Precondition Failed"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 417: "Expectation Failed"
    case 421: "Misdirected Request"
    case 422: "Unprocessable Content"
    case 425: "Too Early"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    default: ""
    }
  }
}

/// Writes the chunks of a body (RFC 9112 section 7.1).
package enum ChunkWriter {
  /// Appends one chunk; nothing for no bytes, since an empty chunk would end the body.
  package static func append(_ data: ArraySlice<UInt8>, to output: inout [UInt8]) {
    guard !data.isEmpty else { return }
    begin(size: data.count, to: &output)
    output += data
    output += lineEnd
  }

  package static func append(_ data: [UInt8], to output: inout [UInt8]) {
    guard !data.isEmpty else { return }
    begin(size: data.count, to: &output)
    output += data
    output += lineEnd
  }

  package static func append(_ data: Span<UInt8>, to output: inout [UInt8]) {
    guard !data.isEmpty else { return }
    begin(size: data.count, to: &output)
    output.append(copying: data)
    output += lineEnd
  }

  /// Appends the line that announces `size` bytes, at least one.
  package static func begin(size: Int, to output: inout [UInt8]) {
    precondition(size > 0, "an empty chunk would end the body")
    var shift = (Int.bitWidth - 1 - size.leadingZeroBitCount) & ~3
    while shift >= 0 {
      let digit = UInt8(truncatingIfNeeded: size >> shift & 15)
      output.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
      shift -= 4
    }
    HeadWriter.endLine(&output)
  }

  /// What follows the bytes of a chunk.
  package static let lineEnd: [UInt8] = [ASCII.cr, ASCII.lf]

  /// Appends the last chunk and an empty trailer section.
  package static func appendLast(to output: inout [UInt8]) { output += last }

  private static let last = Array("0\r\n\r\n".utf8)
}
