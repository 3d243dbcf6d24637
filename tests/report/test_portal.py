"""The national window's pages: what they list, in which words, what may run in them, and how one searches them."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from components.estate.estate import Agency, Estate
from components.estate.persian import normalise
from components.estate.profile import AgencyProfile
from scripts.report import portal
from scripts.report.portal_catalogue import Catalogue, document
from scripts.report.portal_words import alphabetical, card, number
from tests.manifests.emergency import shut
from tests.report.altered import changed, listed_in, with_service
from tests.report.html_page import Page, Seen

NASTY = "خدمت <script>alert(\"1\")</script> & 'یک' {found}"
PAGES = ("index.html", "en.html")


@pytest.fixture(scope="module")
def made(estate: Estate) -> dict[str, bytes]:
    return dict(portal.pages(estate))


@pytest.fixture(scope="module", params=PAGES)
def page(request: pytest.FixtureRequest, made: dict[str, bytes]) -> Page:
    return Page(made[request.param])


@pytest.fixture(scope="module")
def fa(made: dict[str, bytes]) -> Page:
    return Page(made["index.html"])


@pytest.fixture(scope="module")
def en(made: dict[str, bytes]) -> Page:
    return Page(made["en.html"])


def rows(page: Page) -> list[Seen]:
    return [row for row in page.all("li") if row.around[-3:] == ("main", "section", "ul")]


def test_names_and_bytes_are_the_same_for_the_same_estate(
    estate: Estate, listed: Catalogue, made: dict[str, bytes]
) -> None:
    assert list(made) == ["catalogue.json", "en.html", "index.html"]
    assert made["catalogue.json"] == document(listed).encode()
    other_order = msgspec.structs.replace(estate, agencies=estate.agencies[::-1])
    assert portal.pages(other_order) == made


def test_each_language_says_what_it_is(fa: Page, en: Page) -> None:
    assert fa.one("html").attributes == {"lang": "fa", "dir": "rtl"}
    assert en.one("html").attributes == {"lang": "en", "dir": "ltr"}
    assert fa.one("a", id="language").attributes.items() >= {("href", "en.html"), ("lang", "en")}
    assert en.one("a", id="language").attributes.items() >= {("href", "index.html"), ("lang", "fa")}
    assert fa.one("title").text == fa.one("h1").text == "پنجرهٔ ملی خدمات دولت هوشمند"


def test_every_service_and_every_window_is_linked_and_nothing_else_is(page: Page, listed: Catalogue) -> None:
    hosts = {f"{one.origin}/" for one in listed.connected if one.owner == one.agency.id}
    links = [link.attributes["href"] for link in page.all("a")]
    outside = [link for link in links if link not in {*PAGES, "catalogue.json", "#services"}]
    assert sorted(outside) == sorted([*hosts, *(one.url for one in listed.connected)])
    addresses = {value for e in page.seen for name, value in e.attributes.items() if name in {"src", "srcset", "style"}}
    assert addresses == set()
    assert not page.all("link")


def test_nothing_outside_of_the_agencies_hosts_is_named(made: dict[str, bytes], listed: Catalogue) -> None:
    hosts = {urlsplit(one.url).netloc for one in listed.connected}
    for content in made.values():
        found = re.findall(r"(?:https?:)?//([\w.:-]+)", content.decode())
        assert set(found) == hosts


def test_no_agency_can_take_the_place_of_a_part_of_the_page(estate: Estate) -> None:
    """Ids of elements are ours and the agencies': none may be there twice."""
    taken = ("missing", "services", "count", "language", "q")
    agencies = [msgspec.structs.replace(a, profile=renamed(a, i)) for a, i in zip(estate.agencies, taken, strict=False)]
    page = Page(portal.pages(msgspec.structs.replace(estate, agencies=(*agencies, *estate.agencies[5:])))["en.html"])
    ids = [e.attributes["id"] for e in page.seen if "id" in e.attributes]
    assert len(ids) == len(set(ids)) > 20
    assert "agency-missing" in ids


def renamed(agency: Agency, agency_id: str) -> AgencyProfile:
    metadata = msgspec.structs.replace(agency.profile.metadata, id=agency_id)
    return msgspec.structs.replace(agency.profile, metadata=metadata)


