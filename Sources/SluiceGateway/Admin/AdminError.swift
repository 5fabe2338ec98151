import SluiceCore
import SluiceHTTP
import SluiceJSON
import SluiceServer

/// Every way in which the admin listener says no, with what to do about it.
enum AdminError: Error, Sendable, Equatable {
  case notFound
  case unknownModel(String, nearest: String?)
  case noBreaker(String)
  case unknownBudget(String, nearest: String?)
  /// `cache`: what it would have to have.
  case unknownProduct(String, cache: String, nearest: String?)
  case tooManySwitches
  case nothingToRevive
  case methodNotAllowed(allowed: String)
  case missingToken
  case wrongToken
  case unknownHost
  case notJSON
  case badBody(String)
  case badQuery(String)
  case bodyTooLarge(limit: Int)
  case malformed
  case tooSlow
  case busy
  case stopping
  case ledgerUnreadable
  case cacheNotWritable
  case broken

  var status: Int {
    switch self {
    case .notFound, .unknownModel, .unknownBudget, .unknownProduct, .nothingToRevive: 404
    case .noBreaker, .tooManySwitches: 409
    case .methodNotAllowed: 405
    case .missingToken: 401
    case .wrongToken, .unknownHost: 403
    case .notJSON: 415
    case .badBody, .badQuery, .malformed: 400
    case .bodyTooLarge: 413
    case .tooSlow: 408
    case .busy, .stopping, .cacheNotWritable: 503
    case .ledgerUnreadable, .broken: 500
    }
  }

  /// What a program should switch on.
  var code: String {
    switch self {
    case .notFound: "not_found"
    case .unknownModel: "model_not_found"
    case .noBreaker: "no_breaker"
    case .unknownBudget: "budget_not_found"
    case .unknownProduct: "product_not_found"
    case .tooManySwitches: "too_many_switches"
    case .nothingToRevive: "nothing_to_revive"
    case .methodNotAllowed: "method_not_allowed"
    case .missingToken: "missing_admin_token"
    case .wrongToken: "wrong_admin_token"
    case .unknownHost: "unknown_host"
    case .notJSON: "unsupported_media_type"
    case .badBody: "bad_body"
    case .badQuery: "bad_query"
    case .bodyTooLarge: "body_too_large"
    case .malformed: "malformed_http"
    case .tooSlow: "request_timeout"
    case .busy: "busy"
    case .stopping: "draining"
    case .ledgerUnreadable: "ledger_unreadable"
    case .cacheNotWritable: "cache_not_writable"
    case .broken: "internal_error"
    }
  }

  var message: String {
    switch self {
    case .notFound:
      "There is nothing here. `GET /` lists what there is."
    case .unknownModel(let name, let nearest):
      "The policy that is served has no model `\(name.prefix(Bounds.policyNameBytes))`."
        + (nearest.map { " Did you mean `\($0)`?" } ?? " `GET /breakers` lists the models.")
    case .noBreaker(let name):
      "The model `\(name)` has no breaker: its upstream says `breaker: none`."
    case .unknownBudget(let name, let nearest):
      "The policy that is served has no budget `\(name.prefix(Bounds.policyNameBytes))`."
        + (nearest.map { " Did you mean `\($0)`?" } ?? " `GET /budgets` lists them.")
    case .unknownProduct(let name, let cache, let nearest):
      "The policy that is served has no product `\(name.prefix(Bounds.policyNameBytes))` with "
        + "\(cache)."
        + (nearest.map { " Did you mean `\($0)`?" } ?? " `GET /cache` lists them.")
    case .tooManySwitches:
      "\(Bounds.manualSwitches) switches are on by hand already. Release some, or stop everything: "
        + "a scope that is on already can be changed."
    case .nothingToRevive: "No switch is on that fits. `GET /switches` lists what is on."
    case .methodNotAllowed(let allowed): "Use \(allowed)."
    case .missingToken:
      "Send `Authorization: Bearer TOKEN`; the token is in the file `admin-token` of the state "
        + "folder."
    case .wrongToken:
      "This is not the admin token; keys of tenants count for nothing here. The token is in the "
        + "file `admin-token` of the state folder."
    case .unknownHost:
      "The `Host` of the request is no name of this listener. Use a loopback address, or the "
        + "address that `server.admin` says."
    case .notJSON: "Send `Content-Type: application/json`."
    case .badBody(let reason), .badQuery(let reason): reason
    case .bodyTooLarge(let limit): "The body may have at most \(limit) bytes."
    case .malformed: "The request is not well-formed HTTP/1.1."
    case .tooSlow: "The request took too long to come."
    case .busy: "Too many orders wait already. Try again in a moment."
    case .stopping: "The gateway is stopping."
    case .ledgerUnreadable: "The ledger cannot be read; the log says why."
    case .cacheNotWritable:
      "No such answer is served any more, but the folder `cache` of the state folder can be neither "
        + "written nor emptied: after a restart they may be served again. Empty it by hand before "
        + "that, or make room and send this again."
    case .broken: "The request was not answered; this is a mistake in Sluice."
    }
  }

  var reply: ServerReply {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("error")
    writer.beginObject()
    writer.key("code")
    writer.string(code)
    writer.key("message")
    writer.string(message)
    writer.endObject()
    writer.endObject()
    var fields = HeaderLines()
    switch self {
    case .methodNotAllowed(let allowed): fields.append("allow", allowed)
    case .missingToken: fields.append("www-authenticate", "Bearer realm=\"sluice admin\"")
    case .busy: fields.append("retry-after", "1")
    case .notFound, .unknownModel, .noBreaker, .unknownBudget, .unknownProduct, .tooManySwitches,
      .nothingToRevive,
      .wrongToken, .unknownHost, .notJSON, .badBody,
      .badQuery, .bodyTooLarge, .malformed, .tooSlow, .stopping, .ledgerUnreadable,
      .cacheNotWritable, .broken:
      break
    }
    return ServerReply(status: status, body: writer.bytes + [UInt8(ascii: "\n")], fields: fields)
  }
}
