"""Opens the embedded windows of an estate: their secrets, sample backends, and the realm of the national login.

What stands in a cluster beside the manifests, and comes from elsewhere in production: certificates, OIDC client
secrets, the cluster's own keys, pods, people.
"""

import ssl
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPException
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from components.estate.estate import Estate, production
from components.estate.flows import flows, is_open
from components.manifests import exchange, login, national_window, network
from components.manifests.gateway import certificate_secret
from components.manifests.realm import realm
from components.manifests.window import open_window
from scripts.localcloud.cloud import LocalCloud
from scripts.localcloud.window.objects import WindowSecrets
from scripts.localcloud.window.reach import LOOPBACK, Window, connected

FIRST_SECONDS: Final = 60.0
SERVED_SECONDS: Final = 120.0
REQUEST_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.5
_ACCOUNT: Final = "person"


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who can log in at the embedded national login; synthetic, as everything there."""

    username: str
    password: str
    groups: tuple[str, ...] = ()

    def account(self) -> dict[str, Any]:
        """Return the user as Keycloak imports it."""
        names = {"firstName": "نمونه", "lastName": "آزمایشی", "email": f"{self.username}@people.test"}
        password = {"type": "password", "value": self.password, "temporary": False}
        account = {"username": self.username, "enabled": True, "emailVerified": True, **names}
        return account | {"groups": list(self.groups), "credentials": [password]}


def open_windows(cloud: LocalCloud, estate: Estate, people: Sequence[Person], portal: Mapping[str, bytes]) -> None:
    """Put on the embedded cloud what its windows need beside the manifests, which are applied already.

    Args:
        cloud: Up, with its window.
        estate: As it was applied.
        people: Who can log in.
        portal: The pages of the national window, by file name.

    Raises:
        LocalCloudError: It cannot be; the message says why and what to do.
    """
    platform = estate.platform.spec
    windows = {a.id: (a, chosen) for a in estate.agencies if (chosen := open_window(a)) is not None}
    wanted = {
        name: WindowSecrets(
            host=chosen.host,
            certificate=certificate_secret(name, chosen.certificate_ref),
            client=login.client_secret(name, chosen.sso.client_secret_ref),
        )
        for name, (_, chosen) in windows.items()
    }
    backends = {
        production(agency.id): [
            *dict.fromkeys((*network.window_backends(agency.profile.spec.services), *exchange.backends(estate, agency)))
        ]
        for agency in estate.agencies
        if agency.has_production
    }
    if (shared := platform.national_window) is not None:
        name = national_window.NAME
        wanted[name] = WindowSecrets(host=shared.host, certificate=certificate_secret(name), client=None)
        backends[shared.namespace] = [(shared.app, shared.port)]
        cloud.provision_pages({(shared.namespace, shared.app): portal})
    if (inner := platform.exchange) is not None:
        certificate = WindowSecrets(host=inner.host, certificate=certificate_secret(inner.name), client=None)
        cloud.provision_secrets(inner.namespace, {inner.name: certificate})
        cloud.provision_keys(inner.namespace, exchange.KEYS)
    secrets = cloud.provision_secrets(platform.gateway.namespace, wanted)
    cloud.provision_backends(backends)
    by_client = {login.client_id(*windows[name]): secret for name, secret in secrets.items()}
    cloud.import_realm(_with_secrets(realm(estate), by_client, people))


def entrances(estate: Estate) -> dict[str, str]:
    """Return one address in each window that nobody sees without the national login, by the window's client.

    A window in which no service asks for one has none.
    """
    inside: dict[str, list[str]] = defaultdict(list)
    for agency in estate.agencies:
        for service in agency.profile.spec.services:
            owner = agency.window_of(service)
            if owner is not None and service.window is not None and service.access.policy == "login":
                inside[owner].append(service.window.path)
    windows = ((agency, window) for agency in estate.agencies if (window := open_window(agency)) is not None)
    return {
        login.client_id(agency, window): f"{estate.platform.home(window.host)}{min(paths).removeprefix('/')}"
        for agency, window in windows
        if (paths := inside[agency.id])
    }


def wait_until_asked(cloud: LocalCloud, urls: Mapping[str, str]) -> list[str]:
    """Wait until each address sends to the national login as its own client; return those that still do not.

    Envoy is started anew once where some stay silent: on a busy machine Envoy Gateway 1.9 sometimes never answers
    when Envoy asks for the certificates of listeners that came together with them, and asks nobody again.

    Args:
        cloud: Up, with its windows open.
        urls: An address for each client.
    """
    left = _left_after(cloud, urls, FIRST_SECONDS)
    if left:
        cloud.restart_envoy()
        left = _left_after(cloud, left, SERVED_SECONDS)
    return sorted(left.values())


def exchange_address(estate: Estate) -> str | None:
    """Return where an API is called that some agency may call through the exchange; None where there is none."""
    chosen = estate.platform.spec.exchange
    opened = (flow for flow in flows(estate) if is_open(estate, flow) and not flow.is_direct)
    flow = next(opened, None)
    return exchange.address(chosen, flow.provider, flow.api) if chosen is not None and flow is not None else None


def wait_until_refused(cloud: LocalCloud, url: str) -> bool:
    """Wait until the exchange refuses whoever brings no token to this address; return whether it does.

    Envoy is started anew once where it does not, as in `wait_until_asked`.
    """
    if _is_refused_within(cloud, url, FIRST_SECONDS):
        return True
    cloud.restart_envoy()
    return _is_refused_within(cloud, url, SERVED_SECONDS)


def _is_refused_within(cloud: LocalCloud, url: str, seconds: float) -> bool:
    window = cloud.window
    if window is None:
        return False
    context = ssl.create_default_context(cafile=window.ca)
    parts, deadline = urlsplit(url), time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(OSError, HTTPException):
            address = (LOOPBACK, window.exchange_port)
            with connected(parts.netloc, address, context, REQUEST_SECONDS) as connection:
                connection.request("GET", parts.path)
                if connection.getresponse().status == HTTPStatus.UNAUTHORIZED:
                    return True
        time.sleep(POLL_SECONDS)
    return False


def _left_after(cloud: LocalCloud, urls: Mapping[str, str], seconds: float) -> dict[str, str]:
    window = cloud.window
    if window is None:
        return dict(urls)
    context = ssl.create_default_context(cafile=window.ca)
    left, deadline = dict(urls), time.monotonic() + seconds
    while left and time.monotonic() < deadline:
        left = {client: url for client, url in left.items() if not _asks(window, context, url, client)}
        if left:
            time.sleep(POLL_SECONDS)
    return left


def _asks(window: Window, context: ssl.SSLContext, url: str, client: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        with connected(host, (LOOPBACK, window.https_port), context, REQUEST_SECONDS) as connection:
            connection.request("GET", parts.path)
            answer = connection.getresponse()
    except (OSError, HTTPException):
        return False
    to = urlsplit(answer.headers["Location"] or "")
    is_login = f"{to.scheme}://{to.netloc}{to.path}".startswith(f"{window.issuer}/")
    return answer.status == HTTPStatus.FOUND and is_login and parse_qs(to.query).get("client_id") == [client]


def sample_person(cloud: LocalCloud, groups: Sequence[str]) -> Person:
    """Return the one person who can log in after `make up`; the password is made once and kept."""
    return Person(username="sample", password=cloud.remembered_secret(_ACCOUNT), groups=tuple(groups))


def _with_secrets(body: dict[str, Any], secrets: Mapping[str, str], people: Sequence[Person]) -> dict[str, Any]:
    clients = [client | {"secret": secrets[client["clientId"]]} for client in body["clients"]]
    people_see = {
        "displayName": "درگاه ملی ورود",
        "internationalizationEnabled": True,
        "supportedLocales": ["fa", "en"],
        "defaultLocale": "fa",
    }
    return body | people_see | {"clients": clients, "users": [person.account() for person in people]}
