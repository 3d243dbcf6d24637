"""What is asked: from whom, to whom, at which port; each end as the profiles and the platform know it."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

import msgspec

from components.estate.estate import Agency, Estate, production
from components.estate.finding import Words, printable, quoted
from components.estate.platform import Peer, Platform
from policies.isolation import pods
from policies.reachability.connections import PORT_MAX, PORT_MIN, PROTOCOLS
from policies.reachability.endpoint import Network, Pod

EVERY_APP: Final = "*"
"""The name of the pods of a namespace of which no profile speaks (`isolation.pods`)."""


class Kind(StrEnum):
    """What an end is."""

    AGENCY = "agency"
    APP = "app"
    API = "api"
    ADDRESS = "address"
    PLATFORM = "platform"
    UNREAD = "unread"  # of an agency whose profile cannot be read


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """One end, as it was understood.

    Attributes:
        asked: What was written.
        said: What was understood.
        agency: Whose it is; empty of addresses and of the platform's pods.
        namespace: Where it is; empty of a whole agency.
        name: Of the app, of the API, or of the platform's pods.
        app: The app behind an API; the app itself.
        port: The API's; 0 of anything else.
    """

    asked: str
    kind: Kind
    said: Words
    agency: str = ""
    namespace: str = ""
    name: str = ""
    app: str = ""
    port: int = 0
    network: Network | None = None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants to reach whom; without a port, at any."""

    source: Party
    target: Party
    port: int | None
    protocol: str


class QuestionError(Exception):
    """The question cannot be understood; `words` says why, and what may be written."""

    def __init__(self, words: Words) -> None:
        """Keep the sentence."""
        super().__init__(words.en)
        self.words = words


def question(estate: Estate, source: str, target: str) -> Question:
    """Return what is asked.

    Raises:
        QuestionError: One of the ends is not known, is ambiguous, or is written in a form that is not allowed.
    """
    name, port, _ = _split(source)
    if port is not None:
        raise QuestionError(_FROM_PORT)
    wanted, wanted_port, protocol = _split(target)
    return Question(
        source=_party(estate, name, source, is_target=False),
        target=_party(estate, wanted, target, is_target=True),
        port=wanted_port,
        protocol=protocol,
    )


def unread(source: str, target: str) -> Question:
    """Return what is asked, while nobody can tell who the ends are."""
    ends = (Party(asked=one, kind=Kind.UNREAD, said=Words(printable(one), printable(one))) for one in (source, target))
    return Question(source=next(ends), target=next(ends), port=None, protocol="TCP")


def platform_peers(platform: Platform) -> Mapping[str, tuple[Peer, str]]:
    """Return the pods of the platform that may be asked about, each with its place in the platform's file."""
    spec = platform.spec
    found = {"gateway": spec.gateway, "exchange": spec.exchange, "dns": spec.dns, "monitoring": spec.monitoring}
    return {name: (peer, name) for name, peer in found.items() if peer is not None}


def apps_in(estate: Estate) -> Mapping[str, tuple[Pod, ...]]:
    """Return the pods of which the profiles speak, by namespace."""
    found: dict[str, dict[str, Pod]] = {}
    for pod in pods(estate):
        found.setdefault(pod.namespace, {})
        if pod.name != EVERY_APP:
            found[pod.namespace][pod.name] = pod
    return {namespace: tuple(by_name.values()) for namespace, by_name in found.items()}


def _split(text: str) -> tuple[str, int | None, str]:
    """Return the end without its port, the port, and its protocol."""
    if _network(text) is not None:
        return text, None, "TCP"
    match = _PORT.fullmatch(text)
    if match is None:
        return text, None, "TCP"
    name, port, protocol = match["name"], int(match["port"]), (match["protocol"] or "TCP").upper()
    if not PORT_MIN <= port <= PORT_MAX or protocol not in PROTOCOLS:
        found = quoted(f"{match['port']}{'/' + match['protocol'] if match['protocol'] else ''}")
        raise QuestionError(
            Words(
                f"{found} is no port: write a number from {PORT_MIN} to {PORT_MAX}, and /{', /'.join(PROTOCOLS[1:])} "
                "where it is not TCP",
                f"{found} درگاه نیست: عددی از {PORT_MIN} تا {PORT_MAX} بنویسید و اگر TCP نیست "
                f"/{' یا /'.join(PROTOCOLS[1:])} را بیفزایید",
            )
        )
    return name, port, protocol


