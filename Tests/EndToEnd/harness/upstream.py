"""An upstream that does as it is told, well or badly, and remembers what it was asked."""

import json
import select
import socket
import ssl
import struct
import threading
import time

from harness.waiting import POLL, until


class ClientLeft(Exception):
    """The gateway closed the connection of the call."""


class Call:
    """One request as it came, and the wire to answer it on."""

    def __init__(self, connection, method, path, fields, body):
        self.connection = connection
        self.method = method
        self.path = path
        self.fields = fields
        self.body = body
        self.cancelled = threading.Event()
        self.cancelled_at = None

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def prompt(self):
        return self.json["messages"][-1]["content"]

    def field(self, name):
        """All values of a header field."""
        return [value for key, value in self.fields if key.lower() == name]

    # Answering.

    def send(self, data):
        try:
            self.connection.sendall(data)
        except OSError:
            self._left()

    def reply(self, status, body, content_type="application/json", fields=()):
        """A whole reply; `body` is bytes, or something to be JSON."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        head = [f"HTTP/1.1 {status} Scripted", f"content-type: {content_type}"]
        head += [f"{name}: {value}" for name, value in fields]
        head += [f"content-length: {len(body)}", "", ""]
        self.send("\r\n".join(head).encode() + body)

    def answer(self, text="Water flows.", **changes):
        """A whole answer in the shape of OpenAI's."""
        self.reply(200, completion(self.json["model"], text, **changes))

    def begin_stream(self, fields=()):
        head = ["HTTP/1.1 200 OK", "content-type: text/event-stream"]
        head += [f"{name}: {value}" for name, value in fields]
        head += ["transfer-encoding: chunked", "", ""]
        self.send("\r\n".join(head).encode())

    def chunk(self, data):
        """A piece of the body: bytes as they are, or the data of an event."""
        if not isinstance(data, bytes):
            data = event(data)
        self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def end_stream(self, done=True):
        if done:
            self.chunk(b"data: [DONE]\n\n")
        self.send(b"0\r\n\r\n")

    def stream(self, *texts, finish="stop", usage=None, done=True):
        """A whole stream; the usage chunk only if it was asked for, as OpenAI does."""
        self.begin_stream()
        model = self.json["model"]
        self.chunk(delta(model, {"role": "assistant", "content": ""}))
        for text in texts:
            self.chunk(delta(model, {"content": text}))
        self.chunk(delta(model, {}, finish=finish))
        if (self.json.get("stream_options") or {}).get("include_usage"):
            self.chunk(delta(model, None, usage=usage or USAGE))
        self.end_stream(done)

    # Failing.

    def pause(self):
        """Waits a little; `ClientLeft` if the gateway leaves meanwhile."""
        if self._is_closed():
            self._left()

    def hold(self, until=None, within=20.0):
        """Says nothing until `until` is set; `ClientLeft` if the gateway leaves first."""
        deadline = time.monotonic() + within
        while not (until and until.is_set()):
            self.pause()
            if time.monotonic() > deadline:
                raise AssertionError("an upstream was held for too long")

    def reset(self):
        """Breaks the connection off, so that the gateway reads ECONNRESET."""
        self.connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        raise ClientLeft

    def cut(self):
        """Closes the connection where it stands."""
        raise ClientLeft

    def _is_closed(self):
        readable, _, _ = select.select([self.connection], [], [], POLL)
        if not readable:
            return False
        try:
            # TLS knows no peeking; nobody speaks while a call is held.
            flags = 0 if isinstance(self.connection, ssl.SSLSocket) else socket.MSG_PEEK
            return self.connection.recv(1, flags) == b""
        except OSError:
            return True

    def _left(self):
        self.cancelled_at = time.monotonic()
        self.cancelled.set()
        raise ClientLeft


