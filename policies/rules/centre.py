"""The security centre of a national agency: that it is there, and what the resolution demands of it (R13 to R17).

It gates production only (R22): an agency that has no production environment is advised. Whether the directives that it
follows have been issued is a duty (`policies.duties`).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

import msgspec

from components.estate.estate import Agency, Estate
from components.estate.finding import Finding, Level, Words
from components.estate.persian import normalise
from components.estate.profile import LegalScope, SecurityCentre

DEPUTY_OFFICE_LEVEL: Final = 3  # resolution 000: level three of the national incident system, and no other
_CENTRE: Final = ("spec", "securityCentre")
_HEAD: Final = (*_CENTRE, "head")
_TITLES: Final = {"centre": "head", "deputyOffice": "deputy"}

_Check: TypeAlias = Callable[[Agency, SecurityCentre], Iterable[Finding]]


def missing_centres(estate: Estate) -> Iterator[Finding]:
    """Refuse a national agency without a security centre: no centre, no production (R13, R22)."""
    for agency in estate.agencies:
        spec = agency.profile.spec
        if spec.identity.legal_scope is LegalScope.NATIONAL_AGENCY and spec.security_centre is None:
            yield from weighed(agency, _missing(agency), "R13, R22, resolution 000")


def centre_places(estate: Estate) -> Iterator[Finding]:
    """Refuse a centre that is not directly under the highest authority (R13)."""
    return _judged(estate, "R13, resolution 000", _places)


def centre_costs(estate: Estate) -> Iterator[Finding]:
    """Refuse a centre that merges no units, or has an additional burden or none stated (R14)."""
    return _judged(estate, "R14, resolution 000", _costs)


def centre_coordinations(estate: Estate) -> Iterator[Finding]:
    """Refuse a centre that was formed without coordination with AEO (R15)."""
    return _judged(estate, "R15, resolution 000", _coordinations)


def centre_forms(estate: Estate) -> Iterator[Finding]:
    """Refuse a deputy office at another level than 3, or without AEO's determination (R16)."""
    return _judged(estate, "R16, resolution 000", _forms)


def centre_heads(estate: Estate) -> Iterator[Finding]:
    """Refuse a centre without a head, one appointed without MICT, and a title that does not suit the form (R17)."""
    return _judged(estate, "R17, resolution 000", _heads)


def is_blank(text: str | None) -> bool:
    """Tell whether there is nothing to read in `text`."""
    return text is None or not normalise(text)


def weighed(agency: Agency, findings: Iterable[Finding], source: str) -> Iterator[Finding]:
    """Yield the findings with their source: mandatory where the agency is in production, else advice (R22)."""
    level = Level.MANDATORY if agency.has_production else Level.ADVISORY
    for finding in findings:
        yield msgspec.structs.replace(finding, level=level, source=source)


def _judged(estate: Estate, source: str, check: _Check) -> Iterator[Finding]:
    for agency in estate.agencies:
        spec = agency.profile.spec
        if spec.identity.legal_scope is LegalScope.NATIONAL_AGENCY and spec.security_centre is not None:
            yield from weighed(agency, check(agency, spec.security_centre), source)


def _missing(agency: Agency) -> Iterator[Finding]:
    yield agency.fails(
        "centre-missing",
        ("spec", "securityCentre"),
        Words(
            "the agency has no centre for IT development, security and smartification",
            "دستگاه مرکز توسعهٔ فناوری اطلاعات، امنیت و هوشمندسازی ندارد",
        ),
        Words(
            "declare it in spec.securityCentre; without it a national agency has no production environment",
            "آن را در spec.securityCentre بنویسید؛ دستگاه ملی بدون آن محیط production ندارد",
        ),
    )


def _places(agency: Agency, centre: SecurityCentre) -> Iterator[Finding]:
    if centre.reports_to != "highestAuthority":
        given = centre.reports_to
        yield agency.fails(
            "centre-reports-to",
            _CENTRE if given is None else (*_CENTRE, "reportsTo"),
            Words("the centre does not say to whom it reports", "نوشته نشده است که مرکز ذیل کدام مقام است")
            if given is None
            else Words(f"the centre reports to {given!r}", f"مرکز ذیل {given!r} است"),
            Words(
                "place it directly under the highest authority and write reportsTo: highestAuthority",
                "آن را مستقیم ذیل بالاترین مقام دستگاه بگذارید و reportsTo: highestAuthority بنویسید",
            ),
        )


