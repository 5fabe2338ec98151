import CYAML

/// One step of libyaml's walk over a text.
///
/// Marks are counted in characters from the beginning of the text that was handed in.
struct YAMLEvent {
  enum Kind {
    /// `hasDirective`: a `%YAML` or `%TAG` line stands above it.
    case documentStart(hasDirective: Bool)
    case documentEnd
    case alias(String)
    case scalar(String, YAMLScalar.Style, YAMLProperties)
    case sequenceStart(YAMLProperties, isFlow: Bool)
    case mappingStart(YAMLProperties, isFlow: Bool)
    case collectionEnd
    case streamEdge
  }

  var kind: Kind
  var start: Int
  var end: Int
}

/// What may stand before a value.
struct YAMLProperties {
  var anchor: String?
  var tag: String?

  var isEmpty: Bool { anchor == nil && tag == nil }
}

/// Why libyaml gave up.
struct YAMLFailure {
  /// libyaml's own words, which the catalogue translates.
  var problem: String
  /// What it was reading, in its own words.
  var context: String
  /// In characters, or in bytes if `isByteOffset`.
  var mark: Int
  var contextMark: Int
  var isByteOffset: Bool
}

/// Hands each event of a text to `body`, until that answers false, the text ends, or libyaml fails.
///
/// The one place that touches libyaml. The parser lives in this call, the bytes outlive it, every
/// event is copied into Swift values and deleted before the next; nothing of C leaves.
func readYAMLEvents(of bytes: ArraySlice<UInt8>, _ body: (YAMLEvent) -> Bool) -> YAMLFailure? {
  unsafe bytes.withUnsafeBufferPointer { buffer in
    var parser = unsafe yaml_parser_t()
    guard unsafe yaml_parser_initialize(&parser) == 1 else {
      return YAMLFailure(
        problem: "out of memory",
        context: "",
        mark: 0,
        contextMark: 0,
        isByteOffset: false
      )
    }
    defer { unsafe yaml_parser_delete(&parser) }
    // libyaml reads no byte of an empty text, but asserts that the pointer is there.
    var nothing: UInt8 = 0
    return unsafe withUnsafePointer(to: &nothing) { placeholder in
      unsafe yaml_parser_set_input_string(
        &parser,
        buffer.baseAddress ?? placeholder,
        buffer.count
      )
      unsafe yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
      while true {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(&parser, &event) == 1 else {
          return unsafe failure(of: parser)
        }
        defer { unsafe yaml_event_delete(&event) }
        guard let step = unsafe step(event), body(step) else { return nil }
      }
    }
  }
}

/// Nil at the end of the stream.
private func step(_ event: yaml_event_t) -> YAMLEvent? {
  let kind: YAMLEvent.Kind
  switch unsafe event.type {
  case YAML_DOCUMENT_START_EVENT:
    let start = unsafe event.data.document_start
    let hasDirective =
      unsafe start.version_directive != nil
      || start.tag_directives.start != start.tag_directives.end
    kind = .documentStart(hasDirective: hasDirective)
  case YAML_DOCUMENT_END_EVENT:
    kind = .documentEnd
  case YAML_ALIAS_EVENT:
    kind = unsafe .alias(text(event.data.alias.anchor) ?? "")
  case YAML_SCALAR_EVENT:
    let scalar = unsafe event.data.scalar
    let value = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
    kind = unsafe .scalar(
      String(decoding: value, as: UTF8.self),
      style(scalar.style),
      YAMLProperties(anchor: text(scalar.anchor), tag: text(scalar.tag))
    )
  case YAML_SEQUENCE_START_EVENT:
    let start = unsafe event.data.sequence_start
    kind = unsafe .sequenceStart(
      YAMLProperties(anchor: text(start.anchor), tag: text(start.tag)),
      isFlow: start.style == YAML_FLOW_SEQUENCE_STYLE
    )
  case YAML_MAPPING_START_EVENT:
    let start = unsafe event.data.mapping_start
    kind = unsafe .mappingStart(
      YAMLProperties(anchor: text(start.anchor), tag: text(start.tag)),
      isFlow: start.style == YAML_FLOW_MAPPING_STYLE
    )
  case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
    kind = .collectionEnd
  case YAML_STREAM_START_EVENT:
    kind = .streamEdge
  default:
    return nil
  }
  return unsafe YAMLEvent(
    kind: kind,
    start: Int(event.start_mark.index),
    end: Int(event.end_mark.index)
  )
}

private func style(_ style: yaml_scalar_style_t) -> YAMLScalar.Style {
  switch style {
  case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
  case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
  case YAML_LITERAL_SCALAR_STYLE: .literal
  case YAML_FOLDED_SCALAR_STYLE: .folded
  default: .plain
  }
}

private func failure(of parser: yaml_parser_t) -> YAMLFailure {
  let isReader = unsafe parser.error == YAML_READER_ERROR
  return unsafe YAMLFailure(
    problem: parser.problem.map { unsafe String(cString: $0) } ?? "out of memory",
    context: parser.context.map { unsafe String(cString: $0) } ?? "",
    mark: isReader ? Int(parser.problem_offset) : Int(parser.problem_mark.index),
    contextMark: Int(parser.context_mark.index),
    isByteOffset: isReader
  )
}

private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
  unsafe pointer.map { unsafe String(cString: $0) }
}
