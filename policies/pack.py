"""The CrossGuard pack: the same rules over the resources of a stack, for reviewers who run it from their own checkout.

Few policies, one for each level: the SDK converts every property again for every policy, and 60 policies over 400
resources took 5.8 s where one took 0.17 s. They judge the whole stack, because most rules look at several objects.
The resources come from Pulumi; the profiles, the waivers and what other stacks declare come from the checkout in
which the pack lies.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    ReportViolation,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from components.estate import loader
from components.estate.cache import LOCATION, ParseCache
from components.estate.estate import Estate
from components.estate.finding import Finding, Level, Status, Where
from components.manifests import build
from components.manifests.manifest import Manifest
from policies.guardrails import guardrails
from policies.rules.reading import mapping
from policies.rules.rule import Mark, kind_of
from policies.rules.scene import Scene
from policies.verdict import Placed, judge
from policies.waivers import apply, excused

_ROOT: Final = Path(__file__).parents[1]
_PREFIX: Final = "kubernetes:"
_SERVERS: Final = frozenset(("status", "id", "urn", "uid", "resourceVersion", "generation", "creationTimestamp",
                             "managedFields", "selfLink"))  # fmt: skip
"""What the server or the engine adds to an object: nobody declares it, and at a preview it is not known."""
_NAMES: Final = {Level.MANDATORY: "govcloud-mandatory", Level.ADVISORY: "govcloud-advisory"}
_LEVELS: Final = {Level.MANDATORY: EnforcementLevel.MANDATORY, Level.ADVISORY: EnforcementLevel.ADVISORY}


class Violation(NamedTuple):
    """What is told to the engine: the rule's id comes first in the message."""

    level: Level
    message: str
    urn: str | None


def serve() -> None:
    """Serve the pack; never returns."""
    PolicyPack("govcloud", enforcement_level=EnforcementLevel.MANDATORY, policies=policies(_ROOT))


def policies(root: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> list[Policy]:
    """Return the policies, one for each level, over the profiles below `root`.

    Args:
        root: The checkout of the reviewer.
        now: The clock. No configuration of the pack moves it: whoever runs it could keep an ended waiver alive.
    """
    estate = loader.load(root, as_of=lambda _: now(), parser=ParseCache(root / LOCATION)).estate
    declared = list(_declared(estate)) if estate is not None else []
    return [policy(level, estate, declared) for level in Level]


def violations(resources: Iterable[Any], estate: Estate, declared: Iterable[Manifest]) -> Iterator[Violation]:
    """Judge a stack's resources (`PolicyResource`) among what all stacks declare."""
    own: list[tuple[str, Manifest]] = []
    for resource in resources:
        if resource.resource_type.startswith(_PREFIX):
            try:
                own.append((resource.urn, plain(resource.props)))
            except UnknownValueError as error:
                yield Violation(Level.MANDATORY, f"[unknown] {resource.name}: {error.message}", resource.urn)
    here = {_identity(body) for _, body in own}
    others = [body for body in declared if _identity(body) not in here]
    scene = Scene([*others, *(body for _, body in own)], estate.platform, estate)
    placed = [Placed(body, Where(urn), is_made=True) for urn, body in own]
    found = judge(placed, scene, Mark.GENERATED).findings
    for finding in apply(found, estate.waivers, estate.as_of, estate.platform.zone):
        if finding.status in (Status.FAIL, Status.UNKNOWN):
            yield Violation(finding.level, _message(finding), finding.where.file)
        elif finding.status is Status.WAIVED:  # the SDK knows no exemption: it is told, and stops nobody
            yield Violation(Level.ADVISORY, _message(finding), finding.where.file)


def plain(value: Any) -> Any:
    """Return properties as plain data: the SDK hands proxies and floats out.

    Raises:
        UnknownValueError: A declared value cannot be known at a preview: then nothing can be judged.
    """
    if isinstance(value, Mapping):
        return {key: plain(value[key]) for key in value if key not in _SERVERS and not key.startswith("__")}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def policy(level: Level, estate: Estate | None, declared: Sequence[Manifest]) -> Policy:
    """Return the policy of one level."""
    return StackValidationPolicy(
        name=_NAMES[level],
        description=f"{level.capitalize()} rules of the security centre (docs/reference/rules.md).",
        enforcement_level=_LEVELS[level],
        validate=_validation(level, estate, declared),
    )


def _declared(estate: Estate) -> Iterator[Manifest]:
    yield from build.shared(estate.platform)
    yield from guardrails(estate.platform, excused(estate))
    for agency in estate.agencies:
        yield from build.tenant(estate, agency)


def _validation(
    level: Level, estate: Estate | None, declared: Sequence[Manifest]
) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        if estate is None:
            report("[unknown] the profiles beside this pack cannot be read: run `govcloud check` there", None)
            return
        for violation in violations(args.resources, estate, declared):
            if violation.level is level:
                report(violation.message, violation.urn)

    return validate


def _identity(body: Manifest) -> tuple[str, ...]:
    """Return what names an object in a cluster, whatever types it has."""
    kind, metadata = kind_of(body), mapping(body, "metadata")
    return kind, str(metadata.get("namespace", "")), str(metadata.get("name", ""))


def _message(finding: Finding) -> str:
    excuse = f" (waived by {finding.waiver} until {finding.until})" if finding.waiver else ""
    return f"[{finding.rule}]{excuse} {finding.summary.en}; {finding.remedy.en}"
