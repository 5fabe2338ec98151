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

  package var isDone: Bool {
    hasData && data.count == Self.done.count && data.elementsEqual(Self.done)
  }

  private static let done = Array("[DONE]".utf8)
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

  private var buffer: [UInt8] = []
  /// Where the current frame begins in `buffer`.
  private var frameStart = 0
  private var lineStart = 0
  private var scanned = 0
  /// The first `data` line of the frame, which is the only one as a rule, and those behind it.
  private var data: Range<Int>?
  private var moreData: [Range<Int>] = []
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
      let next = ByteScan.lineEnd(buffer.span, from: scanned)
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

  private enum Field { case data, event, other }

  private mutating func take(line: Range<Int>) {
    hasLines = true
    let (field, value) = parts(of: line)
    switch field {
    case .data: if data == nil { data = value } else { moreData.append(value) }
    case .event: name = value
    case .other: break
    }
  }

  /// What a line is, and where its value stands.
  private func parts(of line: Range<Int>) -> (Field, value: Range<Int>) {
    let bytes = buffer.span
    var colon = line.lowerBound
    while colon < line.upperBound, bytes[colon] != ASCII.colon { colon += 1 }
    var start = min(colon + 1, line.upperBound)
    if start < line.upperBound, bytes[start] == ASCII.space { start += 1 }
    let name = bytes.extracting(line.lowerBound..<colon)
    let field: Field =
      name.isEqual(to: Self.dataField.span)
      ? .data : name.isEqual(to: Self.eventField.span) ? .event : .other
    return (field, start..<line.upperBound)
  }

  private static let dataField = Array("data".utf8)
  private static let eventField = Array("event".utf8)

  private mutating func takeFrame(isTerminated: Bool) -> StreamEvent {
    let event = StreamEvent(
      frame: buffer[frameStart..<scanned],
      data: joinedData(),
      name: buffer[name],
      hasData: data != nil,
      isTerminated: isTerminated
    )
    frameStart = scanned
    data = nil
    if !moreData.isEmpty { moreData = [] }
    name = 0..<0
    hasLines = false
    return event
  }

  private func joinedData() -> ArraySlice<UInt8> {
    guard let data else { return [] }
    guard !moreData.isEmpty else { return buffer[data] }
    var joined = Array(buffer[data])
    for range in moreData {
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
    data = data.map { $0.moved(by: -shift) }
    if !moreData.isEmpty { moreData = moreData.map { $0.moved(by: -shift) } }
    name = name.isEmpty ? 0..<0 : name.moved(by: -shift)
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

extension Range<Int> {
  fileprivate func moved(by offset: Int) -> Range<Int> {
    (lowerBound + offset)..<(upperBound + offset)
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
