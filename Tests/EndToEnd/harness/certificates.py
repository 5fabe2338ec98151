"""An authority of our own and what it signs, made by `openssl` as an operator would."""

import ssl
import subprocess


class Authority:
    """A private certificate authority in a folder."""

    def __init__(self, folder, name="Test Authority"):
        self.folder = folder
        folder.mkdir(parents=True)
        self.file = folder / "ca.pem"
        self._key = folder / "ca.key"
        _openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-addext", "basicConstraints=critical,CA:true", "-keyout", self._key, "-out", self.file,
        )

    def server(self, names, days=1):
        """The context of a server whose certificate is for `names` (`DNS:…`, `IP:…`).

        With negative `days` it has expired.
        """
        key, wish, made, more = (
            self.folder / f"server.{end}" for end in ("key", "csr", "pem", "ext")
        )
        _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server", "-keyout", key,
                 "-out", wish)
        more.write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
        _openssl("x509", "-req", "-in", wish, "-CA", self.file, "-CAkey", self._key,
                 "-CAcreateserial", "-extfile", more, "-days", days, "-out", made)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made, key)
        context.set_alpn_protocols(["http/1.1"])
        return context

    def renew(self, context, names, days=1):
        """Gives a server that runs another certificate, for the connections to come."""
        self.server(names, days)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        # Whoever resumes a session is not shown the new one.
        context.options |= ssl.OP_NO_TICKET


def _openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
