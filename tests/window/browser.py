"""A person at Chromium: how it is started for a window, and one browser profile in it."""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserType,
    Cookie,
    FloatRect,
    Page,
    Response,
    ViewportSize,
    expect,
    sync_playwright,
)

NAMES = ("chromium", "chromium-browser", "google-chrome")
SCREENSHOTS = "GOVCLOUD_SCREENSHOTS"
VIEW: ViewportSize = {"width": 1100, "height": 760}
TIMEOUT_SECONDS = 20  # a first login on a machine that does other things too


def program() -> str | None:
    """Return the Chromium of this machine."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def chromium(arguments: Sequence[str]) -> Iterator[Browser]:
    """Start it, headless, for as long as the block."""
    expect.set_options(timeout=TIMEOUT_SECONDS * 1000)
    with sync_playwright() as playwright, launched(playwright.chromium, arguments) as browser:
        yield browser


@contextmanager
def launched(kind: BrowserType, arguments: Sequence[str], *, keeps_pages: bool = False) -> Iterator[Browser]:
    """Start one more; `keeps_pages` for the back button, as people's browsers do and Playwright's do not."""
    unconfined = ["--no-sandbox"] if os.getuid() == 0 else []  # Chromium's sandbox refuses to start as root
    left_out = ["--disable-back-forward-cache"] if keeps_pages else []
    browser = kind.launch(executable_path=program(), args=[*arguments, *unconfined], ignore_default_args=left_out)
    try:
        yield browser
    finally:
        browser.close()


class Profile:
    """One browser profile with one page: its own cookies and cache."""

    def __init__(self, browser: Browser) -> None:
        self.context = browser.new_context(viewport=VIEW, locale="fa-IR")
        self.context.set_default_timeout(TIMEOUT_SECONDS * 1000)
        self.page = self.context.new_page()
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.context.on(
            "console", lambda said: self._complain(said.text) if said.type in {"error", "warning"} else None
        )
        self.context.on("weberror", lambda error: self._complain(str(error.error)))

    @property
    def host(self) -> str:
        """Whose page is shown."""
        return urlsplit(self.page.url).hostname or ""

    @property
    def asked_hosts(self) -> set[str]:
        """Every host that was ever asked for something."""
        return {urlsplit(url).hostname or "" for url in self.asked}

    @property
    def is_asked_for_a_password(self) -> bool:
        """Whether the page is the national login's form."""
        return self.host == "login.gov.test" and self.page.locator("#password").is_visible()

    def open(self, url: str) -> Response:
        """Type the address in and return where that ended."""
        response = self.page.goto(url)
        assert response
        return response

    def visit(self, url: str) -> int:
        """Type the address in and return the status of the page that is shown then."""
        return self.open(url).status

    def log_in(self, user: str, password: str) -> int:
        """Fill the national login's form in and return the status of the page to which that leads."""
        assert self.is_asked_for_a_password, self.page.url
        self.page.locator("#username").fill(user)  # by what Keycloak calls them in every language
        self.page.locator("#password").fill(password)
        with self.page.expect_response(_is_of_a_page) as answer, self.page.expect_event("framenavigated"):
            self.page.locator("#kc-login").click()
        self.page.wait_for_load_state()
        return answer.value.status

    def go_back(self) -> None:
        """Press the back button and wait until another page is shown."""
        left = self.page.url
        # Playwright's own way back waits for a load, and a page that was kept is not loaded.
        self.page.evaluate("void setTimeout(() => history.back())")
        self.page.wait_for_url(lambda url: url != left, wait_until="commit")

    def settle(self) -> None:
        """Wait until the page is drawn as it stays: a frame may move what it draws for the first time."""
        self.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def cookies(self, host: str) -> dict[str, Cookie]:
        """Return those that go to the host, by name."""
        return {cookie.get("name", ""): cookie for cookie in self.context.cookies(f"https://{host}/realms/government/")}

    def forget(self, host: str, name: str = "") -> None:
        """Remove the host's cookies whose name begins so."""
        self.context.clear_cookies(domain=host, name=re.compile(f"^{re.escape(name)}"))

    def value(self, host: str, name: str) -> str:
        """Return what the host's one cookie whose name begins so says."""
        (found,) = (cookie.get("value", "") for whole, cookie in self.cookies(host).items() if whole.startswith(name))
        return found

    def forge(self, host: str, name: str, value: str) -> None:
        """Change the value of the host's one cookie whose name begins so."""
        (whole,) = (found for found in self.cookies(host) if found.startswith(name))
        self.context.add_cookies(
            [{"name": whole, "value": value, "url": f"https://{host}/", "httpOnly": True, "sameSite": "Lax"}]
        )
        assert self.value(host, name) == value

    def close(self) -> None:
        """End it; nothing of it is kept."""
        self.context.close()

    def _complain(self, text: str) -> None:
        self.complaints.append(f"{self.page.url}: {text}")


def _is_of_a_page(response: Response) -> bool:
    return response.request.is_navigation_request() and not 300 <= response.status < 400


class Camera:
    """Takes the documentation's pictures, where somebody asked for them."""

    def __init__(self) -> None:
        wanted = os.environ.get(SCREENSHOTS)
        self._directory = Path(wanted) if wanted else None

    def take(self, page: Page, name: str, clip: FloatRect | None = None) -> None:
        """Keep the visible part of the page, or the clip of it, as NAME.png."""
        if self._directory is not None:
            self._directory.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=self._directory / f"{name}.png", scale="css", animations="disabled", clip=clip)
