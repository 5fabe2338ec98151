internal import Glibc

/// Why the machine did not do what was asked.
///
/// A closed set that callers switch on; what none of them tells apart is `other`.
package enum IOFailure: Error, Hashable, Sendable {
  /// We closed it.
  case closed
  /// The peer broke the connection off.
  case reset
  /// Nobody listens there.
  case refused
  /// The deadline passed.
  case timedOut
  /// The owner aborted it.
  case cancelled
  /// No way leads there.
  case unreachable
  /// The process, or the machine, has no descriptor left.
  case tooManyDescriptors
  /// Somebody else listens there.
  case addressInUse
  /// The name, or the file, does not exist.
  case notFound
  /// It exists already, or another process holds it.
  case inUse
  /// The permission is missing.
  case denied
  /// More than the bound that the caller set.
  case tooLarge
  /// No space is left on the device, or in the owner's quota.
  case noSpace
  /// The file system is read-only.
  case readOnly
  /// The device failed.
  case deviceFailed
  /// A bounded queue of ours is full.
  case overloaded
  /// Any other error number of the kernel.
  case other(Int32)

  /// The failure that a negated error number of the C shim stands for.
  init(negated: Int) {
    let number = Int32(clamping: -negated)
    self =
      switch number {
      case EBADF: .closed
      case ECONNRESET, EPIPE, ECONNABORTED: .reset
      case ECONNREFUSED: .refused
      case ETIMEDOUT: .timedOut
      case EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN, EADDRNOTAVAIL: .unreachable
      case EMFILE, ENFILE: .tooManyDescriptors
      case EADDRINUSE: .addressInUse
      case ENOENT: .notFound
      case EEXIST, EBUSY: .inUse
      case EACCES, EPERM: .denied
      case EFBIG: .tooLarge
      case ENOSPC, EDQUOT: .noSpace
      case EROFS: .readOnly
      case EIO: .deviceFailed
      default: .other(number)
      }
  }
}

extension IOFailure: CustomStringConvertible {
  /// The reason as part of a sentence: lower case, no full stop.
  package var description: String {
    switch self {
    case .closed: "closed"
    case .reset: "connection reset"
    case .refused: "connection refused"
    case .timedOut: "timed out"
    case .cancelled: "cancelled"
    case .unreachable: "unreachable"
    case .tooManyDescriptors: "too many open descriptors"
    case .addressInUse: "address in use"
    case .notFound: "not found"
    case .inUse: "in use"
    case .denied: "permission denied"
    case .tooLarge: "too large"
    case .noSpace: "no space left on device"
    case .readOnly: "read-only file system"
    case .deviceFailed: "input/output error"
    case .overloaded: "too much waits"
    case .other(let number): "system error \(number)"
    }
  }
}

/// The count that a call of the C shim answered with, or the failure that it stands for.
func checked(_ result: Int) throws(IOFailure) -> Int {
  guard result >= 0 else { throw IOFailure(negated: result) }
  return result
}

func checked(_ result: Int32) throws(IOFailure) -> Int32 {
  guard result >= 0 else { throw IOFailure(negated: Int(result)) }
  return result
}

/// Whether the kernel says: not now, and it will tell when.
func isNotNow(_ result: Int) -> Bool { result == -Int(EAGAIN) }

func isInterrupted(_ result: Int) -> Bool { result == -Int(EINTR) }
