"""Whether a live national login is what the windows expect: its discovery document, read and judged."""

import http.client
import json
import ssl
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from components.estate.estate import Estate
from components.estate.platform import DEFAULT_HTTPS_PORT, Platform
from scripts.errors import GovcloudError
from scripts.localcloud.window.reach import Window, connected

DISCOVERY: Final = "/.well-known/openid-configuration"
TIMEOUT_SECONDS: Final = 15.0
SIZE_MAX: Final = 1 << 20
_NEEDED: Final = {
    "response_types_supported": ("code", "the authorization code flow"),
    "code_challenge_methods_supported": ("S256", "PKCE"),
    "token_endpoint_auth_methods_supported": ("client_secret_basic", "how Envoy shows a client's secret"),
    "scopes_supported": ("openid", "OpenID Connect"),
    "subject_types_supported": ("public", "one subject for a person at all windows"),
}
"""What a discovery document must offer (OpenID Connect Discovery 1.0, RFC 8414), and what for."""


def differences(platform: Platform, found: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each thing in a login's discovery document that the windows cannot work with."""
    issuer = platform.spec.issuer
    if found.get("issuer") != issuer:
        yield f"issuer: {found.get('issuer')!r} is there, the platform names {issuer!r}: tokens would be refused"
    if found.get("jwks_uri") != platform.keys:
        yield (
            f"jwks_uri: {found.get('jwks_uri')!r} is there, the windows ask {platform.keys!r}: "
            "set `issuerKeys` in stacks/platform.yaml"
        )
    for name in ("authorization_endpoint", "token_endpoint", "end_session_endpoint"):
        url = urlsplit(str(found.get(name) or ""))
        if url.scheme != "https" or not url.hostname:
            yield f"{name}: {found.get(name)!r} is there; an https address is needed"
    for name, (value, what_for) in _NEEDED.items():
        offered = found.get(name)
        if not isinstance(offered, list) or value not in offered:
            yield f"{name}: {offered!r} is there; {value!r} is needed ({what_for})"
    algorithms = found.get("id_token_signing_alg_values_supported")
    if not isinstance(algorithms, list) or not {"RS256", "ES256"} & set(map(str, algorithms)):
        yield f"id_token_signing_alg_values_supported: {algorithms!r} is there; RS256 or ES256 is needed"


def check(estate: Estate, embedded: Window | None, ca: Path | None) -> int:
    """Ask the issuer for its discovery document and tell what does not fit; return 1 if anything does not.

    Raises:
        GovcloudError: The issuer cannot be reached, or what it says is no discovery document.
    """
    issuer = estate.platform.spec.issuer
    at_home = embedded is not None and embedded.issuer == issuer and embedded.names
    found = _fetch(issuer, embedded if at_home else None, ca)
    problems = list(differences(estate.platform, found))
    sys.stdout.writelines(f"✗ {problem}\n" for problem in problems)
    place = "the embedded login" if at_home else issuer
    sys.stdout.write(f"{'✗' if problems else '✓'} {place}: {len(problems) or 'nothing'} to correct\n")
    return 1 if problems else 0


def _fetch(issuer: str, embedded: Window | None, ca: Path | None) -> dict[str, Any]:
    parts = urlsplit(issuer)
    host, port = parts.hostname or "", parts.port or DEFAULT_HTTPS_PORT
    trusted = embedded.ca if embedded is not None and ca is None else ca
    try:
        context = ssl.create_default_context(cafile=trusted)
        address = embedded.places[host, DEFAULT_HTTPS_PORT] if embedded is not None else (host, port)
        with connected(f"{host}:{port}", address, context, TIMEOUT_SECONDS) as connection:
            connection.request("GET", parts.path.rstrip("/") + DISCOVERY)
            answer = connection.getresponse()
            status, body = answer.status, answer.read(SIZE_MAX)
    except (OSError, http.client.HTTPException) as error:
        remedy = "Check the name and the network; give its authority with --ca if it is not a public one."
        raise GovcloudError(f"{issuer} cannot be reached: {error}. {remedy}") from error
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if status != http.client.OK or not isinstance(found, dict):
        raise GovcloudError(f"{issuer}{DISCOVERY} answers {status}, not a discovery document. Is the realm there?")
    return found