def _costs(agency: Agency, centre: SecurityCentre) -> Iterator[Finding]:
    if all(is_blank(unit) for unit in centre.merged_units):
        yield agency.fails(
            "centre-units",
            (*_CENTRE, "mergedUnits"),
            Words("the centre merges no unit", "مرکز از تجمیع هیچ واحدی ساخته نشده است"),
            Words(
                "name the units of which it was formed in mergedUnits; the resolution forms it by merging",
                "نام واحدهایی را که تجمیع شده‌اند در mergedUnits بنویسید؛ مصوبه مرکز را از تجمیع واحدها می‌سازد",
            ),
        )
    if centre.additional_burden != 0:
        given = centre.additional_burden
        yield agency.fails(
            "centre-burden",
            _CENTRE if given is None else (*_CENTRE, "additionalBurden"),
            Words("the centre does not state its additional burden", "بار مالی مازاد مرکز نوشته نشده است")
            if given is None
            else Words(
                f"the additional burden of the centre, in rials: {given}", f"بار مالی مازاد مرکز به ریال: {given}"
            ),
            Words(
                "form it without any, from the credits that are there, and write additionalBurden: 0",
                "آن را بدون بار مالی مازاد، از همان اعتبارات موجود، تشکیل دهید و additionalBurden: 0 بنویسید",
            ),
        )


def _coordinations(agency: Agency, centre: SecurityCentre) -> Iterator[Finding]:
    if is_blank(centre.aeo_coordination_ref):
        yield agency.fails(
            "centre-coordination",
            _CENTRE if centre.aeo_coordination_ref is None else (*_CENTRE, "aeoCoordinationRef"),
            Words(
                "the centre cites no coordination with AEO",
                "برای تشکیل مرکز به هماهنگی با سازمان اداری و استخدامی استناد نشده است",
            ),
            Words("write its reference in aeoCoordinationRef", "شمارهٔ آن را در aeoCoordinationRef بنویسید"),
        )


def _forms(agency: Agency, centre: SecurityCentre) -> Iterator[Finding]:
    if centre.form != "deputyOffice":
        return
    level = agency.profile.spec.identity.incident_system_level
    if level != DEPUTY_OFFICE_LEVEL:
        yield agency.fails(
            "centre-form",
            (*_CENTRE, "form"),
            Words(
                f"a deputy office at level {level} of the incident system",
                f"معاونت در دستگاهی که در سطح {level} نظام مقابله با حوادث فضای مجازی است",
            ),
            Words(
                f"write form: centre; only level {DEPUTY_OFFICE_LEVEL} allows a deputy office",
                f"form: centre بنویسید؛ معاونت تنها در سطح {DEPUTY_OFFICE_LEVEL} روا است",
            ),
        )
    if is_blank(centre.aeo_determination_ref):
        yield agency.fails(
            "centre-determination",
            (*_CENTRE, "form" if centre.aeo_determination_ref is None else "aeoDeterminationRef"),
            Words(
                "a deputy office that cites no determination of AEO",
                "معاونتی که به تشخیص سازمان اداری و استخدامی استناد نکرده است",
            ),
            Words(
                "write its reference in aeoDeterminationRef, or form: centre",
                "شمارهٔ آن را در aeoDeterminationRef بنویسید، یا form: centre",
            ),
        )


def _heads(agency: Agency, centre: SecurityCentre) -> Iterator[Finding]:
    head = centre.head
    if head is None:
        yield agency.fails(
            "centre-head",
            _CENTRE,
            Words("the centre has no head", "مرکز رئیس ندارد"),
            Words("name the head in securityCentre.head", "رئیس مرکز را در securityCentre.head بنویسید"),
        )
        return
    if is_blank(head.mict_coordination_ref):
        yield agency.fails(
            "centre-head-coordination",
            _HEAD if head.mict_coordination_ref is None else (*_HEAD, "mictCoordinationRef"),
            Words(
                "the head's appointment cites no coordination with MICT",
                "برای انتصاب رئیس مرکز به هماهنگی با وزارت ارتباطات استناد نشده است",
            ),
            Words("write its reference in mictCoordinationRef", "شمارهٔ آن را در mictCoordinationRef بنویسید"),
        )
    if head.title != _TITLES[centre.form]:
        yield agency.fails(
            "centre-head-title",
            (*_HEAD, "title"),
            Words(
                f"the title {head.title!r} does not suit {centre.form!r}",
                f"عنوان {head.title!r} با {centre.form!r} نمی‌خواند",
            ),
            Words(f"write title: {_TITLES[centre.form]}", f"title: {_TITLES[centre.form]} بنویسید"),
        )


RULES: Final = (missing_centres, centre_places, centre_costs, centre_coordinations, centre_forms, centre_heads)
"""What a declared centre must be; each a pure function of the estate."""
