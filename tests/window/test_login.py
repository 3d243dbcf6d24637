"""A person logs in to an agency's window, over HTTP, against the real gateway and the real national login."""

import base64
import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.window.conftest import PASSWORD, Site
from tests.window.person import Page, Person, read_form

pytestmark = [pytest.mark.live, pytest.mark.login]

IRICA, NCRO = "https://irica.gov.test/duties", "https://ncro.gov.test/births"
USER = "citizen"
SESSION_COOKIES = 5  # digest, expiry, access, id, refresh


@pytest.fixture
def person(site: Site) -> Person:
    return site.person()


@pytest.fixture
def visitor(person: Person) -> Person:
    """Somebody who has logged in to the first agency."""
    assert _log_in(person, IRICA).status == 200
    return person


def test_who_comes_is_sent_to_the_national_login_with_pkce(person: Person, site: Site) -> None:
    page = person.get(f"{IRICA}/forms?id=1")
    asked = parse_qs(urlsplit(page.location).query)

    assert page.status == 302
    assert page.location.startswith(f"{site.window.issuer}/protocol/openid-connect/auth?")
    assert asked["client_id"] == ["irica"]
    assert asked["redirect_uri"] == ["https://irica.gov.test/oauth2/callback"]
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["code_challenge"][0]) == 43  # 32 bytes in base64url
    assert "openid" in asked["scope"][0].split()
    assert all(cookie.secure and cookie.has_nonstandard_attr("HttpOnly") for cookie in person.cookies)


def test_login_leads_back_to_the_page_that_was_asked_for(person: Person) -> None:
    page = _log_in(person, f"{IRICA}/forms?id=1")
    told = json.loads(page.text)
    own = [cookie for cookie in person.cookies if cookie.domain == "irica.gov.test"]

    assert page.url == f"{IRICA}/forms?id=1"
    assert page.status == 200
    assert (told["namespace"], told["app"], told["path"]) == ("irica-production", "payments", "/duties/forms?id=1")
    assert len(own) == SESSION_COOKIES
    assert all(cookie.secure and cookie.has_nonstandard_attr("HttpOnly") for cookie in own)
    assert not any(cookie.domain_specified for cookie in own)  # of this host alone


def test_the_service_gets_its_own_cookies_and_no_token(visitor: Person) -> None:
    session = "; ".join(f"{c.name}={c.value}" for c in visitor.cookies if c.domain == "irica.gov.test")
    headers = json.loads(visitor.get(IRICA, {"Cookie": f"own=1; {session}"}).text)["headers"]

    assert "authorization" not in headers
    assert headers["cookie"] == "own=1"
    assert not [name for name in headers if "token" in name]


def test_a_service_learns_the_claims_of_its_windows_purposes_and_no_others(visitor: Person) -> None:
    spoofed = {"x-govcloud-claim-given-name": "نادرست".encode().decode("latin-1"), "x-govcloud-claim-email": "a@b.test"}
    headers = json.loads(visitor.get(IRICA, spoofed).text)["headers"]
    claims = {name: value for name, value in headers.items() if name.startswith("x-govcloud")}

    assert claims.keys() == {"x-govcloud-claim-given-name", "x-govcloud-claim-family-name"}
    assert claims["x-govcloud-claim-given-name"].encode("latin-1").decode() == "نمونه"


def test_a_second_agency_asks_for_no_second_password(visitor: Person) -> None:
    page = visitor.visit(NCRO)
    told = json.loads(page.text)

    assert (page.status, page.url) == (200, NCRO)
    assert told["namespace"] == "ncro-production"
    assert "irica" not in told["headers"].get("cookie", "")


def test_a_wrong_password_opens_nothing(person: Person) -> None:
    page = person.log_in(person.visit(IRICA), USER, "wrong")

    assert urlsplit(page.url).hostname == "login.gov.test"
    assert read_form(page).action
    assert not person.cookie("govcloud-access-irica")


def test_logout_ends_the_session_here_and_at_the_national_login(visitor: Person) -> None:
    page = visitor.get("https://irica.gov.test/logout")

    assert page.status == 302
    assert urlsplit(page.location).path.endswith("/protocol/openid-connect/logout")
    assert not [cookie.name for cookie in visitor.cookies if cookie.domain == "irica.gov.test"]
    visitor.visit(page.location)
    for home in (IRICA, NCRO):
        asked = visitor.visit(home)
        assert urlsplit(asked.url).hostname == "login.gov.test"
        assert read_form(asked).action


