"""The national exchange on the real API server and gateway: exactly the consented calls pass, and end by themselves."""

import base64
import json
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from components.estate.flows import State, flows, is_open
from components.estate.platform import Exchange
from components.manifests import exchange
from scripts.cluster.apply import apply
from scripts.cluster.connection import connect
from scripts.localcloud.window.reach import LOOPBACK, connected
from stacks.declaration import declaration
from tests.estate.halves import changed, without_consent, without_inquiry
from tests.window.conftest import Site

pytestmark = [pytest.mark.live, pytest.mark.login]

CONSUMER, PROVIDER, API = "ihio", "ncro", "person-status"
UNCONSENTED = "irica", "declaration-status"
SERVED_SECONDS = 30.0
UNSIGNED = b'{"alg": "none"}'
PART_BYTES = 32  # of an ES256 signature


class Answer(NamedTuple):
    """What came back; `told` is what the sample backend was asked, where it was asked."""

    status: int
    body: str

    @property
    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told


@pytest.fixture(scope="module")
def inner(site: Site) -> Exchange:
    chosen = site.estate.platform.spec.exchange
    assert chosen
    _until(lambda: _call(site, chosen, "/", None).status == 404)
    return chosen


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SERVED_SECONDS
    while True:
        try:
            if is_so():
                return
        except OSError:  # Envoy is not there yet, or has no certificate yet
            pass
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _call(site: Site, inner: Exchange, path: str, token: str | None, **headers: str) -> Answer:
    context = ssl.create_default_context(cafile=site.window.ca)
    bearer = {"authorization": f"Bearer {token}"} if token is not None else {}
    authority = f"{inner.host}:{inner.https_port}"
    with connected(authority, (LOOPBACK, site.window.exchange_port), context, 10) as connection:
        connection.request("GET", path, headers=bearer | headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.read().decode())


def _token(
    site: Site,
    agency: str,
    account: str = exchange.CLIENT,
    audience: str = exchange.AUDIENCE,
    environment: str = "production",
) -> str:
    path = f"/api/v1/namespaces/{agency}-{environment}/serviceaccounts/{account}/token"
    status, body = site.cluster.request("POST", path, {"spec": {"audiences": [audience], "expirationSeconds": 600}})
    assert status == 201, body
    token: str = body["status"]["token"]
    return token


def _path(provider: str, api: str) -> str:
    return f"/{provider}/{api}"


def test_a_consented_call_reaches_the_api_and_says_who_asks(site: Site, inner: Exchange) -> None:
    answer = _call(site, inner, f"{_path(PROVIDER, API)}/123?full=1", _token(site, CONSUMER))
    assert answer.status == 200
    assert (answer.told["namespace"], answer.told["app"]) == ("ncro-production", "person-api")
    assert answer.told["path"] == "/v1/person/123?full=1"
    assert answer.told["headers"][exchange.CONSUMER_HEADER] == "system:serviceaccount:ihio-production:exchange"


def test_no_token_goes_on_to_a_provider_and_nobody_names_himself(site: Site, inner: Exchange) -> None:
    headers = {exchange.CONSUMER_HEADER: "system:serviceaccount:moi-production:exchange"}
    answer = _call(site, inner, _path(PROVIDER, API), _token(site, CONSUMER), **headers)
    assert "authorization" not in answer.told["headers"]
    assert answer.told["headers"][exchange.CONSUMER_HEADER] == exchange.bearer(CONSUMER)


def test_every_open_flow_of_the_examples_passes_and_no_other(site: Site, inner: Exchange) -> None:
    found = [flow for flow in flows(site.estate) if not flow.is_direct]
    opened = {(f.consumer, f.provider, f.api) for f in found if is_open(site.estate, f)}
    tokens = {consumer: _token(site, consumer) for consumer in sorted({one[0] for one in opened})}
    apis = sorted({one[1:] for one in opened})
    assert len(opened) > 90
    passed = {
        (consumer, *api)
        for consumer, token in tokens.items()
        for api in apis
        if _call(site, inner, _path(*api), token).status == 200
    }
    assert passed == opened


@pytest.mark.parametrize("state", [State.WAITING_FOR_PROVIDER, State.EXPIRED, State.REFUSED])
def test_an_inquiry_that_is_not_answered_is_refused(site: Site, inner: Exchange, state: State) -> None:
    (flow,) = [flow for flow in flows(site.estate) if flow.state is state]
    assert _call(site, inner, _path(flow.provider, flow.api), _token(site, flow.consumer)).status in {403, 404}


