"""An upstream behind TLS: served if its certificate is for its host and from whom we trust."""

import time
from types import SimpleNamespace

import pytest

from harness.bundle import policy
from harness.certificates import Authority
from harness.gateway import UPSTREAM_KEY
from harness.resilient import OFF, RETRY, TIMEOUT
from harness.upstream import BluntServer, Upstream
from harness.waiting import until
from harness.wire import chat, events, request


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority") / "ours")


@pytest.fixture
def serving():
    """Makes HTTPS servers, and ends them."""
    made = []

    def serve(context):
        made.append(Upstream(context))
        return made[-1]

    yield serve
    for upstream in made:
        upstream.close()


@pytest.fixture
def blunt():
    """Makes servers that speak no TLS, and ends them."""
    made = []

    def serve(greeting=b""):
        made.append(BluntServer(greeting))
        return made[-1]

    yield serve
    for server in made:
        server.close()


def sections(url, authority=None, **settings):
    # Handshakes take what they take on a busy machine; who tests a deadline shortens it.
    timeout = TIMEOUT | {"connect": "10s", "first_byte": "10s"}
    entry = {"api": "openai", "url": url, "secret": "env:UPSTREAM_KEY", "timeout": timeout, **OFF}
    if authority:
        entry["ca"] = str(authority.file)
    return policy(SimpleNamespace(url=url), upstreams={"main": entry | settings})


def refused(gateway, *words):
    """It is a plain 502, and the log says why."""
    reply = gateway.chat()
    assert (reply.status_code, reply.json()["error"]["code"]) == (502, "upstream_tls_failed")
    assert "certificate" not in reply.text
    failure = gateway.exchange(reply)["failure"]
    assert failure.startswith("tlsFailed: ")
    assert all(word in failure for word in words), failure
    streamed = gateway.chat(stream=True)
    assert streamed.status_code == 502


@pytest.mark.parametrize(
    "host, names", [("localhost", "DNS:localhost"), ("127.0.0.1", "IP:127.0.0.1")]
)
def test_a_private_authority_is_trusted_where_it_is_named(start, serving, authority, host, names):
    upstream = serving(authority.server(names))
    gateway = start(sections(upstream.https(host), authority))
    assert gateway.chat().status_code == 200
    assert events(gateway.chat(stream=True).content)[-1] == "[DONE]"
    assert [call.field("authorization") for call in upstream.calls] == [
        [f"Bearer {UPSTREAM_KEY}"]
    ] * 2
    # One handshake: the connection was kept.
    assert upstream.handshakes == 1


def test_a_broken_connection_is_made_again_with_the_session_that_was_kept(
    start, serving, authority
):
    upstream = serving(authority.server("DNS:localhost"))
    gateway = start(sections(upstream.https("localhost"), authority))
    upstream.behave = lambda call: (call.answer(), call.cut())
    for _ in range(4):
        assert gateway.chat().status_code == 200
        until(
            lambda: gateway.metric("sluice_upstream_connections_open") == 0, "the connection's end"
        )
    assert upstream.handshakes == 4 and upstream.resumed >= 1


def test_without_its_authority_it_is_refused(start, serving, authority):
    upstream = serving(authority.server("DNS:localhost"))
    gateway = start(sections(upstream.https("localhost")))
    refused(gateway, "unknown authority")
    assert upstream.calls == []


def test_another_authority_does_not_do(start, serving, authority, tmp_path):
    upstream = serving(authority.server("DNS:localhost"))
    other = Authority(tmp_path / "other", "Another Authority")
    refused(start(sections(upstream.https("localhost"), other)), "unknown authority")


def test_the_certificate_of_another_host_is_refused(start, serving, authority):
    upstream = serving(authority.server("DNS:elsewhere.test"))
    refused(start(sections(upstream.https("localhost"), authority)), "another host")
    assert upstream.calls == []


def test_an_expired_certificate_is_refused(start, serving, authority):
    upstream = serving(authority.server("DNS:localhost", days=-1))
    refused(start(sections(upstream.https("localhost"), authority)), "expired")


