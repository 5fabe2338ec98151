package import SluiceHTTP
internal import SluiceJSON

/// Every way in which the gateway answers "no", in the shape that OpenAI's SDKs read.
///
/// The list is closed: an answer that is not here cannot be given. Messages tell the developer
/// what to do. They never hold a secret or a prompt; names that the client sent are quoted short.
package enum APIError: Error, Hashable, Sendable {
  // The message itself.
  case malformedMessage(HTTPRefusal)
  case invalidRequest(message: String, param: String?, code: String?)
  case bodyTooLarge(limit: Int)
  case unsupportedMediaType
  case requestTimeout
  // Who asks, and for what.
  case missingKey
  case invalidKey
  case expiredKey
  case productNotAllowed(String)
  case permissionDenied
  case notFound
  case methodNotAllowed(allowed: String)
  case modelNotFound(String)
  case modelNotAllowed(String)
  case unsupportedModel(String)
  /// No candidate holds the input; the largest holds so many tokens.
  case contextLengthExceeded(tokens: Int, param: String)
  case noRoute
  // How much.
  case rateLimited(limit: String, retryAfterSeconds: Int64)
  case tokenRateLimited(limit: String, retryAfterSeconds: Int64)
  /// More tokens than ever fit; `isInput`: those of the prompt alone.
  case beyondTokenLimit(limit: String, quota: Int, isInput: Bool)
  case tooManyConcurrent(limit: String)
  case insufficientQuota(reason: String)
  /// Its input alone costs more than a request may.
  case requestOverBudget(budget: String, limit: String)
  // What failed.
  /// Nothing may be spent that cannot be recorded.
  case ledgerUnavailable
  case policyError(place: String)
  case upstreamUnreachable
  /// No address for the upstream's name.
  case upstreamUnresolved
  case upstreamTLSFailed
  /// A status from 500 to 599 without words that could be passed on.
  case upstreamFailed
  case upstreamReplyTooLarge
  case upstreamInvalidReply
  case upstreamConnectTimeout
  /// No first byte in time.
  case upstreamTimeout
  case upstreamIdleTimeout
  case upstreamTotalTimeout
  case upstreamCut
  case upstreamRefusedKey
  /// It sent us elsewhere, where we do not go.
  case upstreamRedirected
  case upstreamUnavailable(retryAfterSeconds: Int64)
  case deadlineExceeded
  case overloaded(retryAfterSeconds: Int64)
  case draining
  case internalError

  /// The status of the reply.
  package var status: Int {
    switch self {
    case .malformedMessage(let refusal): refusal.status
    case .invalidRequest, .unsupportedModel, .contextLengthExceeded, .beyondTokenLimit,
      .requestOverBudget:
      400
    case .missingKey, .invalidKey, .expiredKey: 401
    case .productNotAllowed, .permissionDenied, .modelNotAllowed: 403
    case .notFound, .modelNotFound, .noRoute: 404
    case .methodNotAllowed: 405
    case .requestTimeout: 408
    case .bodyTooLarge: 413
    case .unsupportedMediaType: 415
    case .rateLimited, .tokenRateLimited, .tooManyConcurrent, .insufficientQuota: 429
    case .policyError, .internalError: 500
    case .upstreamUnreachable, .upstreamUnresolved, .upstreamTLSFailed, .upstreamFailed,
      .upstreamReplyTooLarge, .upstreamInvalidReply, .upstreamCut, .upstreamRefusedKey,
      .upstreamRedirected:
      502
    case .overloaded, .draining, .upstreamUnavailable, .ledgerUnavailable: 503
    case .upstreamConnectTimeout, .upstreamTimeout, .upstreamIdleTimeout, .upstreamTotalTimeout,
      .deadlineExceeded:
      504
    }
  }

  /// OpenAI's coarse kind.
  package var type: String {
    switch self {
    case .malformedMessage, .invalidRequest, .bodyTooLarge, .unsupportedMediaType, .requestTimeout,
      .missingKey, .invalidKey, .expiredKey, .notFound, .methodNotAllowed, .modelNotFound,
      .unsupportedModel, .contextLengthExceeded, .noRoute, .beyondTokenLimit,
      .requestOverBudget:
      "invalid_request_error"
    case .productNotAllowed, .permissionDenied, .modelNotAllowed: "permission_error"
    case .rateLimited, .tooManyConcurrent: "requests"
    case .tokenRateLimited: "tokens"
    case .insufficientQuota: "insufficient_quota"
    case .policyError, .upstreamUnreachable, .upstreamUnresolved, .upstreamTLSFailed,
      .upstreamFailed, .upstreamReplyTooLarge, .upstreamInvalidReply, .upstreamConnectTimeout,
      .upstreamTimeout, .upstreamIdleTimeout,
      .upstreamTotalTimeout, .upstreamCut,
      .upstreamRefusedKey, .upstreamRedirected, .upstreamUnavailable, .deadlineExceeded,
      .overloaded, .draining, .ledgerUnavailable,
      .internalError:
      "server_error"
    }
  }

  /// What a program should switch on; `nil` where OpenAI has none.
  package var code: String? {
    switch self {
    case .malformedMessage(let refusal):
      refusal.status == 431 ? "head_too_large" : "malformed_http"
    case .invalidRequest(_, _, let code): code
    case .bodyTooLarge: "body_too_large"
    case .unsupportedMediaType: "unsupported_media_type"
    case .requestTimeout: "request_timeout"
    case .missingKey: "missing_api_key"
    case .invalidKey: "invalid_api_key"
    case .expiredKey: "expired_api_key"
    case .productNotAllowed: "product_not_allowed"
    case .permissionDenied: "permission_denied"
    case .notFound: "not_found"
    case .methodNotAllowed: "method_not_allowed"
    case .modelNotFound: "model_not_found"
    case .modelNotAllowed: "model_not_allowed"
    case .unsupportedModel: "unsupported_model"
    case .contextLengthExceeded: "context_length_exceeded"
    case .noRoute: "no_route"
    case .rateLimited, .tokenRateLimited: "rate_limit_exceeded"
    case .beyondTokenLimit: "request_too_large"
    case .tooManyConcurrent: "too_many_concurrent_requests"
    case .insufficientQuota: "insufficient_quota"
    case .policyError: "policy_error"
    case .upstreamUnreachable: "upstream_unreachable"
    case .upstreamUnresolved: "upstream_unresolved"
    case .upstreamTLSFailed: "upstream_tls_failed"
    case .upstreamFailed: "upstream_failed"
    case .upstreamReplyTooLarge: "upstream_reply_too_large"
    case .upstreamInvalidReply: "upstream_invalid_reply"
    case .upstreamConnectTimeout: "upstream_connect_timeout"
    case .upstreamTimeout: "upstream_timeout"
    case .upstreamIdleTimeout: "upstream_idle_timeout"
    case .upstreamTotalTimeout: "upstream_total_timeout"
    case .upstreamCut: "upstream_cut"
    case .upstreamRefusedKey: "upstream_refused_key"
    case .upstreamRedirected: "upstream_redirected"
    case .upstreamUnavailable: "upstream_unavailable"
    case .deadlineExceeded: "deadline_exceeded"
    case .overloaded: "overloaded"
    case .draining: "draining"
    case .requestOverBudget: "request_over_budget"
    case .ledgerUnavailable: "ledger_unavailable"
    case .internalError: "internal_error"
    }
  }

  /// The field of the body that is to blame.
  package var param: String? {
    switch self {
    case .invalidRequest(_, let param, _): param
    case .contextLengthExceeded(_, let param): param
    case .modelNotFound, .modelNotAllowed, .unsupportedModel: "model"
    case .beyondTokenLimit(_, _, let isInput): isInput ? "messages" : "max_tokens"
    case .malformedMessage, .bodyTooLarge, .unsupportedMediaType, .requestTimeout, .missingKey,
      .invalidKey, .expiredKey, .productNotAllowed, .permissionDenied, .notFound,
      .methodNotAllowed, .noRoute, .rateLimited, .tokenRateLimited, .tooManyConcurrent,
      .insufficientQuota, .requestOverBudget, .policyError, .upstreamUnreachable,
      .upstreamUnresolved,
      .upstreamTLSFailed,
      .upstreamFailed, .upstreamReplyTooLarge, .upstreamInvalidReply,
      .upstreamConnectTimeout,
      .upstreamTimeout, .upstreamIdleTimeout,
      .upstreamTotalTimeout, .upstreamCut,
      .upstreamRefusedKey, .upstreamRedirected, .upstreamUnavailable, .deadlineExceeded,
      .overloaded, .draining, .ledgerUnavailable,
      .internalError:
      nil
    }
  }

  /// How long to wait before another try, in seconds; the server puts it into `Retry-After`.
  package var retryAfterSeconds: Int64? {
    switch self {
    case .rateLimited(_, let seconds), .tokenRateLimited(_, let seconds), .overloaded(let seconds),
      .upstreamUnavailable(let seconds):
      seconds
    case .tooManyConcurrent, .draining, .ledgerUnavailable: 1
    case .malformedMessage, .invalidRequest, .bodyTooLarge, .unsupportedMediaType, .requestTimeout,
      .missingKey, .invalidKey, .expiredKey, .productNotAllowed, .permissionDenied, .notFound,
      .methodNotAllowed, .modelNotFound, .modelNotAllowed, .unsupportedModel,
      .contextLengthExceeded, .noRoute,
      .beyondTokenLimit, .insufficientQuota, .requestOverBudget, .policyError,
      .upstreamUnreachable,
      .upstreamUnresolved, .upstreamTLSFailed,
      .upstreamFailed, .upstreamReplyTooLarge,
      .upstreamInvalidReply, .upstreamConnectTimeout, .upstreamTimeout, .upstreamIdleTimeout,
      .upstreamTotalTimeout, .upstreamCut, .upstreamRefusedKey, .upstreamRedirected,
      .deadlineExceeded, .internalError:
      nil
    }
  }

  /// Whether the SDKs' own retry makes sense; `nil` leaves it to them (`x-should-retry`).
  ///
  /// `false` where another try cannot succeed although the status suggests it.
  package var shouldRetry: Bool? {
    switch self {
    case .insufficientQuota, .requestOverBudget, .policyError, .upstreamRefusedKey,
      .upstreamRedirected:
      false
    case .malformedMessage, .invalidRequest, .bodyTooLarge, .unsupportedMediaType, .requestTimeout,
      .missingKey, .invalidKey, .expiredKey, .productNotAllowed, .permissionDenied, .notFound,
      .methodNotAllowed, .modelNotFound, .modelNotAllowed, .unsupportedModel,
      .contextLengthExceeded, .noRoute,
      .rateLimited, .tokenRateLimited, .beyondTokenLimit, .tooManyConcurrent,
      .upstreamUnreachable, .upstreamUnresolved, .upstreamTLSFailed,
      .upstreamFailed, .upstreamReplyTooLarge, .upstreamInvalidReply,
      .upstreamConnectTimeout, .upstreamTimeout, .upstreamIdleTimeout,
      .upstreamTotalTimeout, .upstreamCut, .upstreamUnavailable, .deadlineExceeded, .overloaded,
      .draining, .ledgerUnavailable,
      .internalError:
      nil
    }
  }

  package var message: String {
    switch self {
    case .malformedMessage(let refusal):
      "Malformed HTTP request: \(refusal.message) (\(refusal.section))."
    case .invalidRequest(let message, _, _): message
    case .bodyTooLarge(let limit):
      "The request body is larger than the \(limit) bytes that this gateway takes. Send less, or "
        + "ask its operator to raise `server.max_body`."
    case .unsupportedMediaType:
      "Send the request body as `Content-Type: application/json`, without a content coding."
    case .requestTimeout: "The request did not arrive in time. Send it again."
    case .missingKey:
      "No API key was given. Send it as `Authorization: Bearer KEY`; OpenAI's SDKs do so with "
        + "`api_key`."
    case .invalidKey:
      "The API key is not one of this gateway's. Check for a truncated or revoked key, and for a "
        + "provider's key in its place."
    case .expiredKey: "The API key has expired. Ask the operator of this gateway for a new one."
    case .productNotAllowed(let product):
      "This API key may not ask for the product `\(Self.quoted(product))`. Send one of its own in "
        + "`X-Sluice-Product`, or leave the field out."
    case .permissionDenied: "This API key may not do that."
    case .notFound:
      "There is nothing at this path. This gateway serves POST /v1/chat/completions, "
        + "/v1/completions and /v1/embeddings, and GET /v1/models; a `base_url` ends in `/v1`."
    case .methodNotAllowed(let allowed): "This path takes \(allowed) only."
    case .modelNotFound(let model):
      "The model `\(Self.quoted(model))` does not exist here. GET /v1/models lists what may be "
        + "named; `auto` leaves the choice to the policy."
    case .modelNotAllowed(let model):
      "The tier of this API key may not use the model `\(Self.quoted(model))`."
    case .unsupportedModel(let model):
      "No model that `\(Self.quoted(model))` stands for serves this path."
    case .contextLengthExceeded(let tokens, let param):
      "This model's maximum context length is \(tokens) tokens, which `\(param)` and an answer do "
        + "not fit into. Reduce its length."
    case .noRoute: "No route of the policy matches this request."
    case .rateLimited(let limit, let seconds):
      "The rate limit `\(limit)` is reached. Try again in \(seconds) s."
    case .tokenRateLimited(let limit, let seconds):
      "The rate limit `\(limit)` of tokens is reached: what is left does not hold this request with "
        + "the longest answer that it allows. Try again in \(seconds) s, or lower `max_tokens`."
    case .beyondTokenLimit(let limit, let quota, let isInput):
      "This request never fits the rate limit `\(limit)` of \(quota) tokens, however long you "
        + (isInput
          ? "wait: its input alone is larger. Shorten it."
          : "wait: its input with the longest answer that it allows is larger. Lower `max_tokens`.")
    case .tooManyConcurrent(let limit):
      "The limit `\(limit)` of requests in flight is reached. Wait for one to finish."
    case .insufficientQuota(let reason): "Not answered, to stop spending: \(reason)."
    case .requestOverBudget(let budget, let limit):
      "The input of this request alone costs more than the $\(limit) that the budget `\(budget)` "
        + "allows a request. Shorten it."
    case .ledgerUnavailable:
      "The gateway cannot record what is spent right now, so it spends nothing. Try again shortly."
    case .policyError(let place):
      "The policy failed to evaluate at \(place). Tell the operator of this gateway; trying again "
        + "will not help."
    case .upstreamUnreachable:
      "No upstream that may answer this request could be reached. Try again."
    case .upstreamUnresolved:
      "No address is known for the upstream's name. Try again; if it stays so, tell the operator of "
        + "this gateway."
    case .upstreamTLSFailed:
      "No secure connection to the upstream could be agreed on. Tell the operator of this gateway."
    case .upstreamFailed: "The upstream failed. Try again."
    case .upstreamReplyTooLarge:
      "The upstream's reply is larger than this gateway takes. Ask for less."
    case .upstreamInvalidReply: "The upstream's reply could not be understood. Try again."
    case .upstreamConnectTimeout: "No upstream could be reached in time. Try again."
    case .upstreamTimeout: "The upstream did not answer in time. Try again."
    case .upstreamIdleTimeout: "The upstream fell silent in the middle of its reply. Try again."
    case .upstreamTotalTimeout:
      "The upstream's reply took longer than the policy allows. Ask for less, or try again."
    case .upstreamCut: "The upstream ended its reply before it was complete. Try again."
    case .upstreamRefusedKey:
      "The upstream refused this gateway's own credentials. Tell its operator; trying again will "
        + "not help."
    case .upstreamRedirected:
      "The upstream answered with a redirect, which this gateway never follows. Tell its operator; "
        + "trying again will not help."
    case .upstreamUnavailable(let seconds):
      "Every upstream that may answer this request is known to fail right now. Try again in "
        + "\(seconds) s."
    case .deadlineExceeded:
      "The request was not finished within the time that the policy gives it."
    case .overloaded: "The gateway is at its capacity. Try again shortly."
    case .draining: "The gateway is shutting down. Try again: another instance will answer."
    case .internalError: "The gateway failed. Try again; its log says why."
    }
  }

  /// A name that the client sent, cut to 64 characters, without control characters.
  private static func quoted(_ name: String) -> String {
    let visible = name.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
    let short = String(String.UnicodeScalarView(visible.prefix(64)))
    return visible.count > 64 ? short + "…" : short
  }
}