def test_services_stand_under_their_agency(en: Page, listed: Catalogue) -> None:
    sections = {e.attributes["id"].removeprefix("agency-"): e for e in en.all("section")[:-1]}
    services = Counter(one.agency.id for one in listed.connected)
    assert list(sections) == sorted(services, key=lambda agency_id: name_en(listed, agency_id))
    for agency_id, section in sections.items():
        assert f"services: {services[agency_id]}" in section.text
        assert name_en(listed, agency_id) in section.text


def name_en(listed: Catalogue, agency_id: str) -> str:
    return next(one.agency.profile.spec.identity.name_en for one in listed.connected if one.agency.id == agency_id)


def test_agencies_are_in_the_order_of_the_persian_alphabet(fa: Page) -> None:
    names = [heading.text for heading in fa.all("h2")][:-1]
    for earlier, later in pairwise(names):
        assert alphabetical(earlier) <= alphabetical(later)
    assert names.index("گمرک جمهوری اسلامی ایران") < names.index("وزارت کشور")  # by code point the other way round


@pytest.mark.parametrize(
    "ordered", [["آب", "ایران"], ["برق", "پست"], ["تأمین", "ثبت"], ["کشور", "گمرک", "وزارت", "هلال"], ["ا ب", "اب"]]
)
def test_the_persian_alphabet(ordered: list[str]) -> None:
    assert sorted(set(ordered), key=alphabetical) == ordered


def test_high_use_comes_first_and_is_said_in_words(fa: Page, en: Page, listed: Catalogue) -> None:
    wanted = sum(one.service.high_use for one in listed.connected)
    assert [tag.text for tag in fa.of("high")] == ["پرکاربرد"] * wanted
    assert [tag.text for tag in en.of("high")] == ["high use"] * wanted
    for marks in high_use_by_section(en):
        assert marks == sorted(marks, reverse=True)


def high_use_by_section(page: Page) -> list[list[bool]]:
    """Return for each agency which of its services, in their order, are marked."""
    sections: list[list[bool]] = []
    for element in page.seen:
        if element.tag == "section":
            sections.append([])
        elif element.tag == "li":
            sections[-1].append("high use" in element.text)
    return sections


def test_who_may_enter_is_said_in_words(fa: Page, en: Page, listed: Catalogue) -> None:
    said = {
        "groups": ("نیازمند عضویت در گروه", "needs membership of a group"),
        "public": ("بدون نیاز به ورود", "no login needed"),
    }
    for access, (persian, english) in said.items():
        wanted = sum(one.service.access.policy == access for one in listed.connected)
        assert wanted > 0
        assert [tag.text for tag in fa.of(access)] == [persian] * wanted
        assert [tag.text for tag in en.of(access)] == [english] * wanted


def test_what_is_not_connected_is_said_with_its_reason(fa: Page, en: Page, listed: Catalogue) -> None:
    assert fa.one("section", id="missing").text.count("دستگاه پنجره ندارد") == 9
    english = en.one("section", id="missing").text
    assert english.count("the agency has no window") == 9
    assert english.count("it is offered in no window") == 3
    assert "Non-Governmental Schools" in english
    for one in listed.missing:
        assert one.service.card_id in english


def test_nothing_missing_leaves_no_list_of_it(estate: Estate, listed: Catalogue) -> None:
    whole = Page(portal.page(estate, listed._replace(missing=()), "en"))
    assert [e for e in whole.seen if e.attributes.get("id") == "missing"] == []


def test_a_window_of_another_is_named(en: Page, fa: Page) -> None:
    assert en.one("section", id="agency-ashayer").text.count("in the window of Ministry of Agriculture-Jihad") == 3
    assert "در پنجرهٔ وزارت جهاد کشاورزی" in fa.one("section", id="agency-ashayer").text
    assert "gov.test" not in en.one("section", id="agency-ashayer").text  # it has no host of its own


def test_titles_without_english_are_marked_as_persian(estate: Estate) -> None:
    only_persian = listed_in(with_service(estate, "PBO-007", title_en=None))
    shown = Page(portal.page(estate, only_persian, "en")).one("bdi", lang="fa")
    assert shown.text == "انتشار فهرست‌بهای پایه رشته‌های عمرانی"
    assert shown.around[-2:] == ("li", "a")