def test_a_certificate_that_turns_bad_while_running_is_refused_on_the_next_connection(
    start, serving, authority
):
    context = authority.server("DNS:localhost")
    context.num_tickets = 0
    upstream = serving(context)
    gateway = start(sections(upstream.https("localhost"), authority))
    assert gateway.chat().status_code == 200
    authority.renew(context, "DNS:elsewhere.test")
    # The connection that was trusted goes on being used.
    assert gateway.chat().status_code == 200
    assert upstream.handshakes == 1
    upstream.behave = lambda call: (call.answer(), call.cut())
    assert gateway.chat().status_code == 200
    until(lambda: gateway.metric("sluice_upstream_connections_open") == 0, "the connection's end")
    refused(gateway, "another host")
    assert upstream.count == 3
    authority.renew(context, "DNS:localhost")
    upstream.reset()
    assert gateway.chat().status_code == 200


@pytest.mark.parametrize(
    "host, names, seen",
    [("localhost", "DNS:localhost", "localhost"), ("127.0.0.1", "IP:127.0.0.1", None)],
)
def test_the_server_is_told_whom_the_client_wants_and_what_it_speaks(
    start, serving, authority, host, names, seen
):
    context = authority.server(names)
    asked = []
    context.sni_callback = lambda connection, name, _: asked.append(name)
    agreed = []
    upstream = serving(context)
    upstream.behave = lambda call: (
        agreed.append((call.connection.selected_alpn_protocol(), call.connection.version())),
        call.answer(),
    )
    gateway = start(sections(upstream.https(host), authority))
    assert gateway.chat().status_code == 200
    # A name is sent, an address never is (RFC 6066 section 3).
    assert asked == [seen]
    assert agreed == [("http/1.1", "TLSv1.3")]


def test_a_server_that_speaks_no_tls_is_refused(start, blunt, authority):
    server = blunt(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
    refused(start(sections(server.https("localhost"), authority)))


@pytest.mark.parametrize("streams", [False, True])
def test_a_handshake_that_is_not_answered_ends_at_the_deadline_to_connect(
    start, blunt, authority, streams
):
    gateway = start(sections(blunt().https("localhost"), authority, timeout=TIMEOUT))
    began = time.monotonic()
    reply = gateway.chat(stream=streams)
    assert 0.95 < time.monotonic() - began < 5
    assert (reply.status_code, reply.json()["error"]["code"]) == (504, "upstream_connect_timeout")


def test_the_next_candidate_answers_for_one_that_cannot_be_trusted(
    start, serving, authority, upstream
):
    untrusted = serving(authority.server("DNS:localhost"))
    made = sections(untrusted.https("localhost"))
    made["upstreams"]["other"] = {"api": "openai", "url": upstream.url, **OFF}
    made["models"]["spare"] = dict(made["models"]["small"], upstream="other")
    made["targets"] = {"fast": ["small", "spare"]}
    del made["models"]["large"]
    assert start(made).chat().headers["x-sluice-model"] == "spare"


def test_a_breaker_opens_on_what_cannot_be_trusted(start, serving, authority):
    untrusted = serving(authority.server("DNS:localhost"))
    breaker = {"consecutive": 2, "recovery": "5m"}
    gateway = start(sections(untrusted.https("localhost"), breaker=breaker, retry=RETRY))
    codes = [gateway.chat().status_code for _ in range(4)]
    assert codes[-1] == 503


def test_an_authority_file_that_is_missing_refuses_the_start(start, authority, tmp_path):
    made = sections("https://localhost:1/v1", authority)
    made["upstreams"]["main"]["ca"] = str(tmp_path / "missing.pem")
    with pytest.raises(AssertionError, match="missing.pem"):
        start(made)


def test_a_stream_over_tls_that_is_cut_without_a_goodbye_does_not_look_complete(
    start, serving, authority
):
    upstream = serving(authority.server("DNS:localhost"))
    gateway = start(sections(upstream.https("localhost"), authority))

    def behave(call):
        call.begin_stream()
        call.chunk({"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m",
                    "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}]})
        call.cut()

    upstream.behave = behave
    data = events(gateway.chat(stream=True).content)
    assert "[DONE]" not in data and data[-1]["error"]["code"] == "upstream_cut"


def test_the_upstream_sees_within_a_second_that_the_client_left(start, serving, authority):
    upstream = serving(authority.server("DNS:localhost"))
    gateway = start(sections(upstream.https("localhost"), authority))
    for streams in (False, True):
        upstream.reset()
        upstream.behave = lambda call: call.hold()
        connection = gateway.connect()
        connection.sendall(request(chat(stream=streams)))
        call = upstream.called()
        connection.close()
        assert call.cancelled.wait(1)
