"""Opening windows without a window: who is asked, and the one mend."""

from pathlib import Path
from typing import Any

import pytest

from components.estate import loader
from scripts.localcloud.window import opening


class _Cloud:
    """A cloud whose windows stay silent until Envoy is started anew."""

    window = type("Window", (), {"ca": None})()

    def __init__(self) -> None:
        self.restarts = 0

    def restart_envoy(self) -> None:
        self.restarts += 1


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> _Cloud:
    cloud = _Cloud()
    monkeypatch.setattr(opening, "FIRST_SECONDS", 0.05)
    monkeypatch.setattr(opening, "SERVED_SECONDS", 0.05)
    monkeypatch.setattr(opening, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(opening, "_asks", lambda _w, _c, url, _n: "good" in url or (cloud.restarts and "slow" in url))
    return cloud


@pytest.mark.parametrize(
    ("urls", "restarts", "left"),
    [
        ({"a": "https://good.test/"}, 0, []),
        ({"a": "https://good.test/", "b": "https://slow.test/"}, 1, []),
        ({"a": "https://dead.test/", "b": "https://slow.test/"}, 1, ["https://dead.test/"]),
        ({}, 0, []),
    ],
)
def test_envoy_is_started_anew_once_where_a_window_stays_silent(
    cloud: Any, urls: dict[str, str], restarts: int, left: list[str]
) -> None:
    assert opening.wait_until_asked(cloud, urls) == left
    assert cloud.restarts == restarts


def test_an_entrance_is_a_service_behind_the_login() -> None:
    estate = loader.load(Path(__file__).parents[2]).estate
    assert estate
    found = opening.entrances(estate)
    login = {
        service.window.path
        for agency in estate.agencies
        for service in agency.profile.spec.services
        if service.window and service.access.policy == "login"
    }
    assert "ngschools" not in found
    assert found["irica"] == "https://irica.gov.test/advance-ruling"
    for url in found.values():
        assert f"/{url.split('/', 3)[3]}" in login
