"""HTTP/1.1 on raw sockets: what clients may do, and what attackers may not."""

import json
import socket
import struct
import time

import pytest

from harness.bundle import policy
from harness.wire import Reader, ask, chat, request


def sections(upstream):
    return policy(
        upstream,
        server={"timeout": {"head": "400ms", "body": "600ms", "idle": "20s", "drain": "5s"},
                "max_body": "1MiB"},
    )


def test_one_connection_serves_many_requests(gateway):
    with gateway.connect() as connection:
        for number in range(20):
            reply = ask(connection, request(chat(f"n{number}", stream=number % 2 == 1)))
            assert reply.status == 200
    assert [call.prompt for call in gateway.upstream.calls] == [f"n{n}" for n in range(20)]


def test_pipelined_requests_are_answered_in_order(gateway):
    gateway.upstream.behave = lambda call: call.answer(call.prompt)
    with gateway.connect() as connection:
        connection.sendall(b"".join(request(chat(f"n{n}")) for n in range(10)))
        reader = Reader(connection)
        texts = [reader.reply().json["choices"][0]["message"]["content"] for _ in range(10)]
    assert texts == [f"n{n}" for n in range(10)]


def test_a_head_that_comes_byte_by_byte_is_whole(gateway):
    data = request(chat())
    with gateway.connect() as connection:
        for byte in data:
            connection.sendall(bytes([byte]))
        assert Reader(connection).reply().status == 200


def test_a_chunked_body_is_taken(gateway):
    body = json.dumps(chat("in chunks")).encode()
    chunks = b"".join(
        b"%x;ext=1\r\n%s\r\n" % (len(body[i:i + 7]), body[i:i + 7]) for i in range(0, len(body), 7)
    )
    data = request(body, fields=[("Transfer-Encoding", "chunked")], length=False)
    data = data[: -len(body)] + chunks + b"0\r\nx-trailer: 1\r\n\r\n"
    with gateway.connect() as connection:
        assert ask(connection, data).status == 200
        assert ask(connection, request(chat())).status == 200
    assert gateway.upstream.calls[0].body == body.replace(b'"auto"', b'"vendor-small"')


def test_who_waits_for_100_continue_is_told_to_go_on(gateway):
    body = json.dumps(chat()).encode()
    data = request(body, fields=[("Expect", "100-continue")])
    with gateway.connect() as connection:
        connection.sendall(data[: -len(body)])
        reader = Reader(connection)
        assert reader.head()[0] == 100
        connection.sendall(body)
        assert reader.reply().status == 200


def test_who_would_be_refused_is_not_told_to_go_on(gateway):
    fields = [("Expect", "100-continue"), ("Content-Length", str(100 << 20)),
              ("Content-Type", "application/json")]
    with gateway.connect() as connection:
        assert ask(connection, request(fields=fields)).status == 413


def test_head_has_the_fields_of_get_and_no_body(gateway):
    with gateway.connect() as connection:
        shown = ask(connection, request(method="HEAD", path="/v1/models"), to="HEAD")
        whole = ask(connection, request(method="GET", path="/v1/models"))
    assert shown.status == whole.status == 200
    assert shown.field("content-length") == whole.field("content-length")


def test_http_1_0_gets_its_answer_and_the_end(gateway):
    body = json.dumps(chat(stream=True)).encode()
    head = b"POST /v1/chat/completions HTTP/1.0\r\nContent-Type: application/json\r\n"
    with gateway.connect() as connection:
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        data = b""
        while piece := connection.recv(65536):
            data += piece
    assert b"transfer-encoding" not in data.lower() and data.endswith(b"data: [DONE]\n\n")


def test_a_client_that_closes_its_half_still_gets_its_answer_or_is_taken_to_have_left(gateway):
    with gateway.connect() as connection:
        connection.sendall(request(chat(), fields=[("Connection", "close")]))
        connection.shutdown(socket.SHUT_WR)
        data = b""
        while piece := connection.recv(65536):
            data += piece
    # Either is legal; a hang is not, and neither is half an answer.
    assert data == b"" or data.startswith(b"HTTP/1.1 200") and data.endswith(b"}")


def test_an_interim_reply_of_the_upstream_is_not_the_answer(gateway):
    def behave(call):
        call.send(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
        call.answer("final")

    gateway.upstream.behave = behave
    with gateway.connect() as connection:
        reply = ask(connection, request(chat()))
    assert reply.status == 200 and b"final" in reply.body


def test_endless_interim_replies_are_cut_off(gateway):
    gateway.upstream.behave = lambda call: call.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000)
    with gateway.connect() as connection:
        assert ask(connection, request(chat())).status == 502


BODY = json.dumps(chat("smuggled")).encode()
START = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)

