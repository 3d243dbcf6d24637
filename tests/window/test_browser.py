"""People at a real browser: what Chromium does with the windows, the national login and the national window."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Error, Locator, expect

from components.estate.estate import Estate
from components.estate.persian import normalise
from scripts.report import portal_words as words
from tests.window import browser as chromium
from tests.window.browser import VIEW, Camera, Profile
from tests.window.conftest import PASSWORD, Site

pytestmark = [
    pytest.mark.live,
    pytest.mark.browser,
    pytest.mark.skipif(not chromium.program(), reason="no Chromium on PATH: apt install chromium"),
]

IRICA, NCRO = "https://irica.gov.test/duties", "https://ncro.gov.test/births"
LOGOUT, CALLBACK = "https://irica.gov.test/logout", "https://irica.gov.test/oauth2/callback"
PORTAL = "https://window.gov.test/"
SESSION_COOKIES = 5  # digest, expiry, access, id, refresh
EVIL = "evil.test"
MEBI = 1 << 20

SPEAK = """url => new Promise((resolve, reject) => {
  const socket = new WebSocket(url);
  socket.onopen = () => socket.send("سلام");
  socket.onmessage = event => { resolve(event.data); socket.close(); };
  socket.onerror = () => reject(new Error("refused"));
})"""
UPLOAD = "([url, size]) => fetch(url, {method: 'POST', body: new Uint8Array(size)}).then(answer => answer.status)"


@pytest.fixture(scope="module")
def browser(site: Site) -> Iterator[Browser]:
    """One Chromium; of this module, for Playwright's event loop would be in other tests' way."""
    with chromium.chromium(site.window.browser_arguments) as started:
        yield started


@pytest.fixture
def new_profile(browser: Browser) -> Iterator[Callable[[], Profile]]:
    profiles: list[Profile] = []

    def make() -> Profile:
        profiles.append(Profile(browser))
        return profiles[-1]

    yield make
    for profile in profiles:
        profile.close()


@pytest.fixture
def person(new_profile: Callable[[], Profile]) -> Profile:
    """Somebody new, whom no host knows."""
    return new_profile()


@pytest.fixture
def visitor(person: Profile) -> Profile:
    """Somebody who has logged in to the first agency."""
    assert _enter(person, IRICA) == 200
    return person


@pytest.fixture
def reader(person: Profile) -> Iterator[Profile]:
    """Somebody new at the national window, whose browser finds nothing wrong with it."""
    assert person.visit(PORTAL) == 200
    yield person
    assert not person.complaints


@pytest.fixture
def camera() -> Camera:
    return Camera()


# Logging in


def test_login_leads_back_to_the_page_that_was_asked_for(person: Profile, camera: Camera) -> None:
    person.visit(IRICA)
    assert person.is_asked_for_a_password
    expect(person.page.locator("html")).to_have_attribute("dir", "rtl")
    camera.take(person.page, "login", {"x": 250, "y": 130, "width": 600, "height": 480})

    assert (person.log_in("citizen", PASSWORD), person.page.url) == (200, IRICA)
    expect(person.page.get_by_role("heading", name="خدمت «payments»")).to_be_visible()
    expect(person.page.get_by_role("heading", name="Service “payments”")).to_be_visible()
    camera.take(person.page, "service", {"x": 0, "y": 0, "width": 1100, "height": 320})


def test_the_session_is_of_this_host_and_out_of_reach_of_scripts(visitor: Profile) -> None:
    cookies = visitor.cookies("irica.gov.test").values()

    assert len(cookies) == SESSION_COOKIES
    assert {cookie.get("domain") for cookie in cookies} == {"irica.gov.test"}  # no dot before it: of no other host
    assert all(cookie.get("secure") and cookie.get("httpOnly") for cookie in cookies)
    assert {cookie.get("sameSite") for cookie in cookies} == {"Lax"}
    assert visitor.page.evaluate("document.cookie") == ""


@pytest.mark.parametrize("path", ["/duties/فرم?نام=زهرا", "/duties/a%2Bb?from=%2Fx%3Fy%3D1&to=c+d&empty="])
def test_a_deep_link_survives_the_login(person: Profile, path: str) -> None:
    target = quote(path, safe="/?=&%+")
    assert _enter(person, f"https://irica.gov.test{path}") == 200
    told = person.page.evaluate("fetch(location.href).then(answer => answer.json())")

    assert person.page.url == f"https://irica.gov.test{target}"
    assert told["path"] == target


def test_plain_http_is_sent_to_https_and_its_login(person: Profile) -> None:
    first = person.open("http://irica.gov.test/duties").request
    chain = [first]
    while before := chain[-1].redirected_from:
        chain.append(before)
    plain, secure = chain[-1], chain[-2]

    answer = plain.response()
    assert answer
    assert (plain.url, answer.status, secure.url) == ("http://irica.gov.test/duties", 301, IRICA)
    assert person.is_asked_for_a_password


def test_a_wrong_password_shows_the_form_again_and_opens_nothing(person: Profile) -> None:
    _enter(person, IRICA, "citizen", "wrong")

    assert person.is_asked_for_a_password
    expect(person.page.locator("#username")).to_have_attribute("aria-invalid", "true")
    assert not [name for name in person.cookies("irica.gov.test") if name.startswith("govcloud-")]
    person.visit(IRICA)
    assert person.is_asked_for_a_password


def test_a_browser_that_does_not_know_the_authority_opens_nothing(browser: Browser, site: Site) -> None:
    hosts = [argument for argument in site.window.browser_arguments if "certificate" not in argument]
    with chromium.launched(browser.browser_type, hosts) as other:
        stranger = Profile(other)
        with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
            stranger.visit(IRICA)


# Sessions


def test_a_second_agency_asks_for_no_second_password(visitor: Profile) -> None:
    assert (visitor.visit(NCRO), visitor.page.url) == (200, NCRO)
    assert f"{visitor.page.text_content('body')}".count("ncro-production") == 2


def test_the_session_of_one_agency_is_never_shown_to_another(visitor: Profile) -> None:
    theirs = visitor.cookies("irica.gov.test")
    visitor.visit(NCRO)
    asked = visitor.open(NCRO).request
    sent = dict(one.split("=", 1) for one in asked.all_headers()["cookie"].split("; "))

    assert sent.keys() == visitor.cookies("ncro.gov.test").keys()
    assert len(sent) == SESSION_COOKIES
    assert not sent.keys() & theirs.keys()


def test_without_one_agencys_cookies_the_session_at_another_goes_on(visitor: Profile) -> None:
    visitor.visit(NCRO)
    for host in ("irica.gov.test", "login.gov.test"):
        visitor.forget(host)

    assert (visitor.visit(NCRO), visitor.page.url) == (200, NCRO)
    visitor.visit(IRICA)
    assert visitor.is_asked_for_a_password


@pytest.mark.parametrize("name", ["govcloud-access-irica", "govcloud-id-irica", "OauthHMAC", "OauthExpires"])
def test_a_forged_cookie_is_never_taken(visitor: Profile, name: str) -> None:
    """The gateway notices, and asks the national login for a new session with the token that is genuine still."""
    forged = "4102444800" if name == "OauthExpires" else "forged"
    before = visitor.value("irica.gov.test", "OauthHMAC")
    visitor.forge("irica.gov.test", name, forged)

    assert (visitor.visit(IRICA), visitor.page.url) == (200, IRICA)
    assert visitor.value("irica.gov.test", name) != forged
    assert visitor.value("irica.gov.test", "OauthHMAC") != before


def test_a_session_without_its_refresh_token_is_none(visitor: Profile) -> None:
    """The digest is of that token too."""
    visitor.forget("login.gov.test")
    visitor.forget("irica.gov.test", "RefreshToken")
    visitor.visit(IRICA)

    assert visitor.is_asked_for_a_password


@pytest.mark.parametrize("name", ["RefreshToken", "govcloud-access-irica"])
def test_a_forged_session_leads_to_the_login(visitor: Profile, name: str) -> None:
    visitor.forget("login.gov.test")
    assert (visitor.visit(IRICA), visitor.page.url) == (200, IRICA)
    visitor.forge("irica.gov.test", "RefreshToken", "forged")
    visitor.forge("irica.gov.test", name, "forged")
    visitor.visit(IRICA)

    assert visitor.is_asked_for_a_password


# Logging out


def test_logout_ends_the_session_everywhere_and_leads_to_the_national_window(visitor: Profile) -> None:
    visitor.visit(NCRO)

    assert (visitor.visit(LOGOUT), visitor.host) == (200, "window.gov.test")
    assert not visitor.cookies("irica.gov.test")
    visitor.visit(IRICA)
    assert visitor.is_asked_for_a_password


def test_the_back_button_shows_nothing_after_logout(visitor: Profile) -> None:
    visitor.visit(LOGOUT)
    visitor.go_back()

    assert _shows_the_login_instead(visitor)


def test_the_back_button_shows_no_page_that_the_browser_kept_whole(browser: Browser, site: Site) -> None:
    """But the last one: the browser keeps that after it was told to keep nothing, and only the page could say no."""
    with chromium.launched(browser.browser_type, site.window.browser_arguments, keeps_pages=True) as other:
        person = Profile(other)
        _enter(person, IRICA)
        person.visit(PORTAL)
        person.visit(LOGOUT)
        person.go_back()
        assert person.page.url == PORTAL
        person.go_back()

        assert _shows_the_login_instead(person)


# Who may enter


@pytest.mark.parametrize(
    ("user", "url", "status"),
    [
        ("citizen", "https://irica.gov.test/broker-desk", 403),
        ("broker", "https://irica.gov.test/broker-desk", 200),
        ("ended", "https://tamin.gov.test/my-record", 403),
        ("citizen", "https://tamin.gov.test/my-record", 200),
        ("licensed", "https://irica.gov.test/declaration-status", 200),
        ("licensed", IRICA, 403),
    ],
)
def test_who_may_enter_where(person: Profile, user: str, url: str, status: int) -> None:
    assert (_enter(person, url, user), person.page.url) == (status, url)
    expect(person.page.get_by_role("heading", name="خدمت")).to_have_count(1 if status == 200 else 0)


# Forged answers of the login


def test_a_state_with_a_foreign_address_leads_nowhere(person: Profile) -> None:
    """The code is genuine, and so is the token against forgery: only the address in between is another."""
    person.context.route(f"https://{EVIL}/**", lambda route: route.fulfill(body="evil"))
    person.visit(IRICA)
    person.visit(_with_state(person.page.url, url=f"https://{EVIL}/duties"))
    status = person.log_in("citizen", PASSWORD)

    assert EVIL not in person.asked_hosts
    assert 400 <= status < 500


def test_a_state_with_a_forged_token_leads_nowhere(person: Profile) -> None:
    person.visit(IRICA)
    person.visit(_with_state(person.page.url, csrf_token="0" * 16 + ".forged"))

    assert 400 <= person.log_in("citizen", PASSWORD) < 500
    assert not [name for name in person.cookies("irica.gov.test") if name.startswith("govcloud-")]


def test_an_answer_to_somebody_else_is_refused(visitor: Profile, new_profile: Callable[[], Profile]) -> None:
    (answer,) = (url for url in visitor.asked if url.startswith(CALLBACK))
    stranger = new_profile()

    assert 400 <= stranger.visit(answer) < 500
    assert not stranger.cookies("irica.gov.test")


@pytest.mark.parametrize(("endpoint", "parameter"), [("auth", "redirect_uri"), ("logout", "post_logout_redirect_uri")])
def test_the_national_login_sends_to_no_foreign_host(
    visitor: Profile, site: Site, endpoint: str, parameter: str
) -> None:
    query = {"client_id": "irica", "response_type": "code", "scope": "openid", parameter: f"https://{EVIL}/"}

    assert visitor.visit(f"{site.window.issuer}/protocol/openid-connect/{endpoint}?{urlencode(query)}") == 400
    expect(visitor.page.locator("#kc-error-message")).to_be_visible()
    assert EVIL not in visitor.asked_hosts


# What a page may do


def test_a_websocket_opens_where_the_profile_says_so_and_nowhere_else(person: Profile, site: Site) -> None:
    url = _speaking(site.estate)
    assert _enter(person, url) == 200
    assert person.page.evaluate(SPEAK, url.replace("https:", "wss:")) == "سلام"

    assert person.visit(IRICA) == 200
    with pytest.raises(Error, match="refused"):
        person.page.evaluate(SPEAK, IRICA.replace("https:", "wss:"))


@pytest.mark.parametrize(("mebibytes", "status"), [(9, 200), (11, 413)])
def test_an_upload_is_as_large_as_the_profile_says(visitor: Profile, mebibytes: int, status: int) -> None:
    assert visitor.page.evaluate(UPLOAD, [IRICA, mebibytes * MEBI]) == status


# The national window


def test_the_national_window_is_persian_and_from_right_to_left(reader: Profile, camera: Camera) -> None:
    expect(reader.page.locator("html")).to_have_attribute("dir", "rtl")
    expect(reader.page.locator("html")).to_have_attribute("lang", "fa")
    expect(reader.page.get_by_role("heading", level=1)).to_have_text(words.TITLE.fa)
    camera.take(reader.page, "portal-fa")


def test_a_search_filters_the_services_and_says_how_many_it_found(reader: Profile, camera: Camera) -> None:
    rows = _rows(reader)
    every = rows.count()
    _search(reader, "گمرک")

    expect(rows).not_to_have_count(every)
    found = rows.count()
    assert found
    expect(_count(reader)).to_contain_text(f"{words.number(found, 'fa')} خدمت از {words.number(every, 'fa')}")
    expect(reader.page.locator("#agency-ncro")).to_be_hidden()
    camera.take(reader.page, "portal-search")

    _search(reader, "زززز")
    expect(_count(reader)).to_have_text(words.NONE_FOUND.fa)
    expect(rows).to_have_count(0)
    _search(reader, "")
    expect(rows).to_have_count(every)


@pytest.mark.parametrize(("persian", "arabic"), [("پزشکی", "پزشكي"), ("۱۲", "١٢"), ("شرکت", "شركت")])
def test_arabic_letters_and_digits_find_persian_ones(reader: Profile, persian: str, arabic: str) -> None:
    _search(reader, persian)
    said = _count(reader).text_content()
    found = _rows(reader).all_text_contents()
    assert all(normalise(persian) in normalise(row) for row in found[:1])
    _search(reader, "")
    _search(reader, arabic)

    expect(_count(reader)).to_have_text(f"{said}")
    assert _rows(reader).all_text_contents() == found != []


def test_the_language_link_takes_the_search_along(reader: Profile, camera: Camera) -> None:
    _search(reader, "گمرک")
    found = _rows(reader).count()
    reader.page.get_by_role("link", name="English").click()

    expect(reader.page.locator("html")).to_have_attribute("dir", "ltr")
    expect(reader.page.get_by_role("heading", level=1)).to_have_text(words.TITLE.en)
    expect(reader.page.get_by_label(words.SEARCH.en)).to_have_value("گمرک")
    expect(_rows(reader)).to_have_count(found)
    expect(_count(reader)).to_contain_text(f"{found} of ")

    reader.visit(f"{PORTAL}en.html")
    camera.take(reader.page, "portal-en")


def test_a_service_in_the_list_is_one_login_away(reader: Profile, site: Site) -> None:
    link = reader.page.locator(f"a[href='{IRICA}']")
    link.click()
    expect(reader.page.locator("#password")).to_be_visible()

    assert reader.page.url.startswith(f"{site.window.issuer}/protocol/openid-connect/auth?client_id=irica&")
    assert (reader.log_in("citizen", PASSWORD), reader.page.url) == (200, IRICA)


def test_the_bare_host_leads_to_the_agencys_part_of_the_list(reader: Profile) -> None:
    assert (reader.visit("https://irica.gov.test/"), reader.page.url) == (200, f"{PORTAL}?agency=irica")
    agencies = [f"{section.get_attribute('id')}" for section in reader.page.locator("section[id^=agency-]").all()]
    for agency in agencies[::3]:
        reader.visit(f"{PORTAL}?agency={agency.removeprefix('agency-')}")
        reader.settle()
        box = reader.page.locator(f"#{agency} h2").bounding_box()
        above = reader.page.get_by_role("search").bounding_box()
        assert box
        assert above
        assert above["y"] + above["height"] <= box["y"] < VIEW["height"] / 2, agency  # beneath the search, which stays


def _enter(person: Profile, url: str, user: str = "citizen", password: str = PASSWORD) -> int:
    """Open the address, log in where it asks for that, and return the status of the page shown then."""
    person.visit(url)
    return person.log_in(user, password)


def _shows_the_login_instead(person: Profile) -> bool:
    password = person.page.locator("#password")
    expect(password.or_(person.page.get_by_role("heading", name="خدمت"))).to_be_visible()
    return person.is_asked_for_a_password


def _with_state(asked: str, **changes: str) -> str:
    """Return the address of the login with something else in its `state`."""
    parts = urlsplit(asked)
    query = dict(parse_qsl(parts.query))
    state = json.loads(base64.urlsafe_b64decode(query["state"] + "=" * (-len(query["state"]) % 4)))
    assert state.keys() >= changes.keys()
    forged = base64.urlsafe_b64encode(json.dumps(state | changes).encode()).decode().rstrip("=")
    return parts._replace(query=urlencode(query | {"state": forged})).geturl()


def _speaking(estate: Estate) -> str:
    """Return the address of a service that takes WebSockets and asks for a login."""
    return next(
        f"https://{agency.profile.spec.window.host}{service.window.path}"
        for agency in estate.agencies
        for service in agency.profile.spec.services
        if agency.profile.spec.window and service.window and service.window.offered_in == "own"
        if service.access.policy == "login" and service.backend and service.backend.web_socket
    )


def _rows(reader: Profile) -> Locator:
    return reader.page.locator("section:not(#missing) li:not([hidden])")


def _count(reader: Profile) -> Locator:
    return reader.page.get_by_role("status")


def _search(reader: Profile, text: str) -> None:
    """Type it into the field and wait until the page has searched: it writes the query into its address then."""
    reader.page.get_by_role("searchbox").fill(text)
    wanted = f"#q={quote(text, safe='')}" if text else ""
    reader.page.wait_for_url(re.compile(f"{re.escape(wanted)}$" if wanted else "^[^#]*$"))