def test_a_forged_state_is_refused(person: Person) -> None:
    page = person.get(IRICA)
    state = parse_qs(urlsplit(page.location).query)["state"][0]
    content = json.loads(base64.urlsafe_b64decode(state + "=" * (-len(state) % 4)))
    foreign = content | {"url": "https://foreign.test/"}
    unsigned = content | {"csrf_token": "0" * 16 + ".forged"}

    for forged in (foreign, unsigned):
        text = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode().rstrip("=")
        answer = person.get(f"https://irica.gov.test/oauth2/callback?{urlencode({'code': 'x', 'state': text})}")
        assert 400 <= answer.status < 500, answer
    assert not person.cookie("govcloud-access-irica")


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.test/", "https://irica.gov.test.evil.test/", "https://irica.gov.test:443@evil.test/",
     "https://irica.gov.test\\@evil.test/", "//evil.test/", "http://irica.gov.test/duties", "https://ncro.gov.test/"],
)  # fmt: skip
def test_a_login_leads_back_to_its_own_host_only(person: Person, elsewhere: str) -> None:
    """Everything is genuine but the address in `state`, which Envoy does not sign."""
    begun = person.get(IRICA)
    form = read_form(person.visit(begun.location))
    back = person.post(form.action, form.fields | {"username": USER, "password": PASSWORD})
    parts = urlsplit(back.location)
    query = parse_qs(parts.query)
    state = query["state"][0]
    content = json.loads(base64.urlsafe_b64decode(state + "=" * (-len(state) % 4))) | {"url": elsewhere}
    query["state"] = [base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")]
    page = person.get(parts._replace(query=urlencode(query, doseq=True)).geturl())

    assert 400 <= page.status < 500
    assert not page.headers["Location"]
    assert not person.cookie("OauthHMAC")


def test_a_state_of_another_browser_is_refused(site: Site, person: Person) -> None:
    begun = person.get(IRICA)
    form = read_form(person.visit(begun.location))
    back = person.post(form.action, form.fields | {"username": USER, "password": PASSWORD})
    stranger = site.person()

    assert back.location.startswith("https://irica.gov.test/oauth2/callback?")
    assert 400 <= stranger.get(back.location).status < 500
    assert not stranger.cookie("govcloud-access-irica")


@pytest.mark.parametrize("name", ["OauthHMAC", "govcloud-access-irica", "OauthExpires"])
def test_a_forged_cookie_is_no_session(visitor: Person, name: str) -> None:
    """At best it is replaced, by the refresh token, which was not forged."""
    assert not visitor.get(IRICA).headers.get_all("Set-Cookie")
    cookie = visitor.cookie(name)
    assert cookie
    cookie.value = "9999999999" if name == "OauthExpires" else "forged"
    page = visitor.get(IRICA)

    assert page.status == 302 or page.headers.get_all("Set-Cookie")
    assert not [cookie for cookie in visitor.cookies if cookie.value in {"forged", "9999999999"}]


def test_a_forged_refresh_token_is_none(visitor: Person) -> None:
    for name in ("OauthHMAC", "RefreshToken"):
        cookie = visitor.cookie(name)
        assert cookie
        cookie.value = "forged"

    assert visitor.get(IRICA).status == 302


def test_a_session_of_one_agency_is_none_at_another(visitor: Person) -> None:
    own = "; ".join(f"{c.name}={c.value}" for c in visitor.cookies if c.domain == "irica.gov.test")
    page = visitor.get(NCRO, {"Cookie": own})

    assert page.status == 302
    assert "client_id=ncro" in page.location


def test_a_connection_to_one_agency_reaches_no_other(visitor: Person) -> None:
    page = visitor.get(IRICA, {"Host": "ncro.gov.test"})

    assert page.status in {302, 404, 421}
    assert "ncro-production" not in page.text


def test_plain_http_only_sends_to_https(person: Person) -> None:
    page = person.get("http://irica.gov.test/duties?a=b")

    assert (page.status, page.location) == (301, "https://irica.gov.test/duties?a=b")


def _log_in(person: Person, url: str) -> Page:
    return person.log_in(person.visit(url), USER, PASSWORD)
