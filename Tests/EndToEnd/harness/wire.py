"""Raw HTTP over raw sockets: what no client library would send, and every byte that comes back."""

import json
import socket


def request(body=None, method="POST", path="/v1/chat/completions", fields=(), length=True):
    """The bytes of a request; `fields` come after `Host`."""
    lines = [f"{method} {path} HTTP/1.1", "Host: gateway"]
    if body is not None:
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        lines.append("Content-Type: application/json")
        if length:
            lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name}: {value}" for name, value in fields]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


def chat(prompt="Hello", **changes):
    return {"model": "auto", "messages": [{"role": "user", "content": prompt}], **changes}


class Reply:
    def __init__(self, status, fields, body):
        self.status = status
        self.fields = fields
        self.body = body

    def field(self, name):
        return next((value for key, value in self.fields if key == name), None)

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["error"]["code"]


class Reader:
    """Reads replies off a socket, strictly."""

    def __init__(self, connection):
        self.connection = connection
        self.bytes = b""

    def _more(self):
        data = self.connection.recv(65536)
        if not data:
            raise EOFError(f"closed behind {self.bytes!r}")
        self.bytes += data

    def _until(self, mark):
        while mark not in self.bytes:
            self._more()
        taken, _, self.bytes = self.bytes.partition(mark)
        return taken

    def _exactly(self, count):
        while len(self.bytes) < count:
            self._more()
        taken, self.bytes = self.bytes[:count], self.bytes[count:]
        return taken

    def head(self):
        """Status and fields, names in lower case."""
        lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status, _ = lines[0].split(" ", 2)
        assert version == "HTTP/1.1"
        fields = [
            (name.lower(), value.strip()) for name, _, value in (l.partition(":") for l in lines[1:])
        ]
        return int(status), fields

    def chunk(self):
        """One chunk of a body; `b""` is the last."""
        size = int(self._until(b"\r\n"), 16)
        data = self._exactly(size)
        assert self._exactly(2) == b"\r\n"
        return data

    def reply(self, to="POST"):
        """A whole reply, framed as it says."""
        status, fields = self.head()
        found = dict(fields)
        if to == "HEAD":
            return Reply(status, fields, b"")
        if found.get("transfer-encoding") == "chunked":
            body = b""
            while data := self.chunk():
                body += data
        else:
            body = self._exactly(int(found["content-length"]))
        return Reply(status, fields, body)

    def is_closed(self):
        """Whether nothing more comes: the end of the stream, or its reset."""
        try:
            data = self.connection.recv(65536)
        except ConnectionResetError:
            return True
        except socket.timeout:
            return False
        self.bytes += data
        return data == b""


def ask(connection, data, to="POST"):
    connection.sendall(data)
    return Reader(connection).reply(to)


def events(body):
    """The data of an SSE body, parsed; `[DONE]` as it is."""
    found = []
    for block in body.replace(b"\r\n", b"\n").split(b"\n\n"):
        for line in block.split(b"\n"):
            if line.startswith(b"data:"):
                data = line[5:].strip()
                found.append("[DONE]" if data == b"[DONE]" else json.loads(data))
    return found
