"""Chat, plain: what reaches the upstream, what reaches the client, and what is refused between."""

import json

import openai
import pytest

from harness.bundle import MODELS, policy
from harness.gateway import UPSTREAM_KEY
from harness.upstream import completion

EVERYTHING = """{ "model" : "auto",
  "messages": [
    {"role":"system","content":"Be \\u0062rief. \\ud83d\\ude00 \\/"},
    {"role":"user","content":[
      {"type":"text","text":"What is this?"},
      {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo=","detail":"low"}}]}
  ],
  "tools":[{"type":"function","function":{"name":"look","parameters":{"type":"object","properties":{}}}}],
  "tool_choice" :"auto", "temperature": 0.70, "seed": 12345678901234567890, "logit_bias": {"50256":-1e2},
  "response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{}}},
  "user": "somebody", "metadata":{"a":"b"}, "a_field_of_next_year": [ 1.0, null, {"x":[]} ]
}""".encode()


def test_a_plain_answer_reaches_the_sdk_whole(gateway):
    answer = gateway.openai().chat.completions.create(
        model="auto", messages=[{"role": "user", "content": "What is a sluice?"}]
    )
    assert answer.choices[0].message.content == "Water flows."
    assert answer.choices[0].finish_reason == "stop"
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (11, 7)


def test_the_answer_is_passed_on_byte_for_byte(gateway):
    body = b'{"id":"x", "choices": [{"index":0,"message":{"role":"assistant","content":"\\u00e9"},' \
        b'"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1},"new":[1.50]}'
    gateway.upstream.behave = lambda call: call.reply(200, body)
    assert gateway.chat().content == body


def test_the_upstream_gets_the_body_byte_for_byte_but_for_the_model(gateway):
    assert gateway.post(EVERYTHING).status_code == 200
    expected = EVERYTHING.replace(b'"auto",\n', b'"vendor-small",\n', 1)
    assert gateway.upstream.calls[0].body == expected


def test_a_stream_adds_stream_options_and_changes_nothing_else(gateway):
    body = EVERYTHING.replace(b'"user":', b'"stream": true, "user":')
    assert gateway.post(body).status_code == 200
    sent = gateway.upstream.calls[0]
    assert sent.json["stream_options"] == {"include_usage": True}
    options = b'"stream_options":{"include_usage":true}'
    assert sent.body.count(options) == 1
    rest = {sent.body.replace(options + b",", b""), sent.body.replace(b"," + options, b"")}
    assert body.replace(b'"auto",\n', b'"vendor-small",\n', 1) in rest


def test_other_stream_options_stay(gateway):
    gateway.chat(stream=True, stream_options={"include_obfuscation": False, "include_usage": False})
    assert gateway.upstream.calls[0].json["stream_options"] == {
        "include_obfuscation": False,
        "include_usage": True,
    }


def test_a_plain_request_gets_no_stream_options(gateway):
    gateway.chat()
    assert "stream_options" not in gateway.upstream.calls[0].json


def test_the_upstream_sees_its_own_secret_and_nothing_of_the_client(gateway):
    gateway.chat(
        key="sk-client-MARKER",
        headers={
            "cookie": "a=b",
            "x-sluice-product": "assistant",
            "proxy-authorization": "Basic eDp5",
            "x-forwarded-for": "192.0.2.1",
            "connection": "keep-alive, x-hop",
            "x-hop": "1",
            "te": "trailers",
        },
    )
    call = gateway.upstream.calls[0]
    assert call.path == "/v1/chat/completions"
    assert call.field("authorization") == [f"Bearer {UPSTREAM_KEY}"]
    for name in ["cookie", "proxy-authorization", "x-hop", "te", "x-sluice-product"]:
        assert call.field(name) == [], name
    assert "MARKER" not in repr([v for k, v in call.fields if k.lower() != "authorization"])


def test_cookies_of_an_upstream_are_neither_kept_nor_passed_on(gateway):
    def behave(call):
        body = completion("vendor-small", "x")
        call.reply(200, body, fields=[("set-cookie", "session=MARKER"), ("server", "secret/1")])

    gateway.upstream.behave = behave
    first, _ = gateway.chat(), gateway.chat("again")
    assert "set-cookie" not in first.headers and "server" not in first.headers
    assert gateway.upstream.calls[1].field("cookie") == []


def test_replies_say_what_was_decided_and_are_private(gateway):
    reply = gateway.chat()
    assert reply.headers["x-sluice-route"] == "rest"
    assert reply.headers["x-sluice-model"] == "small"
    assert reply.headers["x-sluice-cache"] == "bypass"
    assert int(reply.headers["x-sluice-generation"]) >= 1
    # 11 input tokens at $1/M and 7 output tokens at $2/M.
    assert float(reply.headers["x-sluice-cost"]) == pytest.approx(25e-6)
    assert "no-store" in reply.headers["cache-control"]
    assert reply.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize(
    "name, asked",
    [("auto", "vendor-small"), ("powerful", "vendor-large"), ("large", "vendor-large")],
)
def test_a_client_may_name_auto_a_target_or_a_model(gateway, name, asked):
    gateway.chat(model=name)
    assert gateway.upstream.calls[0].json["model"] == asked


def test_models_lists_what_may_be_named(gateway):
    client = gateway.openai()
    names = {model.id for model in client.models.list()}
    assert names == {"auto", "fast", "powerful", "small", "large"}
    assert client.models.retrieve("powerful").id == "powerful"
    assert gateway.upstream.count == 0


