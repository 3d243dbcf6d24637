"""`govcloud cloud sso`: the realm on stdout, and what a live login must offer."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.estate import loader
from components.estate.estate import Estate
from scripts.cli import main
from scripts.discovery import differences
from scripts.report.realm import realm_file

ISSUER = "https://login.gov.test/realms/government"
GOOD: dict[str, Any] = {
    "issuer": ISSUER,
    "jwks_uri": f"{ISSUER}/protocol/openid-connect/certs",
    "authorization_endpoint": f"{ISSUER}/protocol/openid-connect/auth",
    "token_endpoint": f"{ISSUER}/protocol/openid-connect/token",
    "end_session_endpoint": f"{ISSUER}/protocol/openid-connect/logout",
    "response_types_supported": ["code", "none"],
    "code_challenge_methods_supported": ["plain", "S256"],
    "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    "scopes_supported": ["openid"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256"],
}


@pytest.fixture(scope="module")
def estate() -> Estate:
    estate = loader.load(Path(__file__).parents[2]).estate
    assert estate
    return estate


def test_a_login_that_fits_has_no_differences(estate: Estate) -> None:
    assert list(differences(estate.platform, GOOD)) == []


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("value", ["http://elsewhere.test/", ["other"], None, 1])
def test_each_difference_is_told_with_what_was_found(estate: Estate, name: str, value: object) -> None:
    (told,) = differences(estate.platform, GOOD | {name: value})
    assert told.startswith(f"{name}: {value!r} is there")


@pytest.mark.parametrize("name", GOOD)
def test_what_is_missing_is_a_difference(estate: Estate, name: str) -> None:
    (told,) = differences(estate.platform, {key: value for key, value in GOOD.items() if key != name})
    assert told.startswith(f"{name}: None")


def test_the_realm_is_printed_as_it_is_rendered(
    estate: Estate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cloud", "sso"]) == 0
    printed = capsys.readouterr().out
    assert printed == realm_file(estate)[1]
    assert main(["render", "--what", "sso", "--output", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "government-realm.json").read_text(encoding="utf-8") == printed
    assert json.loads(printed)["realm"] == "government"


def test_a_login_that_is_not_there_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr("socket.create_connection", refuse)
    assert main(["cloud", "sso", "--check"]) == 2
    told = capsys.readouterr().err
    assert "cannot be reached" in told
    assert "--ca" in told
    assert "Traceback" not in told