SMUGGLING = {
    "length and chunks": START + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKED,
    "chunks and length": START + b"Transfer-Encoding: chunked\r\n" + LENGTH + b"\r\n" + CHUNKED,
    "two lengths": START + LENGTH + b"Content-Length: 5\r\n\r\n" + BODY,
    "equal lengths": START + LENGTH + LENGTH + b"\r\n" + BODY,
    "length in a list": START + b"Content-Length: 5, 5\r\n\r\n" + BODY,
    "signed length": START + b"Content-Length: +%d\r\n\r\n" % len(BODY) + BODY,
    "hexadecimal length": START + b"Content-Length: 0x10\r\n\r\n" + BODY,
    "endless length": START + b"Content-Length: 99999999999999999999\r\n\r\n",
    "negative length": START + b"Content-Length: -1\r\n\r\n",
    "space before colon": START + b"Content-Length : %d\r\n\r\n" % len(BODY) + BODY,
    "bare line feeds": (START + LENGTH + b"\r\n").replace(b"\r\n", b"\n") + BODY,
    "bare carriage return": START + b"X: a\rb\r\n" + LENGTH + b"\r\n" + BODY,
    "folded field": START + b"X: a\r\n b\r\n" + LENGTH + b"\r\n" + BODY,
    "coding not chunked": START + b"Transfer-Encoding: gzip\r\n\r\n" + CHUNKED,
    "coding after chunked": START + b"Transfer-Encoding: chunked, gzip\r\n\r\n" + CHUNKED,
    "two codings": START + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED,
    "coding with a tab": START + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + CHUNKED,
    "nul in a field": START + b"X: a\x00b\r\n" + LENGTH + b"\r\n" + BODY,
    "no host": START.replace(b"Host: x\r\n", b"") + LENGTH + b"\r\n" + BODY,
    "two hosts": START + b"Host: y\r\n" + LENGTH + b"\r\n" + BODY,
    "chunk size signed": START + b"Transfer-Encoding: chunked\r\n\r\n+" + CHUNKED,
    "chunk size prefixed": START + b"Transfer-Encoding: chunked\r\n\r\n0x" + CHUNKED,
    "chunk size endless": START + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    "chunk end missing": START + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcdefgh\r\n0\r\n\r\n",
    "chunk line feed": START + b"Transfer-Encoding: chunked\r\n\r\n5\nabcde\n0\n\n",
    "target with a space": START.replace(b"/v1", b"/ v1") + LENGTH + b"\r\n" + BODY,
    "version": START.replace(b"1.1", b"2.0") + LENGTH + b"\r\n" + BODY,
    "not http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "long head": START + b"X: " + b"a" * 40000 + b"\r\n\r\n",
    "many fields": START + b"X: a\r\n" * 200 + b"\r\n",
    "expectation": START + LENGTH + b"Expect: a miracle\r\n\r\n",
}


@pytest.mark.parametrize("name", SMUGGLING)
def test_what_two_readers_could_read_differently_is_refused_and_the_connection_ended(gateway, name):
    with gateway.connect(3) as connection:
        # A second request behind it must never be seen as one.
        connection.sendall(SMUGGLING[name] + request(chat("second")))
        reader = Reader(connection)
        reply = reader.reply()
        assert reply.status in {400, 413, 417, 431, 501, 505}, reply.status
        assert reply.field("connection") == "close"
        assert reply.code
        assert reader.is_closed() and reader.bytes == b""
    assert gateway.upstream.count == 0


def test_a_client_that_drips_its_head_is_cut_by_the_deadline(gateway):
    with gateway.connect() as connection:
        began = time.monotonic()
        reader = Reader(connection)
        connection.settimeout(0.05)
        data = iter(request(chat()))
        ended = False
        while not ended and time.monotonic() - began < 5:
            try:
                connection.sendall(bytes([next(data)]))
                if reply := connection.recv(65536):
                    reader.bytes += reply
                    connection.settimeout(5)
                    assert reader.reply().status == 408
                ended = True
            except socket.timeout:
                continue
        took = time.monotonic() - began
    # Each byte does not move the deadline of 400 ms.
    assert ended and 0.3 < took < 2


def test_a_body_that_drips_is_cut_by_the_deadline(gateway):
    with gateway.connect() as connection:
        began = time.monotonic()
        connection.sendall(request(chat())[:-20])
        assert Reader(connection).reply().status == 408
        assert 0.5 < time.monotonic() - began < 3
    assert gateway.upstream.count == 0


def test_an_idle_connection_is_closed_without_a_word(start, upstream):
    gateway = start(policy(upstream, server={"timeout": {"idle": "300ms"}}))
    with gateway.connect(3) as connection:
        assert ask(connection, request(chat())).status == 200
        assert connection.recv(100) == b""


def test_a_client_that_resets_in_the_middle_of_its_body_leaves_nothing_behind(gateway):
    for _ in range(20):
        connection = gateway.connect()
        connection.sendall(request(chat())[:-5])
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    assert gateway.chat().status_code == 200
    assert gateway.upstream.count == 1


def test_a_client_that_does_not_read_is_given_up(start, upstream):
    gateway = start(policy(upstream, server={"timeout": {"idle": "500ms"}}))

    def flood(call):
        call.begin_stream()
        for _ in range(200_000):
            call.chunk(large)

    large = b'data: {"id":"x","choices":[{"index":0,"delta":{"content":"' + b"x" * 8000 + b'"}}]}\n\n'
    upstream.behave = flood
    connection = gateway.connect()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.sendall(request(chat(stream=True)))
    call = upstream.called()
    # The stream is not gathered in memory: the upstream is stopped with its client.
    assert call.cancelled.wait(15)
    connection.close()
    assert gateway.metric("process_resident_memory_bytes") < 400 << 20


def test_many_connections_that_say_nothing_do_not_stop_others(gateway):
    silent = [gateway.connect() for _ in range(200)]
    assert gateway.chat().status_code == 200
    for connection in silent:
        connection.close()


def test_a_refused_request_leaves_its_connection_usable(gateway):
    refused = [
        (request({}, path="/nowhere"), 404),
        (request(b"{", path="/v1/chat/completions"), 400),
        (request(chat(model="nobody")), 404),
        (request(method="DELETE"), 405),
        (request(b"x" * 1000, path="/v1/models"), 405),
    ]
    with gateway.connect() as connection:
        for data, status in refused:
            assert ask(connection, data).status == status
            assert ask(connection, request(chat())).status == 200


def test_who_asks_for_the_end_of_the_connection_gets_it(gateway):
    with gateway.connect() as connection:
        reply = ask(connection, request(chat(), fields=[("Connection", "close")]))
        assert reply.field("connection") == "close"
        assert Reader(connection).is_closed()