def test_numbers_and_days_are_persian_in_persian(fa: Page, en: Page, listed: Catalogue) -> None:
    assert fa.one("time").text == "۱۴۰۵/۰۳/۱۲"
    assert en.one("time").text == "2026-06-02"
    assert fa.one("time").attributes == en.one("time").attributes == {"datetime": "2026-06-02"}
    services = len(listed.connected)
    assert en.one("p", id="count").text == f"{services} services of 24 agencies"
    assert fa.one("p", id="count").text == f"{number(services, 'fa')} خدمت از ۲۴ دستگاه"
    assert (number(5200, "fa"), number(5200, "en")) == ("۵٬۲۰۰", "5,200")
    assert (card("1003", "fa"), card("1003", "en"), card("IRICA-003", "fa")) == ("۱۰۰۳", "1003", "IRICA-003")


def synthetic(estate: Estate, is_synthetic: Callable[[Agency], bool]) -> Page:
    def marked(agency: Agency) -> Agency:
        metadata = msgspec.structs.replace(agency.profile.metadata, synthetic=is_synthetic(agency))
        return msgspec.structs.replace(agency, profile=msgspec.structs.replace(agency.profile, metadata=metadata))

    other = msgspec.structs.replace(estate, agencies=tuple(marked(agency) for agency in estate.agencies))
    return Page(portal.pages(other)["en.html"])


def test_what_is_synthetic_is_said_to_be(estate: Estate) -> None:
    whole = synthetic(estate, lambda _: True)
    assert "Everything on this page is synthetic" in whole.of("notice")[0].text
    assert whole.of("synthetic") == []
    none = synthetic(estate, lambda _: False)
    assert (none.of("notice"), none.of("synthetic")) == ([], [])
    some = synthetic(estate, lambda agency: agency.id in {"irica", "ngschools"})
    assert "Part of this page is synthetic" in some.of("notice")[0].text
    assert [mark.around[-1] for mark in some.of("synthetic")] == ["h2", *["span"] * 3]


def test_what_is_closed_for_now_is_said_in_words_and_not_why(
    estate: Estate, listed: Catalogue, fa: Page, en: Page
) -> None:
    assert (fa.of("closed"), en.of("closed")) == ([], [])
    own = sum(one.agency.id == "irica" for one in listed.connected)
    pages = portal.pages(shut(estate, "irica"))
    for name, words in (("index.html", "فعلاً بسته است"), ("en.html", "closed for now")):
        page = Page(pages[name])
        assert [mark.text for mark in page.of("closed")] == [words] * own
        assert "stolen account" not in pages[name].decode()


# What a stranger could put in


def test_every_text_is_escaped(estate: Estate, made: dict[str, bytes]) -> None:
    agency = estate.agency("pbo")
    assert agency is not None
    identity = msgspec.structs.replace(agency.profile.spec.identity, name_fa=NASTY, name_en=NASTY, aliases_fa=(NASTY,))
    nasty = changed(estate, "pbo", identity=identity)
    for card_id in ("PBO-007", "BANK-NEMUNEH-001"):
        nasty = with_service(nasty, card_id, title_fa=NASTY, title_en=NASTY)
    pages = portal.pages(nasty)
    for name in PAGES:
        before, after = Page(made[name]), Page(pages[name])
        assert Counter(e.tag for e in after.seen) == Counter(e.tag for e in before.seen)
        assert [title.text for title in after.all("a")].count(NASTY) == 1
        assert [h.text for h in after.all("h2")].count(NASTY) == 1
        assert NASTY in after.one("section", id="missing").text
        keys = [e.attributes["data-key"] for e in after.seen if "alert" in e.attributes.get("data-key", "")]
        assert len(keys) == 3
        assert all(normalise(NASTY) in key for key in keys)
    assert json.loads(pages["catalogue.json"])["missing"][0]["titleFa"] == NASTY


def test_only_what_is_hashed_may_run(page: Page) -> None:
    policy = page.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules.pop("default-src") == rules.pop("base-uri") == rules.pop("form-action") == "'none'"
    for directive, tag in {"style-src": "style", "script-src": "script"}.items():
        digest = base64.b64encode(hashlib.sha256(page.one(tag).text.encode()).digest()).decode()
        assert rules.pop(directive) == f"'sha256-{digest}'"
    assert rules == {}
    assert [name for e in page.seen for name in e.attributes if name.startswith("on") or name == "style"] == []
    order = [e.tag for e in page.seen if e.tag in {"meta", "style", "script"}]
    assert order.index("style") > order.index("meta") + 1  # the policy comes before what it judges


# Search


