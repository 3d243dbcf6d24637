"""The window and the login on it: it is there, the login is the national one, and each path leads to one service."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from components.estate.estate import Agency, Estate
from components.estate.finding import Finding, PathPart, Words
from components.estate.platform import CALLBACK_PATH, LOGOUT_PATH
from components.estate.profile import Window
from components.manifests.gateway import certificate_secret
from components.manifests.login import client_secret
from policies.rules.claims import Claim, taken

_WINDOW: Final = ("spec", "window")
_SSO: Final = (*_WINDOW, "sso")
_SHOWN_MAX: Final = 3

_Parts: TypeAlias = tuple[str, ...]
"""A path as the gateway compares it: whole parts, so that /ab is not below /a."""


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """A path of a window, and the service of `agency` that stands there."""

    path: str
    agency: Agency
    index: int

    @property
    def parts(self) -> _Parts:
        return _parts(self.path)


def missing_windows(estate: Estate) -> Iterator[Finding]:
    """Refuse a service in a window that is not there, the agency's own or its parent's (R24)."""
    for agency in estate.agencies:
        own, parent = agency.profile.spec.window, estate.agency(agency.profile.spec.identity.parent or "")
        for index, service in enumerate(agency.profile.spec.services):
            path: tuple[PathPart, ...] = ("spec", "services", index, "window", "offeredIn")
            where = service.window.offered_in if service.window is not None else None
            if where == "own" and own is None:
                yield agency.fails(
                    "window-missing",
                    path,
                    Words("the agency has no window", "دستگاه پنجره‌ای ندارد"),
                    Words(
                        "declare it in spec.window, or take the service out of it",
                        "آن را در spec.window بنویسید یا خدمت را از پنجره بردارید",
                    ),
                )
            elif where == "parent" and parent is not None and parent.profile.spec.window is None:
                yield agency.fails(
                    "parent-window-missing",
                    path,
                    Words(f"the parent {parent.id!r} has no window", f"دستگاه مادر {parent.id!r} پنجره‌ای ندارد"),
                    Words(
                        "the parent must declare it, or offer the service in the own window",
                        "دستگاه مادر باید آن را بنویسد، یا خدمت را در پنجرهٔ خود عرضه کنید",
                    ),
                )


def foreign_issuers(estate: Estate) -> Iterator[Finding]:
    """Refuse a login that is not the national one (R31)."""
    wanted = estate.platform.spec.issuer
    for agency, window in _windows(estate):
        if window.sso.issuer not in (None, wanted):
            yield agency.fails(
                "issuer-foreign",
                (*_SSO, "issuer"),
                Words(
                    f"the issuer {window.sso.issuer!r} is not the national login",
                    f"صادرکنندهٔ {window.sso.issuer!r} درگاه ملی ورود نیست",
                ),
                _exactly(wanted),
            )


def foreign_redirects(estate: Estate) -> Iterator[Finding]:
    """Refuse a redirect URI that is not, letter for letter, the window's own callback."""
    for agency, window in _windows(estate):
        wanted = estate.platform.callback(window.host)
        for index, uri in enumerate(window.sso.redirect_uris):
            if uri != wanted:
                yield agency.fails(
                    "redirect-outside",
                    (*_SSO, "redirectUris", index),
                    Words(
                        f"the redirect URI {uri!r} is not the window's callback",
                        f"نشانی بازگشت {uri!r} از آن این پنجره نیست",
                    ),
                    _exactly(wanted),
                )


def taken_clients(estate: Estate) -> Iterator[Finding]:
    """Refuse an OIDC client that two agencies claim; unset, it is the agency's id."""
    claims: list[Claim] = []
    for agency, window in _windows(estate):
        client = window.sso.client_id
        path = _WINDOW if client is None else (*_SSO, "clientId")
        claims.append(Claim(client or agency.id, agency, path, client or agency.id))
    remedy = Words(
        "every window has a client of its own; without clientId it is the agency's id",
        "هر پنجره کلاینت خود را دارد؛ بدون clientId همان شناسهٔ دستگاه است",
    )
    return taken("client-taken", Words("client", "کلاینت"), remedy, claims)


