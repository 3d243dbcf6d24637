"""The national window as files (R29): the catalogue as data, and one page of it in Persian and in English.

The pages need no server and no other file: style and script stand inside, and nothing else may run (their hashes are
in the page's Content-Security-Policy). Elements are a tree until the end, so every text is escaped by construction.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element, tostring

from components.estate.estate import Agency, Estate
from components.estate.finding import LANGUAGES, Words
from components.estate.persian import normalise
from scripts.report import portal_words as words
from scripts.report.portal_catalogue import Catalogue, Connected, Missing, catalogue, document
from stacks.declaration import declaration

FILES: Final = {"fa": "index.html", "en": "en.html"}
_DIRECTIONS: Final = {"fa": "rtl", "en": "ltr"}


def pages(estate: Estate) -> Mapping[str, bytes]:
    """Return the files of the national window by name: the same bytes for the same estate."""
    listed = catalogue(estate, (declaration(estate, agency.id) for agency in estate.agencies))
    made = {FILES[language]: page(estate, listed, language) for language in sorted(LANGUAGES)}
    return {"catalogue.json": document(listed).encode(), **made}


def page(estate: Estate, listed: Catalogue, language: str) -> bytes:
    """Return the page in `language`, one of `LANGUAGES`."""
    root = _Page(estate, listed, language, _synthetic(listed)).html()
    return f"<!doctype html>\n{tostring(root, encoding='unicode', method='html')}\n".encode()


class _Page(NamedTuple):
    estate: Estate
    listed: Catalogue
    language: str
    synthetic: Words | None

    def html(self) -> Element:
        attributes = {"lang": self.language, "dir": _DIRECTIONS[self.language]}
        return _element("html", attributes, self._head(), self._body())

    def _head(self) -> Element:
        style, script = _asset("portal.css"), _asset("portal.js")
        policy = (
            f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
            "base-uri 'none'; form-action 'none'"
        )
        return _element(
            "head",
            {},
            _element("meta", {"charset": "utf-8"}),
            _element("meta", {"http-equiv": "Content-Security-Policy", "content": policy}),
            _element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
            _element("meta", {"name": "referrer", "content": "no-referrer"}),
            _element("title", {}, self._say(words.TITLE)),
            _element("style", {}, style),
            _element("script", {"type": "module"}, script),  # a module waits for the page
        )

    def _body(self) -> Element:
        main = _element("main", {"id": "services"}, *self._agencies())
        if self.listed.missing:
            main.append(self._missing())
        return _element(
            "body",
            {},
            _element("a", {"class": "skip", "href": "#services"}, self._say(words.SKIP)),
            self._header(),
            self._search(),
            main,
            self._footer(),
        )

    def _header(self) -> Element:
        other = "fa" if self.language == "en" else "en"
        switch = {"id": "language", "href": FILES[other], "lang": other, "hreflang": other}
        header = _element(
            "header",
            {},
            _element("a", switch, self._say(words.OTHER_LANGUAGE)),
            _element("h1", {}, self._say(words.TITLE)),
            _element("p", {}, self._say(words.LOGIN)),
        )
        if self.synthetic is not None:
            header.append(_element("p", {"class": "notice"}, self._say(self.synthetic)))
        return header

    def _search(self) -> Element:
        """The field appears with the script only; without it the list is whole and plain."""
        services, agencies = len(self.listed.connected), len({one.agency.id for one in self.listed.connected})
        total = self._say(words.COUNT, services=services, agencies=agencies)
        found = words.FOUND.in_language(self.language).replace("{services}", self._number(services))
        said = {"data-all": total, "data-found": found, "data-none": self._say(words.NONE_FOUND)}
        field = {"id": "q", "type": "search", "autocomplete": "off", "spellcheck": "false", "dir": "auto"}
        return _element(
            "div",
            {"role": "search", "class": "search"},
            _element("noscript", {}, _element("p", {}, self._say(words.NO_SCRIPT))),
            _element("label", {"for": "q", "hidden": ""}, self._say(words.SEARCH)),
            _element("input", field | {"hidden": ""}),
            _element("p", {"id": "count", "role": "status", "aria-live": "polite", **said}, total),
        )

    def _agencies(self) -> Iterator[Element]:
        by_agency = [(agency, list(own)) for agency, own in groupby(self.listed.connected, lambda one: one.agency)]
        for agency, services in sorted(by_agency, key=lambda one: (words.alphabetical(self._name(one[0])), one[0].id)):
            origin = next((one.origin for one in services if one.owner == agency.id), None)
            size = self._say(words.SERVICES, services=len(services))
            rows = sorted(services, key=lambda one: (not one.service.high_use, words.alphabetical(self._title(one))))
            yield _element(
                "section",
                {"id": f"agency-{agency.id}", "data-key": _agency_key(agency)},
                _element("h2", {}, self._name(agency), *self._marks(agency)),
                _element("p", {"class": "about"}, *([_host(origin)] if origin else []), _element("span", {}, size)),
                _element("ul", {}, *(self._row(one) for one in rows)),
            )

    def _row(self, one: Connected) -> Element:
        service = one.service
        tags = [self._tag("closed", words.CLOSED)] if one.is_closed else []
        if service.high_use:
            tags.append(self._tag("high", words.HIGH_USE))
        if service.access.policy in words.ACCESS:
            tags.append(self._tag(service.access.policy, words.ACCESS[service.access.policy]))
        about = _element("p", {}, self._card(one), *tags)
        owner = self.estate.agency(one.owner)
        if owner is not None and owner.id != one.agency.id:
            about.append(_element("span", {}, self._say(words.IN_WINDOW_OF, name=self._name(owner))))
        link = _element("a", {"href": one.url}, self._titled(one))
        return _element("li", {"data-key": _service_key(one)}, link, about)

    def _missing(self) -> Element:
        rows = sorted(
            self.listed.missing, key=lambda one: (words.alphabetical(self._name(one.agency)), one.service.card_id)
        )
        return _element(
            "section",
            {"id": "missing", "class": "missing", "data-key": ""},
            _element("h2", {}, self._say(words.MISSING)),
            _element("p", {"class": "about"}, self._say(words.MISSING_WHY)),
            _element("ul", {}, *(self._missing_row(one) for one in rows)),
        )

    def _missing_row(self, one: Missing) -> Element:
        about = _element(
            "p",
            {},
            self._card(one),
            _element("span", {}, self._name(one.agency), *self._marks(one.agency)),
            _element("span", {}, self._say(words.REASONS[one.reason])),
        )
        key = f"{_agency_key(one.agency)} {_service_key(one)}"
        return _element("li", {"data-key": key}, _element("span", {"class": "title"}, self._titled(one)), about)

    def _footer(self) -> Element:
        local = self.estate.as_of.astimezone(self.estate.platform.zone).date()
        when = _element("time", {"datetime": local.isoformat()}, words.day(local, self.language))
        return _element(
            "footer",
            {},
            _element("p", {}, self._say(words.ORIGIN)),
            _element("p", {}, f"{self._say(words.AS_OF)} ", when),
            _element("p", {}, _element("a", {"href": "catalogue.json"}, self._say(words.DATA))),
        )

    def _marks(self, agency: Agency) -> Iterator[Element]:
        """A mark on what is synthetic, where not everything is."""
        if agency.profile.metadata.synthetic and self.synthetic is words.SOME_SYNTHETIC:
            yield self._tag("synthetic", words.SYNTHETIC)

    def _tag(self, kind: str, text: Words) -> Element:
        return _element("span", {"class": f"tag {kind}"}, self._say(text))

    def _card(self, one: Connected | Missing) -> Element:
        return _element("bdi", {"class": "card"}, words.card(one.service.card_id, self.language))

    def _titled(self, one: Connected | Missing) -> Element | str:
        """The title; a Persian one is marked as such on the English page."""
        is_foreign = self.language == "en" and one.service.title_en is None
        return _element("bdi", {"lang": "fa"}, one.service.title_fa) if is_foreign else self._title(one)

    def _title(self, one: Connected | Missing) -> str:
        service = one.service
        return service.title_fa if self.language == "fa" else service.title_en or service.title_fa

    def _name(self, agency: Agency) -> str:
        identity = agency.profile.spec.identity
        return identity.name_fa if self.language == "fa" else identity.name_en

    def _number(self, value: int) -> str:
        return words.number(value, self.language)

    def _say(self, text: Words, **values: int | str) -> str:
        shown = {key: self._number(value) if isinstance(value, int) else value for key, value in values.items()}
        said = text.in_language(self.language)
        return said.format(**shown) if shown else said


def _synthetic(listed: Catalogue) -> Words | None:
    """Return the notice that the content is synthetic, all or in part; None where no profile says so."""
    marks = {one.agency.profile.metadata.synthetic for part in listed for one in part}
    if True not in marks:
        return None
    return words.SOME_SYNTHETIC if False in marks else words.ALL_SYNTHETIC


def _agency_key(agency: Agency) -> str:
    identity = agency.profile.spec.identity
    return normalise(" ".join((identity.name_fa, *identity.aliases_fa, identity.name_en, agency.id)))


def _service_key(one: Connected | Missing) -> str:
    service = one.service
    high_use = (words.HIGH_USE.fa, words.HIGH_USE.en) if service.high_use else ()
    return normalise(" ".join((service.title_fa, service.title_en or "", service.card_id, *high_use)))


def _host(origin: str) -> Element:
    return _element("a", {"href": f"{origin}/", "dir": "ltr"}, origin.removeprefix("https://"))


def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def _element(tag: str, attributes: Mapping[str, str], *children: Element | str) -> Element:
    """Return an element with its children; text stands between them as it is given."""
    element = Element(tag, dict(attributes))
    for child in children:
        if isinstance(child, Element):
            element.append(child)
        elif len(element):
            element[-1].tail = f"{element[-1].tail or ''}{child}"
        else:
            element.text = f"{element.text or ''}{child}"
    if tag in _LINES:
        element.tail = "\n"
    return element


_LINES: Final = frozenset(
    ("head", "meta", "title", "style", "script", "header", "main", "section", "h1", "h2", "p", "li")
)
"""Elements after which a line ends, so that two pages can be compared."""