def test_keys_are_in_normal_form(page: Page, listed: Catalogue) -> None:
    keys = [e.attributes["data-key"] for e in page.seen if "data-key" in e.attributes]
    assert all(key == normalise(key) for key in keys)
    assert len(rows(page)) == len(listed.connected) + len(listed.missing)
    assert all(row.attributes["data-key"] for row in rows(page))


def test_a_key_holds_all_that_one_may_look_for(estate: Estate) -> None:
    odd = with_service(estate, "PBO-007", title_fa="فهرست‌هاي بهاي ۱۴۰۴ ـ كشور", high_use=True)
    agency = odd.agency("irica")
    assert agency is not None
    identity = msgspec.structs.replace(agency.profile.spec.identity, aliases_fa=("شاه‌بندر",))
    en = Page(portal.pages(changed(odd, "irica", identity=identity))["en.html"])
    (row,) = [row for row in rows(en) if "pbo-007" in row.attributes["data-key"]]
    expected = "فهرست های بهای 1404 کشور base price lists of construction pbo-007 پرکاربرد high use"
    assert row.attributes["data-key"] == expected
    irica = en.one("section", id="agency-irica").attributes["data-key"]
    assert {"گمرک", "جمهوری", "بندر", "customs", "irica"} <= set(irica.split())
    missing = next(row for row in rows(en) if "bank-nemuneh-001" in row.attributes["data-key"])
    assert missing.attributes["data-key"].startswith("بانک نمونه")


def test_without_a_script_everything_is_there_and_only_the_field_is_not(page: Page) -> None:
    assert [e.tag for e in page.seen if "hidden" in e.attributes] == ["label", "input"]
    assert page.one("noscript").text
    assert page.one("label").attributes["for"] == page.one("input").attributes["id"]
    assert page.one("p", id="count").attributes.items() >= {("role", "status"), ("aria-live", "polite")}


@pytest.mark.skipif(shutil.which("node") is None, reason="the script's normal form needs node to run")
def test_the_script_folds_a_query_as_the_keys_are_folded() -> None:
    script = Path(portal.__file__).with_suffix(".js").read_text(encoding="utf-8")
    fold = script[: script.index("const field")]
    arabic = [chr(code) for code in (*range(0x600, 0x700), *range(0xFB50, 0xFDFF), *range(0xFE70, 0xFEFD))]
    ways = ["سازمان كشوري", "خدمت\u200cها", "مدينة", "خانۀ", "خانهٔ", "  ٣ ۳\u00a03 ", "IRICA", "گـُمرک\u200f"]
    texts = [*arabic, *ways]
    ran = subprocess.run(
        ["node", "-e", f"{fold};console.log(JSON.stringify({json.dumps(texts)}.map(fold)))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ran.stdout) == [normalise(text) for text in texts]


# What it weighs, and who can read it


def test_a_country_of_services_stays_below_four_megabytes(estate: Estate, listed: Catalogue) -> None:
    times = -(-5200 // len(listed.connected))
    many = sorted(listed.connected * times, key=lambda one: one.agency.id)[:5200]
    for language in ("fa", "en"):
        assert len(portal.page(estate, Catalogue(tuple(many), listed.missing * times), language)) < 4_000_000
    assert len(document(Catalogue(tuple(many), ())).encode()) < 4_000_000


def luminance(colour: str) -> float:
    value = colour.strip().removeprefix("#")
    full = value if len(value) == 6 else "".join(digit * 2 for digit in value)
    parts = [int(full[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the ratio of WCAG 2.2."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_every_text_stands_out_from_its_ground() -> None:
    style = Path(portal.__file__).with_suffix(".css").read_text(encoding="utf-8").partition("@media print")[0]
    names = dict(re.findall(r"--(\w+): (#\w+);", style))
    pairs = [(names[ink], names[ground]) for ink in ("ink", "soft", "link") for ground in ("paper", "ground")]
    pairs.append((names["accent"], names["paper"]))
    for rule in re.findall(r"\{([^{}]+)\}", style):
        ground, ink = (re.search(rf"(?<![\w-]){name}: (#\w+)", rule) for name in ("background", "color"))
        if ink is not None:
            pairs.append((ink[1], ground[1] if ground is not None else names["paper"]))
    assert len(pairs) >= 7 + 6
    assert {pair: ratio for pair in pairs if (ratio := contrast(*pair)) < 4.5} == {}
