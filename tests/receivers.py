"""Receivers of notices on the loopback interface: a webhook and an SMTP server."""

from __future__ import annotations

import base64
import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass
class Hook:
    """A webhook that keeps what it gets."""

    url: str = ""
    #: what it answers, one after another; then 204
    answers: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]


@contextmanager
def webhook() -> Iterator[Hook]:
    made = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            made.got.append(({key.lower(): value for key, value in self.headers.items()}, body))
            self.send_response(made.answers.pop(0) if made.answers else 204)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Keep the terminal quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        with _serving(server):
            yield made


@dataclass
class Post:
    """An SMTP server that keeps what it gets."""

    port: int = 0
    #: certificate and key for STARTTLS
    certificate: Path | None = None
    #: name and password that it lets in; anyone if None
    account: tuple[str, str] | None = None
    got: list[EmailMessage] = field(default_factory=list)
    secure: list[bool] = field(default_factory=list)


@contextmanager
def post_office(made: Post) -> Iterator[Post]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 ready")
            while line := self.rfile.readline().decode().strip():
                verb, _, rest = line.partition(" ")
                getattr(self, f"on_{verb.lower()}", self.fine)(rest)
                if verb.upper() == "QUIT":
                    return

        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def fine(self, _: str) -> None:
            self.say("250 fine")

        def on_ehlo(self, _: str) -> None:
            self.say("250-here\r\n250-AUTH PLAIN\r\n250 STARTTLS")

        def on_starttls(self, _: str) -> None:
            assert made.certificate
            self.say("220 go")
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(made.certificate)
            self.connection = context.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = (
                self.connection.makefile("rb"),
                self.connection.makefile("wb", buffering=0),
            )

        def on_auth(self, rest: str) -> None:
            _, name, password = base64.b64decode(rest.split()[1]).decode().split("\0")
            right = made.account in (None, (name, password))
            self.say("235 in" if right else "535 no")

        def on_data(self, _: str) -> None:
            self.say("354 go")
            lines = iter(self.rfile.readline, b".\r\n")
            found = message_from_bytes(b"".join(lines), policy=policy.default)
            assert isinstance(found, EmailMessage)
            made.got.append(found)
            made.secure.append(isinstance(self.connection, ssl.SSLSocket))
            self.say("250 taken")

        def on_quit(self, _: str) -> None:
            self.say("221 bye")

        def finish(self) -> None:
            super().finish()
            # After STARTTLS it is another than the server's, which is all that the server closes.
            self.connection.close()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        made.port = server.server_address[1]
        with _serving(server):
            yield made


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def certificate(folder: Path, name: str) -> Path:
    """Make a certificate for a host, signed by itself, with its key in the same file."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return path
