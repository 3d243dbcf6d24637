"""IN-21: how long a session lasts, and in which cookies it lies."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from components.estate.finding import Words
from components.manifests.login import COOKIE_PREFIX
from policies.rules.logins import hosts_of
from policies.rules.network import found
from policies.rules.ownership import objects
from policies.rules.places import windows
from policies.rules.reading import at, mapping, text
from policies.rules.rule import Mark, Object, Problem, Rule
from policies.rules.scene import Scene
from policies.rules.targets import SECURITY_POLICY

_COOKIES: Final = ("accessToken", "idToken")
_SITES: Final = frozenset({"Lax", "Strict"})
_DURATION: Final = re.compile(r"(?:([0-9]{1,5})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,5})s)?")
"""Of the Gateway API (GEP-2257), without milliseconds."""
_NO_LEVEL: Final = 0
"""Of an agency that nobody knows: it has the shortest session."""


def _lasts_as_declared(body: Object, scene: Scene) -> Iterator[Problem]:
    if "oidc" not in mapping(body, "spec"):
        return
    oidc, path = mapping(body, "spec", "oidc"), ("spec", "oidc")
    levels = {
        agency.profile.spec.identity.incident_system_level
        for host in hosts_of(body, scene)
        if (agency := windows(scene).get(host)) is not None
    }
    longest = min(scene.platform.session_minutes(level) for level in levels or {_NO_LEVEL})
    for field in ("defaultRefreshTokenTTL", "defaultTokenTTL"):
        stated = at(oidc, field)
        seconds = _seconds(stated)
        is_needed = stated is not None or field == "defaultRefreshTokenTTL"
        if is_needed and (seconds is None or seconds > longest * 60):
            yield Problem(
                (*path, field),
                Words(f"{stated!r}; the longest is {longest} minutes", f"{stated!r}؛ بیشینه {longest} دقیقه است"),
            )
    taken = scene.remembered(_cookies)
    for cookie in _COOKIES:
        given = text(oidc, "cookieNames", cookie)
        if not given.startswith(COOKIE_PREFIX) or taken[given] > 1:
            yield found((*path, "cookieNames", cookie), at(oidc, "cookieNames", cookie))
    if text(oidc, "cookieConfig", "sameSite") not in _SITES:
        yield found((*path, "cookieConfig", "sameSite"), at(oidc, "cookieConfig", "sameSite"))


def _cookies(scene: Scene) -> Counter[str]:
    return Counter(
        text(policy, "spec", "oidc", "cookieNames", cookie)
        for policy in objects(scene, SECURITY_POLICY)
        for cookie in _COOKIES
    )


def _seconds(duration: object) -> int | None:
    """Return how long that is; None where it is no duration, or none at all."""
    matched = _DURATION.fullmatch(duration) if isinstance(duration, str) else None
    if matched is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in matched.groups())
    return hours * 3600 + minutes * 60 + seconds or None


RULES: Final = (
    Rule(
        id="IN-21",
        name="login-session-bounded",
        title=Words(
            "A session lasts no longer than the agency's level allows, in cookies that are the window's own",
            "نشست از آنچه سطح دستگاه روا می‌دارد بلندتر نیست و در کوکی‌های خود پنجره است",
        ),
        marks=frozenset({Mark.GENERATED}),
        controls=("OWASP ASVS 4.0: V3.3 session timeout, V3.4 cookie-based session management",),
        remedy=Words(
            "set `defaultRefreshTokenTTL` to what `sessions` in stacks/platform.yaml allows, name both cookies with "
            f"the prefix {COOKIE_PREFIX} and each once, and keep them `sameSite: Lax` or `Strict`",
            "`defaultRefreshTokenTTL` را به اندازهٔ `sessions` در stacks/platform.yaml بگذارید، هر دو کوکی را با پیشوند "
            f"{COOKIE_PREFIX} و نامی یکتا بنویسید و `sameSite` را `Lax` یا `Strict` نگه دارید",
        ),
        kinds=frozenset({SECURITY_POLICY}),
        check=_lasts_as_declared,
    ),
)