def foreign_secrets(estate: Estate) -> Iterator[Finding]:
    """Refuse the name of a Secret that is not the agency's: they all lie in the gateway's namespace (IN-11)."""
    claims: list[Claim] = []
    for agency, window in _windows(estate):
        for path, given, default in (
            ((*_WINDOW, "certificateRef"), window.certificate_ref, certificate_secret(agency.id)),
            ((*_SSO, "clientSecretRef"), window.sso.client_secret_ref, client_secret(agency.id)),
        ):
            own, name = f"{agency.id}-", given or default
            claims.append(Claim(name, agency, path if given else _WINDOW, name))
            if given is not None and not given.startswith(own):
                yield agency.fails(
                    "secret-foreign",
                    path,
                    Words(f"the Secret {given!r} is not the agency's", f"Secret {given!r} از آن این دستگاه نیست"),
                    Words(
                        f"have one made whose name begins with {own!r}, or leave it out for {default!r}",
                        f"Secret دیگری بخواهید که نامش با {own!r} آغاز شود، یا آن را بردارید: {default!r}",
                    ),
                )
    remedy = Words("every window has Secrets of its own", "هر پنجره Secretهای خود را دارد")
    yield from taken("secret-taken", Words("Secret", "Secret"), remedy, claims)


def unlisted_claims(estate: Estate) -> Iterator[Finding]:
    """Refuse a claim that the platform does not list (R37)."""
    listed = estate.platform.spec.claims
    for agency, window in _windows(estate):
        for index, claim in enumerate(window.sso.claims):
            if claim.name not in listed:
                yield agency.fails(
                    "claim-unlisted",
                    (*_SSO, "claims", index, "name"),
                    Words(
                        f"the platform passes on no claim {claim.name!r}",
                        f"سکو ویژگی {claim.name!r} را به خدمت‌ها نمی‌دهد",
                    ),
                    Words(f"allowed: {', '.join(listed) or 'none'}", f"مجاز: {'، '.join(listed) or 'هیچ'}"),
                )


def shadowed_paths(estate: Estate) -> Iterator[Finding]:
    """Refuse a path that is, or lies above or below, another's in the same window, or the login's."""
    for places in _by_window(estate).values():
        rivals = _rivals(places)
        for place in places:
            if place.parts[:1] in _LOGIN:
                yield _shadowed(place, Words("the login", "ورود ملی"))
            if others := rivals[place]:
                shown = [f"{other.path} ({other.agency.id})" for other in others[:_SHOWN_MAX]]
                more = ["…"] if len(others) > _SHOWN_MAX else []
                yield _shadowed(place, Words(", ".join(shown + more), "، ".join(shown + more)))


def _parts(path: str) -> _Parts:
    return tuple(part for part in path.split("/") if part)


_LOGIN: Final = frozenset(_parts(path)[:1] for path in (CALLBACK_PATH, LOGOUT_PATH))
"""First parts of what the gateway itself answers in every window."""


def _windows(estate: Estate) -> Iterator[tuple[Agency, Window]]:
    for agency in estate.agencies:
        if agency.profile.spec.window is not None:
            yield agency, agency.profile.spec.window


def _by_window(estate: Estate) -> Mapping[str, list[_Place]]:
    """Return what stands in each agency's window, its children's services included."""
    places: dict[str, list[_Place]] = defaultdict(list)
    for agency in estate.agencies:
        for index, service in enumerate(agency.profile.spec.services):
            owner = agency.window_of(service)
            if owner is not None and service.window is not None:
                places[owner].append(_Place(service.window.path, agency, index))
    return places


def _rivals(places: Sequence[_Place]) -> Mapping[_Place, list[_Place]]:
    """Return for each place the others at its path, above it and below it."""
    at: dict[_Parts, list[_Place]] = defaultdict(list)
    for place in places:
        at[place.parts].append(place)
    rivals: dict[_Place, list[_Place]] = defaultdict(list)
    for place in places:
        rivals[place] += [other for other in at[place.parts] if other is not place]
        for length in range(len(place.parts)):
            for above in at.get(place.parts[:length], ()):
                rivals[place].append(above)
                rivals[above].append(place)
    return rivals


def _shadowed(place: _Place, what: Words) -> Finding:
    return place.agency.fails(
        "path-shadowed",
        ("spec", "services", place.index, "window", "path"),
        Words(
            f"the path {place.path!r} collides in its window with {what.en}",
            f"مسیر {place.path!r} در پنجره با {what.fa} برخورد دارد",
        ),
        Words(
            "give each service a path that is not below another's",
            "به هر خدمت مسیری بدهید که زیر مسیر دیگری نباشد",
        ),
    )


def _exactly(wanted: str) -> Words:
    return Words(f"write {wanted!r}, or leave it out", f"{wanted!r} را بنویسید یا آن را بردارید")