def test_a_consent_that_nobody_asked_for_opens_nothing(site: Site, inner: Exchange) -> None:
    (flow,) = [flow for flow in flows(site.estate) if flow.state is State.WAITING_FOR_CONSUMER]
    assert _call(site, inner, _path(flow.provider, flow.api), _token(site, flow.consumer)).status == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (_path(*UNCONSENTED), 403),
        (_path(PROVIDER, "family-relations"), 403),
        (_path(PROVIDER, "another"), 404),
        (f"/{PROVIDER}", 404),
        ("/", 404),
        (f"{_path(PROVIDER, API)}x", 404),
        (f"{_path(PROVIDER, API)}/../family-relations", 403),
        (f"{_path(PROVIDER, API)}/..%2ffamily-relations", 400),
        (f"//{PROVIDER}//{API}/../family-relations", 403),
    ],
)
def test_another_api_is_refused(site: Site, inner: Exchange, path: str, status: int) -> None:
    assert _call(site, inner, path, _token(site, CONSUMER)).status == status


def test_a_token_of_another_account_environment_or_audience_is_refused(site: Site, inner: Exchange) -> None:
    path = _path(PROVIDER, API)
    assert _call(site, inner, path, None).status == 401
    assert _call(site, inner, path, _token(site, CONSUMER, account="default")).status == 403
    assert _call(site, inner, path, _token(site, CONSUMER, audience="another")).status == 403
    assert _call(site, inner, path, _token(site, CONSUMER, account="default", environment="staging")).status == 403


def test_a_forged_token_is_refused(site: Site, inner: Exchange) -> None:
    head, claims, signature = _token(site, CONSUMER).split(".")
    others = _token(site, UNCONSENTED[0]).split(".")
    key = ec.generate_private_key(ec.SECP256R1())
    forged = {
        "another's claims": f"{head}.{others[1]}.{signature}",
        "another key": f"{head}.{claims}.{_signed(key, f'{head}.{claims}')}",
        "no signature": f"{head}.{claims}.",
        "no algorithm": f"{_encoded(UNSIGNED)}.{claims}.",
        "no token": "abc",
    }
    for name, token in forged.items():
        assert _call(site, inner, _path(PROVIDER, API), token).status == 401, name


def _signed(key: ec.EllipticCurvePrivateKey, text: str) -> str:
    r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return _encoded(r.to_bytes(PART_BYTES) + s.to_bytes(PART_BYTES))


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def test_a_consent_ends_by_the_gateways_own_clock(site: Site, inner: Exchange) -> None:
    """Nobody runs anything when it ends."""
    token, path = _token(site, CONSUMER), _path(PROVIDER, API)
    place = f"/apis/gateway.envoyproxy.io/v1alpha1/namespaces/{inner.namespace}/securitypolicies/{PROVIDER}.{API}"
    _, before = site.cluster.request("GET", place)
    end = datetime.now(UTC) + timedelta(seconds=6)
    rules = [
        {**rule, "cel": f"request.time < timestamp('{end:%Y-%m-%dT%H:%M:%SZ}')"} if rule["name"] == CONSUMER else rule
        for rule in before["spec"]["authorization"]["rules"]
    ]
    try:
        _patch(site, place, rules)
        assert _call(site, inner, path, token).status == 200
        _until(lambda: datetime.now(UTC) > end)
        _until(lambda: _call(site, inner, path, token).status == 403)
        assert _call(site, inner, path, _token(site, "moe")).status == 200
    finally:
        own = [declaration(site.estate, PROVIDER)]
        assert apply(connect(site.cluster.kubeconfig), own, force_conflicts=True, progress=lambda _: None).is_good
    _until(lambda: _call(site, inner, path, token).status == 200)


def _patch(site: Site, place: str, rules: list[dict[str, Any]]) -> None:
    body = {"spec": {"authorization": {"rules": rules}}}
    status, said = site.cluster.request("PATCH", place, body, {"Content-Type": "application/merge-patch+json"})
    assert status == 200, said


@pytest.mark.parametrize("side", ["consumer", "provider"])
def test_a_half_that_is_taken_back_closes_the_flow(site: Site, inner: Exchange, side: str) -> None:
    token, path = _token(site, CONSUMER), _path(PROVIDER, API)
    (flow,) = [one for one in flows(site.estate) if one[:3] == (CONSUMER, PROVIDER, API)]
    owner, change = {"consumer": (CONSUMER, without_inquiry), "provider": (PROVIDER, without_consent)}[side]
    without = changed(site.estate, owner, change(flow))
    connection = connect(site.cluster.kubeconfig)
    try:
        assert apply(connection, [declaration(without, PROVIDER)], progress=lambda _: None).is_good
        _until(lambda: _call(site, inner, path, token).status == 403)
    finally:
        assert apply(connection, [declaration(site.estate, PROVIDER)], progress=lambda _: None).is_good
    _until(lambda: _call(site, inner, path, token).status == 200)
