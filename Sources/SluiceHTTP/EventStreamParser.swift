internal import SluiceCore

/// One frame of an event stream: what lies between two empty lines.
package struct StreamEvent: Sendable {
  /// The frame as it came, the empty line included, to be passed through untouched.
  package let frame: ArraySlice<UInt8>
  /// The `data` lines, joined by line feeds.
  package let data: ArraySlice<UInt8>
  /// The `event` line; empty without one.
  package let name: ArraySlice<UInt8>
  /// Whether there was a `data` line.
  ///
  /// A frame of comments only has none: it keeps a connection
  /// alive and tells nothing.
  package let hasData: Bool
  /// Whether the empty line was there; `false` only for what `finish()` returns.
  package let isTerminated: Bool

  package var isDone: Bool { hasData && data.elementsEqual("[DONE]".utf8) }
}

/// Takes a server-sent event stream apart, however the bytes come.
///
/// Lines end in CRLF, LF or CR; a byte order mark at the start is skipped (HTML Living Standard,
/// section 9.2.6). The frames of all events together are the bytes that came in, so a stream can
/// be watched and passed on unchanged. Linear in the bytes.
package struct EventStreamParser: Sendable {
  package enum Step: Sendable {
    case needMore
    case event(StreamEvent)
    /// A frame is longer than `Bounds.eventBytes`; the stream cannot be followed any further.
    case tooLong
  }

  private struct Line: Sendable {
    var name: Range<Int>
    var value: Range<Int>
  }

  private var buffer: [UInt8] = []
  /// Where the current frame begins in `buffer`.
  private var frameStart = 0
  private var lineStart = 0
  private var scanned = 0
  private var data: [Range<Int>] = []
  private var name = 0..<0
  /// Whether the frame has any line; an empty line before one is no event.
  private var hasLines = false
  /// Whether a CR ended the last line, so that an LF right behind it belongs to it.
  private var endedInCR = false
  private var isAtStart = true

  package init() {}

  /// Takes more of the stream.
  ///
  /// Call `next()` until it needs more before taking again.
  package mutating func append(_ bytes: Span<UInt8>) {
    compact()
    buffer.append(copying: bytes)
  }

  package mutating func append(_ bytes: [UInt8]) {
    compact()
    buffer += bytes
  }

  /// Bytes of the frame that is not complete yet.
  package var pendingBytes: Int { buffer.count - frameStart }

  /// The next complete frame.
  package mutating func next() -> Step {
    skipByteOrderMark()
    while scanned < buffer.count {
      let next = lineEnd(from: scanned)
      if next > scanned { endedInCR = false }
      scanned = next
      guard scanned < buffer.count else { break }
      let byte = buffer[scanned]
      if byte == ASCII.lf, endedInCR {
        // The second half of a CRLF: bytes of the same frame, or, when the CR ended a frame that
        // has been handed out, the first byte of the next.
        scanned += 1
        lineStart = scanned
        endedInCR = false
        continue
      }
      let lineEnd = scanned
      scanned += 1
      endedInCR = byte == ASCII.cr
      if endedInCR, scanned < buffer.count, buffer[scanned] == ASCII.lf {
        scanned += 1
        endedInCR = false
      }
      let isEmpty = lineEnd == lineStart
      if isEmpty {
        lineStart = scanned
        if hasLines { return .event(takeFrame(isTerminated: true)) }
      } else {
        take(line: lineStart..<lineEnd)
        lineStart = scanned
      }
      if scanned - frameStart > Bounds.eventBytes { return .tooLong }
    }
    return buffer.count - frameStart > Bounds.eventBytes ? .tooLong : .needMore
  }

  /// What is left when the stream ends without an empty line; `nil` if there is nothing.
  ///
  /// A browser would drop such a frame. Some upstreams end with a bare `data: [DONE]`, so it is
  /// handed out, marked.
  package mutating func finish() -> StreamEvent? {
    if lineStart < buffer.count { take(line: lineStart..<buffer.count) }
    scanned = buffer.count
    lineStart = scanned
    return hasLines ? takeFrame(isTerminated: false) : nil
  }

  // MARK: Lines

  /// Offset of the next CR or LF, or the end of the buffer.
  private func lineEnd(from start: Int) -> Int {
    let bytes = buffer.span
    var index = start
    while index < bytes.count, bytes[index] != ASCII.lf, bytes[index] != ASCII.cr { index += 1 }
    return index
  }

  private mutating func take(line: Range<Int>) {
    hasLines = true
    var colon = line.lowerBound
    while colon < line.upperBound, buffer[colon] != ASCII.colon { colon += 1 }
    var value = min(colon + 1, line.upperBound)
    if value < line.upperBound, buffer[value] == ASCII.space { value += 1 }
    let field = line.lowerBound..<colon
    if isField(field, "data") {
      data.append(value..<line.upperBound)
    } else if isField(field, "event") {
      name = value..<line.upperBound
    }
  }

  private func isField(_ range: Range<Int>, _ name: StaticString) -> Bool {
    guard range.count == name.utf8CodeUnitCount else { return false }
    return buffer[range].elementsEqual(name.description.utf8)
  }

  private mutating func takeFrame(isTerminated: Bool) -> StreamEvent {
    let event = StreamEvent(
      frame: buffer[frameStart..<scanned],
      data: joinedData(),
      name: buffer[name],
      hasData: !data.isEmpty,
      isTerminated: isTerminated
    )
    frameStart = scanned
    data.removeAll(keepingCapacity: true)
    name = 0..<0
    hasLines = false
    return event
  }

  private func joinedData() -> ArraySlice<UInt8> {
    guard let first = data.first else { return [] }
    guard data.count > 1 else { return buffer[first] }
    var joined = Array(buffer[first])
    for range in data.dropFirst() {
      joined.append(ASCII.lf)
      joined += buffer[range]
    }
    return joined[...]
  }

  /// Forgets the frames that have been handed out.
  private mutating func compact() {
    guard frameStart > 0 else { return }
    let shift = frameStart
    if shift == buffer.count {
      buffer.removeAll(keepingCapacity: true)
    } else {
      buffer.removeFirst(shift)
    }
    frameStart = 0
    lineStart -= shift
    scanned -= shift
    data = data.map { ($0.lowerBound - shift)..<($0.upperBound - shift) }
    if !name.isEmpty {
      name = (name.lowerBound - shift)..<(name.upperBound - shift)
    } else {
      name = 0..<0
    }
  }

  private mutating func skipByteOrderMark() {
    guard isAtStart else { return }
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    guard buffer.starts(with: mark) || !mark.starts(with: buffer) else { return }
    isAtStart = false
    guard buffer.starts(with: mark) else { return }
    scanned = mark.count
    lineStart = mark.count
  }
}

/// Writes events.
package enum EventStreamWriter {
  /// Appends an event whose data holds no line end, such as JSON from `JSONWriter`.
  ///
  /// Data with line ends is written as several `data` lines, which the reader joins again.
  package static func append(
    data: some Sequence<UInt8>,
    name: String = "",
    to output: inout [UInt8]
  ) {
    if !name.isEmpty {
      precondition(
        !name.utf8.contains(ASCII.lf) && !name.utf8.contains(ASCII.cr),
        "an event's name is one line"
      )
      output += "event: ".utf8
      output += name.utf8
      output.append(ASCII.lf)
    }
    output += "data: ".utf8
    var endedInCR = false
    for byte in data {
      defer { endedInCR = byte == ASCII.cr }
      if byte == ASCII.lf, endedInCR { continue }
      if byte == ASCII.lf || byte == ASCII.cr {
        output += "\ndata: ".utf8
      } else {
        output.append(byte)
      }
    }
    output.append(ASCII.lf)
    output.append(ASCII.lf)
  }

  /// Appends a comment, which keeps a connection from looking idle.
  package static func appendComment(to output: inout [UInt8]) { output += ":\n\n".utf8 }
}
