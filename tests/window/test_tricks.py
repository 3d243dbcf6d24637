"""Requests that try to be read in two ways, and limits of what a service takes."""

import json
import ssl
from urllib.parse import urlsplit

import pytest

from tests.window.conftest import Site
from tests.window.person import Person
from tests.window.wire import ask, connect, get, read

pytestmark = [pytest.mark.live, pytest.mark.login]

DUTIES = "https://irica.gov.test/duties"
MEBI = 1 << 20


def session(person: Person, host: str) -> str:
    """Return the header with which this person's browser would come back."""
    return "Cookie: " + "; ".join(f"{c.name}={c.value}" for c in person.cookies if c.domain == host) + "\r\n"


@pytest.fixture(scope="module")
def citizen(site: Site) -> Person:
    return site.logged_in("citizen", DUTIES)


# Hosts


@pytest.mark.parametrize("host", ["IRICA.gov.test", "Irica.Gov.Test", "irica.gov.test:443"])
def test_another_spelling_of_the_host_is_the_same_window(site: Site, host: str) -> None:
    answer = get(site.window, "/duties", host=host)
    assert answer.status == 302
    assert "client_id=irica&" in answer.location


OTHERS = ("irica.gov.test.", "irica.gov.test:8443", "ncro.gov.test", "nobody.test", "", "irica.gov.test ncro.gov.test",
          "irica.gov.test@ncro.gov.test", "irica.gov.test,ncro.gov.test")  # fmt: skip


@pytest.mark.parametrize("host", OTHERS)
def test_another_host_on_this_connection_reaches_nothing_without_a_login(
    site: Site, citizen: Person, host: str
) -> None:
    answer = get(site.window, "/births", host=host, headers=session(citizen, "irica.gov.test"))
    assert answer.status in {302, 400, 404, 421}, answer.head
    assert b"ncro-production" not in answer.body
    if answer.status == 302:
        assert answer.location.startswith(site.window.issuer)


@pytest.mark.parametrize("target", ["https://ncro.gov.test/births", "http://ncro.gov.test/births"])
def test_an_absolute_address_decides_the_host_and_asks_for_its_login(site: Site, citizen: Person, target: str) -> None:
    answer = get(site.window, target, headers=session(citizen, "irica.gov.test"))
    assert answer.status in {302, 400, 404, 421}, answer.head
    assert b"ncro-production" not in answer.body


def test_two_hosts_are_refused(site: Site) -> None:
    request = "GET /duties HTTP/1.1\r\nHost: irica.gov.test\r\nHost: ncro.gov.test\r\nConnection: close\r\n\r\n"
    assert ask(site.window, request).status in {400, 404}


def test_an_unknown_host_is_not_found(site: Site) -> None:
    """Without a name in the handshake that is known the connection ends there; with one, the host is not found."""
    assert get(site.window, "/duties", host="nobody.gov.test").status == 404
    with pytest.raises(OSError, match=r"reset|EOF|closed"):
        get(site.window, "/duties", host="nobody.gov.test", sni="nobody.gov.test")


# Paths. /tariff-book is open to all, and its app serves other paths too, which are not.

AROUND = ("/tariff-book/../duties", "/tariff-book/%2e%2e/duties", "/tariff-book/..;/duties", "/tariff-book/.;/duties",
          "/tariff-book/..%2fduties", "/tariff-book/..%5cduties", "/tariff-book/..\\duties", "/tariff-book//../duties",
          "/tariff-book/%252e%252e/duties", "//tariff-book/..//duties", "/tariff-book/..;a=b/advance-ruling",
          "/tariff-book/%2e%2e;/advance-ruling", "/./tariff-book/../advance-ruling")  # fmt: skip


@pytest.mark.parametrize("path", AROUND)
def test_no_way_around_leads_from_a_public_path_to_another(site: Site, path: str) -> None:
    answer = get(site.window, path)
    if answer.status == 302 and answer.location.startswith(site.window.issuer):
        return
    if answer.status in {302, 307} and urlsplit(answer.location).path:  # to the one spelling of it, which asks
        assert ".." not in answer.location
        return
    if answer.status == 200:  # a path of the public service itself, and nobody can read it as another
        told = json.loads(answer.body)["path"]
        assert told.startswith("/tariff-book/")
        assert ".." not in told
        assert "%2e%2e/" not in told.lower()
        assert ";" not in told
        return
    assert answer.status in {400, 404}, answer.head


