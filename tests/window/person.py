"""A person at a browser, as far as HTTP goes: cookies, redirects and forms, and hosts that no name service knows."""

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPConnection, HTTPMessage, HTTPSConnection
from http.cookiejar import Cookie, CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import (
    HTTPCookieProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    ProxyHandler,
    Request,
    build_opener,
)

TIMEOUT_SECONDS = 30
Places = Mapping[tuple[str, int], tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An answer."""

    url: str
    status: int
    headers: HTTPMessage
    text: str

    @property
    def location(self) -> str:
        """Where it sends the browser, as a whole address."""
        return urljoin(self.url, str(self.headers["Location"] or ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The first form of a page, with the fields that it comes with."""

    action: str
    fields: dict[str, str]


class Person:
    """One browser profile.

    Args:
        ca: The authority that it trusts, and no other.
        places: Where to connect to instead, for a host (`*` for any other) and a port.
    """

    def __init__(self, ca: Path, places: Places) -> None:
        self.cookies = CookieJar()

        def connect(address: tuple[str, int], *_: object) -> socket.socket:
            return socket.create_connection(places.get(address) or places["*", address[1]], TIMEOUT_SECONDS)

        class Plain(HTTPConnection):
            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, **options)
                self._create_connection = connect

        class Secure(HTTPSConnection):
            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, **options)
                self._create_connection = connect

        class PlainHandler(HTTPHandler):
            def http_open(self, req: Request) -> Any:
                return self.do_open(Plain, req)

        class SecureHandler(HTTPSHandler):
            def https_open(self, req: Request) -> Any:
                return self.do_open(Secure, req, context=context)

        class Stay(HTTPRedirectHandler):
            def redirect_request(self, *_: Any) -> None:
                return None

        context = ssl.create_default_context(cafile=ca)
        self._opener = build_opener(
            ProxyHandler({}), PlainHandler(), SecureHandler(), Stay(), HTTPCookieProcessor(self.cookies)
        )

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Page:
        """Fetch it and follow nothing."""
        return self._send(Request(url, headers=dict(headers or {})))  # noqa: S310 - https and http of our own hosts

    def post(self, url: str, fields: Mapping[str, str]) -> Page:
        """Send a form."""
        return self._send(Request(url, urlencode(fields).encode()))  # noqa: S310 - as above

    def visit(self, url: str) -> Page:
        """Fetch it and go wherever it sends."""
        return self._follow(self.get(url))

    def log_in(self, page: Page, user: str, password: str) -> Page:
        """Fill the login form in and go wherever that leads."""
        form = read_form(page)
        return self._follow(self.post(form.action, form.fields | {"username": user, "password": password}))

    def cookie(self, name: str) -> Cookie | None:
        """Return the cookie whose name begins so."""
        return next((cookie for cookie in self.cookies if cookie.name.startswith(name)), None)

    def _follow(self, page: Page) -> Page:
        for _ in range(10):
            if page.status not in {301, 302, 303, 307, 308}:
                return page
            page = self.get(page.location)
        raise AssertionError(f"{page.url} sends in circles")

    def _send(self, request: Request) -> Page:
        try:
            answer = self._opener.open(request, timeout=TIMEOUT_SECONDS)
        except HTTPError as error:
            answer = error
        with answer:
            return Page(url=request.full_url, status=answer.status, headers=answer.headers, text=answer.read().decode())


def read_form(page: Page) -> Form:
    """Return the page's form."""
    reader = _Reader()
    reader.feed(page.text)
    assert reader.action, f"no form in {page.url} ({page.status}): {page.text[:300]}"
    return Form(action=urljoin(page.url, reader.action), fields=reader.fields)


@dataclass
class _Reader(HTMLParser):
    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form" and not self.action:
            self.action = found.get("action") or ""
        if tag == "input" and found.get("name"):
            self.fields[found["name"] or ""] = found.get("value") or ""
