"""Agencies by the examples' pattern: copies of them under other names, with as many services as are wanted.

Every distribution (apps, flows, environments, consents, high use, windows …) is therefore the examples' own, and
what one example says about another still fits: both are copied together. Knows no files.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, count, islice, pairwise
from random import Random
from typing import Any, Final, TypeAlias

Profile: TypeAlias = dict[str, Any]

SERVICES_MAX: Final = 500  # the schema's
_REFERENCES: Final = frozenset(("parent", "obtainedFrom", "sourceAgency", "consumer", "provider", "clientId"))
"""Keys whose value names an agency."""
_NUMBERS: Final = f"every agency has 1 to {SERVICES_MAX} services: ask for other numbers"
_FIRST_CARD: Final = 1_000_000_001
_PLACES: Final = (
    "آذربایجان شرقی", "آذربایجان غربی", "اردبیل", "اصفهان", "البرز", "ایلام", "بوشهر", "تهران", "چهارمحال و بختیاری",
    "خراسان جنوبی", "خراسان رضوی", "خراسان شمالی", "خوزستان", "زنجان", "سمنان", "سیستان و بلوچستان", "فارس", "قزوین",
    "قم", "کردستان", "کرمان", "کرمانشاه", "کهگیلویه و بویراحمد", "گلستان", "گیلان", "لرستان", "مازندران", "مرکزی",
    "هرمزگان", "همدان", "یزد",
)  # fmt: skip
_AUDIENCES: Final = (
    "اشخاص حقیقی", "اشخاص حقوقی", "اتباع خارجی", "ایرانیان خارج از کشور", "دستگاه‌های اجرایی", "شرکت‌های دانش‌بنیان",
    "روستاییان و عشایر", "ایثارگران", "دانشجویان", "بازنشستگان",
)  # fmt: skip


def agencies(examples: Sequence[Profile], zone: str, wanted: int, services: int, random: Random) -> Iterator[Profile]:
    """Yield `wanted` profiles with `services` services in all.

    Raises:
        ValueError: There are too few services, or too many for one agency.
    """
    if not 1 <= wanted <= services:
        raise ValueError(_NUMBERS)
    models = [(copy, model) for copy, model in islice(_copies(examples, random), wanted)]
    present = {_new_id(model, copy) for copy, model in models}
    weights = [len(model["spec"]["services"]) * random.uniform(0.7, 1.3) for _, model in models]
    cards = count(_FIRST_CARD)
    for (copy, model), share in zip(models, _shares(weights, services), strict=True):
        names = {_id(example): _new_id(example, copy) for example in examples}
        absent = {old for old, new in names.items() if new not in present}
        yield _profile(_Renamer(names, absent, zone), model, share, cards, random)


def _copies(examples: Sequence[Profile], random: Random) -> Iterator[tuple[int, Profile]]:
    """Yield the examples again and again, in random order, but a parent before its children."""
    by_id = {_id(example): example for example in examples}
    for copy in count(1):
        waiting = dict.fromkeys(random.sample(sorted(by_id), len(by_id)))
        while waiting:
            lineage = [next(iter(waiting))]
            while (parent := by_id[lineage[-1]]["spec"]["identity"].get("parent")) in waiting:
                lineage.append(parent)
            for agency_id in reversed(lineage):
                del waiting[agency_id]
                yield copy, by_id[agency_id]


def _shares(weights: Iterable[float], total: int) -> list[int]:
    """Return whole shares of `total` in proportion to `weights`, none empty."""
    sums = [0.0, *accumulate(weights)]
    free = total - (len(sums) - 1)
    edges = [round(free * part / sums[-1]) for part in sums]
    shares = [1 + after - before for before, after in pairwise(edges)]
    if max(shares) > SERVICES_MAX:
        raise ValueError(_NUMBERS)
    return shares


class _Renamer:
    """Carries one copy's names into plain data, and drops what speaks of an agency that is not there."""

    def __init__(self, names: Mapping[str, str], absent: set[str], zone: str) -> None:
        self._names = names
        self._absent = absent
        self._host = re.compile(rf"\b({'|'.join(map(re.escape, names))})(?=\.{re.escape(zone)}\b)")

    def name(self, agency_id: str) -> str:
        return self._names.get(agency_id, agency_id)

    def __call__(self, value: Any) -> Any:
        if isinstance(value, dict):
            kept = {key: item for key, item in value.items() if not self._is_dangling(item)}
            return {key: self.name(item) if key in _REFERENCES else self(item) for key, item in kept.items()}
        if isinstance(value, list):
            return [self(item) for item in value if not self._is_dangling(item)]
        return self._host.sub(lambda match: self._names[match[1]], value) if isinstance(value, str) else value

    def _is_dangling(self, value: Any) -> bool:
        return isinstance(value, dict) and any(value.get(key) in self._absent for key in _REFERENCES)


def _profile(renamed: _Renamer, model: Profile, services: int, cards: Iterator[int], random: Random) -> Profile:
    result: Profile = renamed(model)
    place = random.choice(_PLACES)
    new_id = renamed.name(_id(model))
    number = new_id.rpartition("-")[2]  # two copies may fall on one place
    result["metadata"] = {"id": new_id, "synthetic": True}
    identity = result["spec"]["identity"]
    identity["nameFa"] = f"{identity['nameFa']} {place} {number}"
    identity["nameEn"] = f"{identity['nameEn']} {number}"
    if "aliasesFa" in identity:
        identity["aliasesFa"] = [f"{alias} {place} {number}" for alias in identity["aliasesFa"]]
    result["spec"]["services"] = list(islice(_services(result["spec"]["services"], cards, random), services))
    return result


def _services(models: list[Profile], cards: Iterator[int], random: Random) -> Iterator[Profile]:
    """Yield services without end, the agency's own first; early ones bring every app, so that few suffice."""
    apps = {model.get("backend", {}).get("app"): index for index, model in reversed(list(enumerate(models)))}
    first = [models[index] for index in sorted(apps.values())]
    others = [model for index, model in enumerate(models) if index not in apps.values()]
    ordered = first + random.sample(others, len(others))
    for turn in count():
        for model in ordered:
            service = model | {"cardId": str(next(cards))}
            if turn:
                service["titleFa"] = f"{model['titleFa']} ویژهٔ {random.choice(_AUDIENCES)}"
                if "window" in model:
                    path = f"{model['window']['path'].rstrip('/')}-{turn}"  # beside it, never below
                    service["window"] = model["window"] | {"path": path}
            yield service


def _id(profile: Profile) -> str:
    return str(profile["metadata"]["id"])


def _new_id(profile: Profile, copy: int) -> str:
    return f"{_id(profile)}-{copy}"