def _party(estate: Estate, name: str, asked: str, *, is_target: bool) -> Party:
    network = _network(name)
    if network is not None:
        return _address(estate, network, asked)
    if re.search(r"[:\[\]]|^[0-9]", name):
        raise QuestionError(_said(Words(f"{quoted(name)} is no address", f"{quoted(name)} نشانی نیست"), _ADDRESS_FORM))
    left, slash, right = name.partition("/")
    if slash:
        return _within(estate, left, right, asked, is_target=is_target)
    agency = estate.agency(name)
    if agency is not None:
        return Party(asked=asked, kind=Kind.AGENCY, said=Words(f"agency {name}", f"دستگاه {name}"), agency=name)
    if name in estate.unread:
        return _unread(name, asked)
    peers = platform_peers(estate.platform)
    if name in peers:
        peer, _ = peers[name]
        said = Words(f"the platform's {name} ({peer.namespace})", f"{name} سکو ({peer.namespace})")
        return Party(asked=asked, kind=Kind.PLATFORM, said=said, namespace=peer.namespace, name=name)
    known = [*(one.id for one in estate.agencies), *sorted(estate.unread), *peers]
    raise QuestionError(
        _unknown(Words(f"nobody is called {quoted(name)}", f"کسی به نام {quoted(name)} نیست"), name, known)
    )


def _within(estate: Estate, left: str, right: str, asked: str, *, is_target: bool) -> Party:
    """The app or the API `right` of the agency or the namespace `left`."""
    if left in estate.unread:
        return _unread(left, asked)
    environments = {
        agency.profile.namespace(one): (agency, one.name)
        for agency in estate.agencies
        for one in agency.profile.spec.environments
    }
    agency = estate.agency(left)
    if agency is None and left not in environments:
        known = [*(one.id for one in estate.agencies), *sorted(estate.unread), *environments]
        found = Words(
            f"no agency and no namespace is called {quoted(left)}", f"دستگاه یا فضای نامی به نام {quoted(left)} نیست"
        )
        raise QuestionError(_unknown(found, left, known))
    if agency is None:
        return _app(estate, environments[left][0], left, right, asked)
    home = production(agency.id)
    if is_target and any(api.id == right for api in agency.profile.spec.apis):
        return _api(estate, agency, home, right, asked)
    if home not in environments:
        spaces = [space for space, (owner, _) in environments.items() if owner.id == agency.id]
        raise QuestionError(
            Words(
                f"{agency.id} has no production environment; name another: {', '.join(f'{s}/{right}' for s in spaces)}",
                f"{agency.id} محیط عملیاتی ندارد؛ محیط دیگری بنویسید: {'، '.join(f'{s}/{right}' for s in spaces)}",
            )
        )
    return _app(estate, agency, home, right, asked, with_apis=is_target)


def _app(  # noqa: PLR0913  # where it is, what it is called, what was asked
    estate: Estate, agency: Agency, namespace: str, name: str, asked: str, *, with_apis: bool = False
) -> Party:
    known = [pod.name for pod in apps_in(estate).get(namespace, ())]
    if name not in known:
        listed = sorted({*known, *((api.id for api in agency.profile.spec.apis) if with_apis else ())})
        what = Words("app or API", "برنامه یا رابط (API)") if with_apis else Words("app", "برنامه")
        found = Words(
            f"{namespace} has no {what.en} {quoted(name)}; its profile speaks of {', '.join(listed) or 'none'}",
            f"{namespace} {what.fa} {quoted(name)} ندارد؛ نمایه از این‌ها می‌گوید: {'، '.join(listed) or '—'}",
        )
        raise QuestionError(_unknown(found, name, listed, Words("", "")))
    said = Words(f"app {namespace}/{name}", f"برنامهٔ {namespace}/{name}")
    return Party(
        asked=asked, kind=Kind.APP, said=said, agency=agency.id, namespace=namespace, name=name, app=name
    )  # fmt: skip


