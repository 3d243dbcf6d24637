"""Nothing is open by accident: every host and path of the running gateway is asked."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from scripts.cluster.apply import apply
from scripts.cluster.connection import connect
from stacks.declaration import declaration
from tests.window.conftest import Site
from tests.window.crawl import approved, open_without_reason
from tests.window.wire import get

pytestmark = [pytest.mark.live, pytest.mark.login]

REACT_SECONDS = 60
OPEN = {"authorization": {"defaultAction": "Allow"}}


def test_every_place_asks_for_the_login_or_is_public_for_a_reason(site: Site) -> None:
    assert open_without_reason(site) == []


def test_what_is_public_is_open(site: Site) -> None:
    for place in approved(site.estate):
        status = get(site.window, place.path, host=place.host, sni=place.host).status
        assert status in {200, 302}, place


def test_a_removed_policy_is_found(site: Site) -> None:
    policy = "/apis/gateway.envoyproxy.io/v1alpha1/namespaces/govcloud-gateway/securitypolicies/post"
    assert site.cluster.request("DELETE", policy)[0] == 200
    try:
        found = _wait_for(lambda: open_without_reason(site))
    finally:
        _mend(site, "post")
    assert found
    assert {place.host for place in found} == {"post.gov.test"}
    assert _wait_for(lambda: not open_without_reason(site)), "mended by apply"


def test_a_foreign_policy_on_a_route_is_found(site: Site) -> None:
    """What whoever may write policies beside a route could do: nobody in a tenant may."""
    policy: dict[str, Any] = {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "SecurityPolicy",
        "metadata": {"name": "foreign", "namespace": "post-production"},
        "spec": {"targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "post-window-1"}]}
        | OPEN,
    }
    path = "/apis/gateway.envoyproxy.io/v1alpha1/namespaces/post-production/securitypolicies"
    assert site.cluster.request("POST", path, policy)[0] == 201
    try:
        found = _wait_for(lambda: open_without_reason(site))
    finally:
        assert site.cluster.request("DELETE", f"{path}/foreign")[0] == 200
    assert found
    assert {place.host for place in found} == {"post.gov.test"}
    assert _wait_for(lambda: not open_without_reason(site))


def _wait_for(look: Callable[[], Any]) -> Any:
    """Look until there is something, as long as the gateway may take to notice."""
    deadline = time.monotonic() + REACT_SECONDS
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def _mend(site: Site, owner: str) -> None:
    report = apply(connect(site.cluster.kubeconfig), [declaration(site.estate, owner)], progress=lambda _: None)
    assert report.is_good
