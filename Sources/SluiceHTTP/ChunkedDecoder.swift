internal import SluiceCore

/// Takes the chunks of a body apart, however the bytes come.
///
/// Every byte is looked at once and none is kept: the caller gets ranges of its own buffer. Sizes,
/// line ends, extensions and trailers are checked by the grammar of RFC 9112 section 7.1;
/// extensions and trailers are dropped, and `Bounds.chunkExtrasBytes` bounds them over the whole
/// body.
package struct ChunkedDecoder: Sendable {
  package enum Step: Hashable, Sendable {
    /// Everything was consumed and the body goes on.
    case needMore
    /// A piece of the body; go on from its upper bound.
    case data(Range<Int>)
    /// The body is complete; what follows from this offset is not part of it.
    case end(Int)
    case refused(HTTPRefusal)
  }

  private enum State: Hashable, Sendable {
    case sizeStart
    case size
    case chunkExtension(isQuoted: Bool, isEscaped: Bool)
    case sizeLineFeed
    case data
    case dataCarriageReturn
    case dataLineFeed
    case trailerStart
    case trailerName
    case trailerValue
    case trailerLineFeed
    case endLineFeed
    case ended
  }

  private var state = State.sizeStart
  private var size = 0
  private var sizeDigits = 0
  private var extras = 0

  package init() {}

  /// Whether the last chunk and the trailer section have been read.
  package var isAtEnd: Bool { state == .ended }

  /// Reads on from `offset` of `bytes`, up to the end of the next piece of data.
  package mutating func next(_ bytes: Span<UInt8>, from offset: Int) -> Step {
    var index = offset
    while index < bytes.count {
      switch state {
      case .data:
        let end = index + min(size, bytes.count - index)
        size -= end - index
        if size == 0 { state = .dataCarriageReturn }
        return .data(index..<end)
      case .ended:
        return .end(index)
      case .sizeStart, .size, .chunkExtension, .sizeLineFeed, .dataCarriageReturn, .dataLineFeed,
        .trailerStart, .trailerName, .trailerValue, .trailerLineFeed, .endLineFeed:
        if let refusal = take(bytes[index]) { return .refused(refusal) }
        index += 1
      }
    }
    return state == .ended ? .end(index) : .needMore
  }

  /// Takes one byte that is not data.
  private mutating func take(_ byte: UInt8) -> HTTPRefusal? {
    switch state {
    case .sizeStart:
      size = 0
      sizeDigits = 0
      return takeSizeDigit(byte)
    case .size:
      switch byte {
      case ASCII.cr: state = .sizeLineFeed
      case ASCII.semicolon:
        state = .chunkExtension(isQuoted: false, isEscaped: false)
        return countExtra()
      default: return takeSizeDigit(byte)
      }
    case .chunkExtension(let isQuoted, let isEscaped):
      return takeExtension(byte, isQuoted: isQuoted, isEscaped: isEscaped)
    case .sizeLineFeed:
      guard byte == ASCII.lf else { return .badChunkSize }
      state = size == 0 ? .trailerStart : .data
    case .dataCarriageReturn:
      guard byte == ASCII.cr else { return .badChunkEnd }
      state = .dataLineFeed
    case .dataLineFeed:
      guard byte == ASCII.lf else { return .badChunkEnd }
      state = .sizeStart
    case .trailerStart, .trailerName, .trailerValue, .trailerLineFeed:
      return takeTrailer(byte)
    case .endLineFeed:
      guard byte == ASCII.lf else { return .badTrailer }
      state = .ended
    case .data, .ended:
      preconditionFailure("data is taken as a range, and nothing follows the end")
    }
    return nil
  }

  private mutating func takeSizeDigit(_ byte: UInt8) -> HTTPRefusal? {
    let digit: UInt8
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
    default: return .badChunkSize
    }
    // 15 digits always fit an Int; a longer run, even of zeros, is nothing that anybody sends.
    guard sizeDigits < 15 else { return .chunkTooLarge }
    size = size << 4 | Int(digit)
    sizeDigits += 1
    state = .size
    return nil
  }

  /// An extension may hold a quoted string, in which a carriage return still ends nothing.
  private mutating func takeExtension(
    _ byte: UInt8,
    isQuoted: Bool,
    isEscaped: Bool
  ) -> HTTPRefusal? {
    if byte == ASCII.cr, !isQuoted {
      state = .sizeLineFeed
      return nil
    }
    guard ByteClass.isFieldValue(byte) else { return .badChunkExtension }
    if isEscaped {
      state = .chunkExtension(isQuoted: true, isEscaped: false)
    } else if byte == UInt8(ascii: "\"") {
      state = .chunkExtension(isQuoted: !isQuoted, isEscaped: false)
    } else if byte == UInt8(ascii: "\\") {
      guard isQuoted else { return .badChunkExtension }
      state = .chunkExtension(isQuoted: true, isEscaped: true)
    }
    return countExtra()
  }

  private mutating func takeTrailer(_ byte: UInt8) -> HTTPRefusal? {
    switch state {
    case .trailerStart:
      if byte == ASCII.cr {
        state = .endLineFeed
        return nil
      }
      guard ByteClass.isToken(byte) else { return .badTrailer }
      state = .trailerName
    case .trailerName:
      if byte == ASCII.colon {
        state = .trailerValue
      } else {
        guard ByteClass.isToken(byte) else { return .badTrailer }
      }
    case .trailerValue:
      if byte == ASCII.cr {
        state = .trailerLineFeed
      } else {
        guard ByteClass.isFieldValue(byte) else { return .badTrailer }
      }
    case .trailerLineFeed:
      guard byte == ASCII.lf else { return .badTrailer }
      state = .trailerStart
    case .sizeStart, .size, .chunkExtension, .sizeLineFeed, .data, .dataCarriageReturn,
      .dataLineFeed, .endLineFeed, .ended:
      preconditionFailure("not in the trailer section")
    }
    return countExtra()
  }

  private mutating func countExtra() -> HTTPRefusal? {
    extras += 1
    return extras > Bounds.chunkExtrasBytes ? .chunkExtrasTooLong : nil
  }
}
