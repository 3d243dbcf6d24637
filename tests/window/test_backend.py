"""The sample backend alone."""

import hashlib
import http.client
import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.localcloud.window import backend


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    table = tmp_path / "backends.json"
    table.write_text(json.dumps({"127.0.0.1": ["irica-production", "portal"]}))
    monkeypatch.setattr(backend.Handler, "table", table, raising=False)
    with backend.Server(("127.0.0.1", 0), backend.Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


@pytest.fixture
def connection(port: int) -> Iterator[http.client.HTTPConnection]:
    found = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    yield found
    found.close()


def test_it_tells_a_program_as_which_service_it_was_asked_and_what(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/a?b=c", headers={"X-Own": "1"})
    told = json.loads(connection.getresponse().read())

    assert (told["namespace"], told["app"], told["path"]) == ("irica-production", "portal", "/a?b=c")
    assert told["headers"]["x-own"] == "1"


def test_it_shows_a_person_a_page_in_two_languages(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/", headers={"Accept": "text/html"})
    page = connection.getresponse().read().decode()

    assert 'lang="fa" dir="rtl"' in page
    assert "خدمت «<bdi>portal</bdi>»" in page
    assert "Service “portal”" in page


@pytest.mark.parametrize("is_chunked", [False, True])
def test_it_reads_an_upload_to_its_end(connection: http.client.HTTPConnection, *, is_chunked: bool) -> None:
    data = os.urandom(3 << 20)
    body = (data[start : start + 70_000] for start in range(0, len(data), 70_000)) if is_chunked else data
    connection.request("POST", "/upload", body, encode_chunked=is_chunked, headers=_headers(is_chunked=is_chunked))
    told = json.loads(connection.getresponse().read())
    connection.request("GET", "/next")

    assert told["body"] == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    assert connection.getresponse().status == 200


@pytest.mark.parametrize("size", [5, 300, 70_000])
def test_it_echoes_on_a_websocket(port: int, size: int) -> None:
    data, mask = os.urandom(size), b"mask"
    length = (
        bytes([0x80 | size]) if size < 126
        else bytes([0x80 | 126]) + size.to_bytes(2) if size < 1 << 16
        else bytes([0x80 | 127]) + size.to_bytes(8)
    )  # fmt: skip
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
    with socket.create_connection(("127.0.0.1", port), 10) as plain, plain.makefile("rwb") as stream:
        stream.write(
            b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        stream.write(b"\x82" + length + mask + masked + b"\x88\x80mask")
        stream.flush()
        head = b"".join(iter(stream.readline, b"\r\n"))
        answer = stream.read()

    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head  # RFC 6455's own example
    assert answer.endswith(data + b"\x88\x00")


def _headers(*, is_chunked: bool) -> dict[str, str]:
    return {"Transfer-Encoding": "chunked"} if is_chunked else {}
