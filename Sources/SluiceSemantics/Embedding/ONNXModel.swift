internal import CONNX

/// A model in ONNX Runtime, whose library is loaded when the first is made.
///
/// Isolation: any thread, several at a time. The library lets one session run on many threads, and
/// nothing here changes after the start. That is what makes the class `@unchecked Sendable`.
@safe
final class ONNXModel: @unchecked Sendable {
  /// What a run gave: the floats of a tensor.
  struct Output {
    var values: [Float]
    /// Dimensions, the batch of one first.
    var shape: [Int]
  }

  /// The words of the library for what went wrong in a run; they hold no text of anybody.
  struct Failure: Error, Equatable {
    var words: String
  }

  private static let messageBytes = 512

  private let pointer: OpaquePointer
  /// What the library says of itself: `1.32.0`.
  let libraryVersion: String

  /// Loads the library and the model, which takes some 100 ms.
  ///
  /// The model is the bytes of an ONNX file without external data.
  init(library: String, model: [UInt8]) throws(SentenceEncoderError.Reason) {
    var fault = SLUICE_ONNX_NO_FAULT
    var message = [CChar](repeating: 0, count: Self.messageBytes)
    let opened = unsafe model.withUnsafeBufferPointer { model in
      unsafe message.withUnsafeMutableBufferPointer { message in
        unsafe sluice_onnx_open(
          library,
          model.baseAddress,
          model.count,
          &fault,
          message.baseAddress,
          message.count
        )
      }
    }
    guard let opened = unsafe opened else {
      let words = Self.words(message)
      switch fault {
      case SLUICE_ONNX_NO_LIBRARY: throw .noLibrary(path: library, why: words)
      case SLUICE_ONNX_WRONG_LIBRARY: throw .wrongLibrary(path: library, why: words)
      case SLUICE_ONNX_WRONG_INPUTS: throw .notAnEncoder(words)
      default: throw .badModel(words)
      }
    }
    unsafe pointer = unsafe opened
    libraryVersion = unsafe String(cString: sluice_onnx_version(opened))
  }

  deinit { unsafe sluice_onnx_free(pointer) }

  /// Runs the model on the ids of one text, on this thread, for milliseconds.
  func run(_ ids: [Int64]) throws(Failure) -> Output {
    precondition(!ids.isEmpty, "a text has its first and its last token")
    var output = unsafe sluice_onnx_output()
    var message = [CChar](repeating: 0, count: Self.messageBytes)
    let succeeded = unsafe ids.withUnsafeBufferPointer { ids in
      unsafe message.withUnsafeMutableBufferPointer { message in
        unsafe sluice_onnx_run(
          pointer,
          ids.baseAddress,
          ids.count,
          &output,
          message.baseAddress,
          message.count
        )
      }
    }
    guard succeeded == 1 else { throw Failure(words: Self.words(message)) }
    defer { unsafe sluice_onnx_output_free(pointer, &output) }
    let values = unsafe Array(UnsafeBufferPointer(start: output.values, count: output.count))
    let shape = unsafe [output.shape.0, output.shape.1, output.shape.2].prefix(output.rank)
    return Output(values: values, shape: shape.map { Int($0) })
  }

  private static func words(_ message: [CChar]) -> String {
    String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