def _api(estate: Estate, agency: Agency, namespace: str, name: str, asked: str) -> Party:
    api = next(api for api in agency.profile.spec.apis if api.id == name)
    rival = any(pod.name == name for pod in apps_in(estate).get(namespace, ()))
    more = Words(f"; the app of that name is {namespace}/{name}", f"؛ برنامهٔ همنام آن {namespace}/{name} است")
    said = Words(f"API {agency.id}/{name}", f"رابط (API) {agency.id}/{name}")
    return Party(
        asked=asked,
        kind=Kind.API,
        said=Words(said.en + more.en, said.fa + more.fa) if rival else said,
        agency=agency.id,
        namespace=namespace,
        name=name,
        app=api.app,
        port=api.port,
    )


def _address(estate: Estate, network: Network, asked: str) -> Party:
    """An address outside: of pods and Services the policies do not look at the address, or not only."""
    networks = estate.platform.spec.networks
    for inner in (*networks.pods, *networks.services):
        if ip_network(inner).version == network.version and ip_network(inner).overlaps(network):
            raise QuestionError(
                _said(
                    Words(
                        f"{network} meets {inner}, where the platform's own pods and Services are",
                        f"{network} با {inner} که جای پادها و سرویس‌های خود سکو است مشترک است",
                    ),
                    Words("name the app instead", "به جای آن، برنامه را نام ببرید"),
                )
            )
    one = network.network_address
    said = Words(f"the address {one}", f"نشانی {one}")
    if network.num_addresses > 1:
        said = Words(f"the network {network}", f"شبکهٔ {network}")
    return Party(asked=asked, kind=Kind.ADDRESS, said=said, name=str(network), network=network)


def _unread(agency_id: str, asked: str) -> Party:
    said = Words(f"agency {agency_id}", f"دستگاه {agency_id}")
    return Party(asked=asked, kind=Kind.UNREAD, said=said, agency=agency_id)


def _network(text: str) -> Network | None:
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if "%" in bare or not re.search(r"[.:]", bare):  # no zone, and no number that happens to be one
        return None
    try:
        found: IPv4Network | IPv6Network = ip_network(bare)
    except ValueError:
        return None
    return found


def _unknown(found: Words, name: str, known: Iterable[str], forms: Words | None = None) -> Words:
    """Say what was found, what is near, and what may be written."""
    forms, near = forms or _FORMS, get_close_matches(name, list(known), n=1)
    hint = Words(f"did you mean {near[0]!r}? ", f"آیا منظور {near[0]!r} است؟ ") if near else Words("", "")
    return _said(found, Words(hint.en + forms.en, hint.fa + forms.fa))


def _said(found: Words, remedy: Words) -> Words:
    rest = Words(f"; {remedy.en}", f"؛ {remedy.fa}") if remedy.en else remedy
    return Words(f"{found.en}{rest.en}".rstrip(), f"{found.fa}{rest.fa}".rstrip())


_PORT: Final = re.compile(r"(?P<name>.+?):(?P<port>[0-9]{1,9})(?:/(?P<protocol>[A-Za-z]+))?", re.ASCII)
_FORMS: Final = Words(
    "write an agency (ihio), an app (ihio/enrolment, irica-staging/web), as TO also an API (ncro/person-status), an "
    "address ([2001:db8::7]:443, 10.30.32.5:8443, 10.30.32.0/24:53/UDP), or gateway, exchange, dns, monitoring",
    "دستگاه (ihio)، برنامه (ihio/enrolment یا irica-staging/web)، در سوی مقصد رابط (ncro/person-status) نیز، نشانی "
    "(10.30.32.5:8443 یا [2001:db8::7]:443 یا 10.30.32.0/24:53/UDP)، یا gateway، exchange، dns، monitoring بنویسید",
)
_ADDRESS_FORM: Final = Words(
    "write 10.30.32.5, 10.30.32.0/24 with no bits of a host, or an IPv6 address in brackets before its port: "
    "[2001:db8::7]:443",
    "مانند 10.30.32.5، یا 10.30.32.0/24 بدون بیت‌های میزبان، یا IPv6 در کروشه پیش از درگاه: [2001:db8::7]:443",
)
_FROM_PORT: Final = Words(
    "FROM has no port: the port is the one that TO answers at, such as irica/declaration irica/database:5432",
    "مبدأ درگاه ندارد: درگاه آن است که مقصد بر آن پاسخ می‌دهد، مانند irica/declaration irica/database:5432",
)
