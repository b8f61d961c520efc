"""Where deliveries may go: addresses that are refused, names that are looked up once, and answers that drag on."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from graphcrm.errors import InvalidInput
from graphcrm.service import sending
from graphcrm.service.webhooks import checked_url, is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0",
        "fc00::1", "fd12::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b::a00:1", "2002:7f00:1::", "2002:a00:1::", "2001:db8::1", "100::1",
        "64:ff9b:1::808:808", "::ffff:0:7f00:1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "ftp://example.com", "https://", "https:///x", "http://example.com", "https://localhost/x",
        "https://127.0.0.1", "https://[::1]:8000/", "https://10.0.0.8/x", "https://u:p@example.com", "https://a b.com",
        "https://example.com/#x", "https://exämple.com", "https://example.com:99999", "https://example.com/\n",
        "https://example.com\\@127.0.0.1/", "https://[::ffff:127.0.0.1]/", "https://169.254.169.254/latest",
        "https://example.com/" + "x" * 2_000, "https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/x",
    ],
)  # fmt: skip
def test_addresses_that_no_webhook_may_have(url: str) -> None:
    with pytest.raises(InvalidInput, match="url"):
        checked_url(url, allow_private=False)


@pytest.mark.parametrize("url", ["https://example.com", "https://example.com:8443/a?b=c", "https://8.8.8.8/"])
def test_addresses_that_a_webhook_may_have(url: str) -> None:
    assert checked_url(url, allow_private=False).scheme == "https"


def test_a_name_is_looked_up_once_and_every_address_it_leads_to_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is public when it is looked at and private when it is called finds no second look-up to win by."""
    asked: list[str] = []
    called: list[Any] = []

    def leads_to(*addresses: str) -> None:
        def look_up(host: str, port: int, **_: Any) -> list[Any]:
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        called.append(address)
        raise OSError

    monkeypatch.setattr(socket, "create_connection", connect)
    for private in (["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["169.254.169.254"]):
        leads_to(*private)
        with pytest.raises(sending.Unreachable, match="private network"):
            sending.send("https://rebinding.example/x", b"{}", {}, allow_private=False)
    assert called == []
    leads_to("8.8.8.8")
    asked.clear()
    with pytest.raises(sending.Unreachable, match="nobody listens"):
        sending.send("https://rebinding.example/x", b"{}", {}, allow_private=False)
    assert (asked, called) == (["rebinding.example"], [("8.8.8.8", 443)])


def test_a_slow_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then keeps a time-out from running, so the whole has a bound of its own."""
    monkeypatch.setattr(sending, "_TOTAL_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                try:
                    for _ in range(100):
                        connection.sendall(b"H")
                        time.sleep(0.1)
                except OSError:
                    return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        began = time.monotonic()
        with pytest.raises(sending.Unreachable, match="no answer"):
            sending.send(f"http://127.0.0.1:{server.getsockname()[1]}", b"{}", {}, allow_private=True)
        assert time.monotonic() - began < 5
        thread.join(10)


# ---- TLS -------------------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for `localhost` that nobody vouches for, and its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    key, made = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "1"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command = [openssl, "req", "-x509", *curve, "-nodes", "-keyout", str(key), "-out", str(made), *subject]
    subprocess.run(command, check=True, capture_output=True)
    made.write_bytes(made.read_bytes() + key.read_bytes())
    return made


def test_only_a_trusted_certificate_of_the_right_name_is_told(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """Whoever does not trust us hangs up."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        where = f"localhost:{server.server_port}"
        with pytest.raises(sending.Unreachable, match="SSLCertVerificationError"):
            sending.send(f"https://{where}/", b"{}", {}, allow_private=True)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert sending.send(f"https://{where}/", b"{}", {}, allow_private=True) == 204
        with pytest.raises(sending.Unreachable, match="SSLCertVerificationError"):
            sending.send(f"https://{where.replace('localhost', '127.0.0.1')}/", b"{}", {}, allow_private=True)
        assert got == [b"{}"]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