class Upstream:
    """A server on a free port; `behave` says how it answers."""

    def __init__(self, tls=None):
        """`tls` is the context of a server that speaks HTTPS."""
        self.tls = tls
        self.handshakes = 0
        self.resumed = 0
        self.calls = []
        self.opened = 0
        self.behave = default
        self._open = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def https(self, host):
        return f"https://{host}:{self.port}/v1"

    @property
    def count(self):
        return len(self.calls)

    @property
    def is_idle(self):
        """Whether nobody is connected."""
        with self._lock:
            return not self._open

    def reset(self):
        """Forgets what was asked, and behaves well again."""
        self.calls = []
        self.behave = default

    def called(self, times=1, within=10.0):
        """Waits for that many calls; returns the last of them."""
        until(lambda: self.count >= times, f"{times} calls of the upstream", within)
        return self.calls[times - 1]

    def close(self):
        # A thread that blocks in accept() holds the socket open until it is shut down.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        self._thread.join(5)

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.opened += 1
            with self._lock:
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        if self.tls:
            plain = connection
            try:
                connection = self.tls.wrap_socket(plain, server_side=True)
            except OSError:
                plain.close()
                return
            finally:
                with self._lock:
                    self._open.discard(plain)
            with self._lock:
                self._open.add(connection)
                self.handshakes += 1
                self.resumed += connection.session_reused
        reader = connection.makefile("rb")
        try:
            while call := self._read(connection, reader):
                with self._lock:
                    self.calls.append(call)
                self.behave(call)
        except (ClientLeft, OSError, ValueError):
            pass
        finally:
            with self._lock:
                self._open.discard(connection)
            # The file holds the socket open as well.
            reader.close()
            connection.close()

    def _read(self, connection, reader):
        line = reader.readline()
        if not line:
            return None
        method, path, _ = line.decode("latin-1").split(" ", 2)
        fields = []
        while (line := reader.readline()) not in (b"\r\n", b"\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            fields.append((name, value.strip()))
        length = next((int(v) for k, v in fields if k.lower() == "content-length"), 0)
        return Call(connection, method, path, fields, reader.read(length))


class SilentUpstream:
    """An address whose queue of connections is full, so that no more of them are made."""

    def __init__(self):
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        address = self._listener.getsockname()
        self.url = f"http://127.0.0.1:{address[1]}/v1"
        self._waiting = []
        for _ in range(4):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(address)
            self._waiting.append(waiting)

    def close(self):
        for waiting in self._waiting:
            waiting.close()
        self._listener.close()


class BluntServer:
    """Accepts, says `greeting` at once whatever it is asked, and then nothing more."""

    def __init__(self, greeting=b""):
        self._greeting = greeting
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.port = self._listener.getsockname()[1]
        self._open = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def https(self, host):
        return f"https://{host}:{self.port}/v1"

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)
        for connection in self._open:
            connection.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            # Held open: who closes with bytes unread resets, and the greeting may be lost.
            self._open.append(connection)
            connection.sendall(self._greeting)


class RefusingUpstream:
    """An address at which nobody listens, and nobody else can begin to."""

    def __init__(self):
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"

    def close(self):
        self._socket.close()


# What is said.

USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


def default(call):
    if call.json.get("stream"):
        call.stream("Water ", "flows.")
    else:
        call.answer()


def completion(model, text, usage=USAGE, finish="stop", **changes):
    body = {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 1790000000,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "logprobs": None,
                "finish_reason": finish,
            }
        ],
        "usage": usage,
    }
    body.update(changes)
    return body


def delta(model, content, finish=None, usage=None, **changes):
    """One chunk; without a delta it is the one that only tells the usage."""
    chunk = {
        "id": "chatcmpl-scripted",
        "object": "chat.completion.chunk",
        "created": 1790000000,
        "model": model,
        "choices": [],
        "usage": usage,
    }
    if content is not None:
        chunk["choices"] = [
            {"index": 0, "delta": content, "logprobs": None, "finish_reason": finish}
        ]
    chunk.update(changes)
    return chunk


def event(data):
    return b"data: " + json.dumps(data).encode() + b"\n\n"