@pytest.mark.parametrize("path", ["//duties", "/duties//x", "/duties/./x", "/x/../duties", "/%64uties", "/duties;a=b"])
def test_no_spelling_of_a_path_passes_the_login_by(site: Site, path: str) -> None:
    answer = get(site.window, path)
    assert answer.status in {302, 307, 400, 404}, answer.head
    assert b"irica-production" not in answer.body


# What a service takes


def _post(site: Site, citizen: Person, path: str, size: int) -> int:
    with connect(site.window, "irica.gov.test") as stream:
        head = f"POST {path} HTTP/1.1\r\nHost: irica.gov.test\r\n{session(citizen, 'irica.gov.test')}"
        stream.sendall(f"{head}Content-Length: {size}\r\nConnection: close\r\n\r\n".encode())
        try:
            for _ in range(size // MEBI):
                stream.sendall(bytes(MEBI))
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            pass  # refused before all of it was sent
        answer = read(stream)
        return json.loads(answer.body)["body"]["bytes"] if answer.status == 200 else answer.status


@pytest.mark.parametrize(
    ("path", "mebibytes", "found"),
    [("/duties", 9, 9 * MEBI), ("/duties", 11, 413), ("/advance-ruling", 90, 90 * MEBI), ("/advance-ruling", 101, 413)],
)
def test_an_upload_is_as_large_as_the_profile_says(
    site: Site, citizen: Person, path: str, mebibytes: int, found: int
) -> None:
    assert _post(site, citizen, path, mebibytes * MEBI) == found


def _upgrade(site: Site, person: Person, host: str, path: str, origin: str = "") -> tuple[int, bytes]:
    """Ask for a WebSocket, say hello in one masked frame, and return the status and what came after it."""
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n{key}"
    head += f"Origin: {origin or f'https://{host}'}\r\n"
    with connect(site.window, host) as stream:
        stream.sendall(f"{head}{session(person, host)}\r\n".encode())
        answer = stream.recv(4096)
        status = int(answer.split()[1])
        if status != 101:
            return status, b""
        stream.sendall(bytes([0x81, 0x85, 0, 0, 0, 0]) + b"hello")
        return status, stream.recv(4096)


def test_a_websocket_opens_where_the_profile_says_so_and_nowhere_else(site: Site, citizen: Person) -> None:
    url = "https://maj.gov.test" + next(
        service.window.path
        for service in site.estate.agency("maj").profile.spec.services  # type: ignore[union-attr]
        if service.backend and service.backend.web_socket and service.window and service.access.policy == "login"
    )
    citizen.visit(url)
    assert _upgrade(site, citizen, "maj.gov.test", urlsplit(url).path) == (101, b"\x81\x05hello")
    assert _upgrade(site, site.person(), "maj.gov.test", urlsplit(url).path)[0] == 302
    assert _upgrade(site, citizen, "irica.gov.test", "/duties")[0] in {400, 403}


def test_a_page_of_another_agency_opens_no_websocket_with_this_session(site: Site, citizen: Person) -> None:
    """To a browser all of the zone is one site, so it would send the cookies along."""
    citizen.visit("https://maj.gov.test/advice")
    for origin in ("https://irica.gov.test", "https://maj.gov.test.evil.test", "null"):
        assert _upgrade(site, citizen, "maj.gov.test", "/advice", origin)[0] in {400, 403}


@pytest.mark.parametrize(
    "versions",
    [(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2), (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)],
)
def test_new_tls_is_spoken(site: Site, versions: tuple[ssl.TLSVersion, ssl.TLSVersion]) -> None:
    with connect(site.window, "irica.gov.test", versions) as stream:
        assert stream.version() in {"TLSv1.2", "TLSv1.3"}


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_refused(site: Site) -> None:
    with pytest.raises(OSError, match=r"(?i)version|protocol|ciphers|alert"):
        connect(site.window, "irica.gov.test", (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1))