def test_an_unknown_model_is_not_found(gateway):
    with pytest.raises(openai.NotFoundError) as caught:
        gateway.openai().chat.completions.create(
            model="gpt-99", messages=[{"role": "user", "content": "x"}]
        )
    assert caught.value.code == "model_not_found"
    assert caught.value.param == "model"
    with pytest.raises(openai.NotFoundError):
        gateway.openai().models.retrieve("gpt-99")
    assert gateway.upstream.count == 0


def test_a_request_that_no_route_takes_is_told_so(start, upstream):
    gateway = start(
        policy(upstream, routes=[{"name": "one", "when": 'prompt.text == "a"', "to": "fast"}])
    )
    assert gateway.chat("a").status_code == 200
    reply = gateway.chat("b")
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "no_route")


@pytest.mark.parametrize(
    "body, code",
    [
        (b"{", "invalid_json"),
        (b"[]", "invalid_type"),
        (b'{"model":"auto"}', "missing_required_parameter"),
        (b'{"messages":[{"role":"user","content":"x"}]}', "missing_required_parameter"),
        (b'{"model":"auto","messages":[]}', "empty_array"),
        (b'{"model":"auto","messages":[{}],"stream":"yes"}', "invalid_type"),
        (b'{"model":"auto","model":"x","messages":[{}]}', "duplicate_field"),
        (b'{"model":"auto","messages":[{"role":"user","content":"\xff"}]}', "invalid_json"),
        (b'{"model":"auto","messages":' + b"[" * 500 + b"]" * 500 + b"}", "invalid_json"),
    ],
)
def test_a_body_that_cannot_be_meant_is_a_bad_request(gateway, body, code):
    reply = gateway.post(body)
    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == code
    assert reply.json()["error"]["type"] == "invalid_request_error"
    assert gateway.upstream.count == 0


def test_the_sdk_raises_its_typed_error_for_a_bad_request(gateway):
    with pytest.raises(openai.BadRequestError) as caught:
        gateway.openai().chat.completions.create(model="auto", messages=[])
    assert caught.value.param == "messages"


def test_a_body_beyond_the_bound_is_too_large(start, upstream):
    gateway = start(policy(upstream, server={"max_body": "64KiB"}))
    small = gateway.chat("x" * (32 << 10))
    large = gateway.chat("x" * (128 << 10))
    assert small.status_code == 200
    assert (large.status_code, large.json()["error"]["code"]) == (413, "body_too_large")
    with pytest.raises(openai.APIStatusError) as caught:
        gateway.openai().chat.completions.create(
            model="auto", messages=[{"role": "user", "content": "x" * (128 << 10)}]
        )
    assert caught.value.status_code == 413
    assert upstream.count == 1


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v1/responses", "/chat/completions", "/metrics"])
def test_a_wrong_path_is_not_found(gateway, path):
    reply = gateway.post(b"{}", path)
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "not_found")


def test_a_wrong_method_says_which_is_right(gateway):
    reply = gateway._http.get(f"{gateway.base_url}/chat/completions")
    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")
    reply = gateway._http.post(f"{gateway.base_url}/models", json={})
    assert reply.status_code == 405 and "GET" in reply.headers["allow"]


def test_a_body_that_is_not_said_to_be_json_is_refused(gateway):
    for headers in [{"content-type": "text/plain"}, {"content-encoding": "gzip"}]:
        assert gateway.post(EVERYTHING, **headers).status_code == 415


def test_no_field_of_a_request_chooses_an_upstream(gateway):
    body = json.loads(EVERYTHING) | {
        "api_base": "http://127.0.0.1:1/v1", "base_url": "http://127.0.0.1:1", "seed": 1,
    }
    reply = gateway.post(json.dumps(body).encode(), **{"x-portkey-custom-host": "http://127.0.0.1:1"})
    assert reply.status_code == 200 and gateway.upstream.count == 1


def test_an_upstream_s_own_refusal_is_passed_on_with_its_words(gateway):
    error = {"error": {"message": "too long", "type": "invalid_request_error",
                       "param": "messages", "code": "context_length_exceeded"}}
    gateway.upstream.behave = lambda call: call.reply(400, error)
    with pytest.raises(openai.BadRequestError) as caught:
        gateway.openai().chat.completions.create(
            model="auto", messages=[{"role": "user", "content": "x"}]
        )
    assert caught.value.code == "context_length_exceeded"


def test_the_upstream_is_asked_for_a_coding_that_can_be_read(gateway):
    for streams in (False, True):
        gateway.upstream.reset()
        gateway.chat(stream=streams)
        assert gateway.upstream.calls[0].field("accept-encoding") in ([], ["identity"])


def test_megabytes_pass_unharmed_both_ways(start, upstream):
    gateway = start(policy(upstream, models={"small": {**MODELS["small"], "context": "16Mi"}},
                           targets={"fast": ["small"]}))
    prompt = "ä\n\"" * 600_000
    upstream.behave = lambda call: call.answer(call.prompt[::-1])
    reply = gateway.chat(prompt)
    assert reply.json()["choices"][0]["message"]["content"] == prompt[::-1]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("reference", ["literal", "env", "file"])
def test_urls_and_secrets_come_from_where_the_policy_says(start, upstream, tmp_path, host, reference):
    url = upstream.url.replace("127.0.0.1", host)
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "url.txt").write_text(f"{url}\n")
    (tmp_path / "bundle" / "secret.txt").write_text("sk-from-file\n")
    spelt = {"literal": url, "env": "env:THE_URL", "file": "file:url.txt"}[reference]
    main = {"api": "openai", "url": spelt, "secret": "file:secret.txt"}
    gateway = start(policy(upstream, upstreams={"main": main}), env={"THE_URL": url})
    assert gateway.chat().status_code == 200
    assert upstream.calls[0].field("authorization") == ["Bearer sk-from-file"]