extension APIError {
  /// The body: `{"error":{"message","type","param","code"}}`.
  package var body: [UInt8] {
    var writer = JSONWriter(reservingCapacity: 256)
    writer.beginObject()
    writer.key("error")
    writer.beginObject()
    writer.key("message")
    writer.string(message)
    writer.key("type")
    writer.string(type)
    writer.key("param")
    if let param { writer.string(param) } else { writer.null() }
    writer.key("code")
    if let code { writer.string(code) } else { writer.null() }
    writer.endObject()
    writer.endObject()
    return writer.bytes
  }

  /// The frame that ends a stream which could not be completed.
  ///
  /// OpenAI's SDKs raise an error when they meet it. Nothing may follow, least of all `[DONE]`:
  /// a stream that was cut must not look complete.
  package var streamEvent: [UInt8] {
    var frame: [UInt8] = []
    EventStreamWriter.append(data: body, to: &frame)
    return frame
  }

  static func invalid(_ message: String, param: String?, code: String? = nil) -> APIError {
    .invalidRequest(message: message, param: param, code: code)
  }
}

extension APIError {
  /// Whether `body` is an error object of the dialect: `{"error":{…}}`.
  package static func isErrorBody(_ body: [UInt8]) -> Bool {
    guard let document = try? JSONDocument(body),
      let error = document.member("error", of: document.root)
    else { return false }
    return document.kind(of: error) == .object || document.kind(of: error) == .string
  }
}

extension APIError {
  /// Whether an error body says that an account has no money left, which no wait mends.
  package static func isQuotaExhausted(_ body: [UInt8]) -> Bool {
    guard let document = try? JSONDocument(body),
      let error = document.member("error", of: document.root)
    else { return false }
    return ["code", "type"]
      .contains { name in
        document.member(name, of: error)
          .map { document.isString($0, equalTo: "insufficient_quota") } ?? false
      }
  }
}
