"""Files to an estate: every diagnostic of every file in one run, each at its line.

Reads files and nothing else; decides nothing about what the profiles say together.
"""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from components.estate import data_items, schema, source
from components.estate.data_items import DataItemRegister, Datum
from components.estate.document import Document, Problem, parse, place
from components.estate.duties import REGISTER as DUTIES
from components.estate.duties import DutyRegister, contradictions
from components.estate.emergencies import NONE, Emergencies, EmergencyRegister
from components.estate.emergencies import REGISTER as EMERGENCIES
from components.estate.estate import Agency, Estate, digest, record
from components.estate.finding import Finding, Where, Words, in_order, printable, quoted
from components.estate.operators import REGISTER, Operator, OperatorRegister
from components.estate.platform import Platform
from components.estate.profile import AgencyProfile
from components.estate.reason import Reason
from components.estate.waiver import WAIVERS, Waiver

PROFILES: Final = "agency_profiles"
PLATFORM: Final = "stacks/platform.yaml"

RecordT = TypeVar("RecordT", bound=msgspec.Struct)
Parser = Callable[[str], Document]
"""Text to a document; a cached one may leave the nodes out where there are no problems."""


class Loaded(NamedTuple):
    """An estate, or None where the platform, a register or a waiver could not be read; and what was found."""

    estate: Estate | None
    findings: tuple[Finding, ...]


class Duties(NamedTuple):
    """The register of legal duties, or None where there is none or it could not be read; and what is wrong with it."""

    register: DutyRegister | None
    findings: tuple[Finding, ...]


class _Source(NamedTuple):
    """Where a file lies, how people name it, and whom it concerns."""

    path: Path
    shown: str
    subject: str


class _File(NamedTuple):
    """One file's data as a record; the data is None where there are findings."""

    record: Any
    data: Any
    findings: tuple[Finding, ...]


def load(
    root: Path,
    *,
    as_of: Callable[[Platform], datetime] = lambda _: datetime.now(UTC),
    replacements: tuple[Path, ...] = (),
    parser: Parser = parse,
) -> Loaded:
    """Load the estate below `root`.

    Args:
        root: The project: the folder of `Pulumi.yaml`.
        as_of: The moment to judge for, given the platform (which knows the time zone).
        replacements: Profiles to read instead of the ones with the same file name.
        parser: How text becomes a document.
    """
    platform_file = _read(_Source(root / PLATFORM, PLATFORM, "platform"), schema.PLATFORM, Platform, parser)
    operators, against_operators = _operators(root, parser)
    emergencies, against_emergencies = _emergencies(root, parser)
    waivers, against_waivers = _waivers(root, parser)
    items, against_items = _data_items(root, parser)
    against_registers = (*against_operators, *against_emergencies, *against_items, *against_waivers)
    agencies: list[Agency] = []
    unread: set[str] = set()
    findings = [*platform_file.findings, *against_registers]
    for agency_id, (path, shown) in profile_files(root, replacements).items():
        file = _read(_Source(path, shown, agency_id), schema.AGENCY_PROFILE, AgencyProfile, parser)
        found = file.findings or tuple(_misnamed(file.record.id, agency_id, _Source(path, shown, agency_id)))
        findings += found
        if found:
            unread.add(agency_id)
        else:
            agencies.append(Agency(profile=file.record, file=shown, digest=digest(file.data)))
    for path in sorted((root / PROFILES).glob("*.yml")):  # two endings would let two files claim one id
        unread.add(path.stem)
        findings.append(_misspelt(f"{PROFILES}/{printable(path.name)}", printable(path.stem)))
    if platform_file.record is None or against_registers:  # never "nothing is waived", never "nobody is shut"
        return Loaded(None, in_order(findings))
    platform: Platform = platform_file.record
    estate = Estate(
        agencies=tuple(agencies),
        platform=platform,
        as_of=as_of(platform),
        unread=frozenset(unread),
        operators=operators,
        waivers=waivers,
        emergencies=emergencies,
        data_items=items,
    )
    return Loaded(estate, in_order(findings))


def read_duties(root: Path) -> Duties:
    """Read the register of legal duties below `root`. It is no part of the estate: no manifest and no rule needs it."""
    path, file = root / DUTIES, _Source(root / DUTIES, DUTIES, "platform")
    if not _is_there(path):
        return Duties(None, ())
    register, _, findings = _read(file, schema.DUTIES, DutyRegister, parse)
    if register is not None:
        text = source.read(path)
        nodes = parse(text).root if isinstance(text, str) else None
        findings = tuple(_from_reason(reason, nodes, file) for reason in contradictions(register))
    about = tuple(msgspec.structs.replace(finding, source="legal duties (R57)") for finding in findings)
    return Duties(None if about else register, about)


def profile_files(root: Path, replacements: tuple[Path, ...] = ()) -> dict[str, tuple[Path, str]]:
    """Return the profiles' paths and shown names by agency, in order of the ids.

    A file below `agency_profiles/` is the agency's that its name says; a replacement, of any name, the one's that it
    says itself, as far as it can be read.
    """
    paths = (root / PROFILES).glob("[!.]*.yaml")  # an editor's hidden files are nobody's profile
    found = {printable(path.stem): (path, f"{PROFILES}/{printable(path.name)}") for path in paths}
    found |= {claimed_id(path): (path, printable(str(path))) for path in replacements}
    return dict(sorted(found.items()))


def claimed_id(path: Path) -> str:
    """Return the id that a profile says of itself, else its file's name without the ending."""
    text = source.read(path)
    data = parse(text).data if isinstance(text, str) else None
    metadata = data.get("metadata") if isinstance(data, dict) else None
    claimed = metadata.get("id") if isinstance(metadata, dict) else None
    return printable(claimed if isinstance(claimed, str) else path.stem)


def locate(root: Path, findings: tuple[Finding, ...], replacements: tuple[Path, ...] = ()) -> tuple[Finding, ...]:
    """Return the findings with line and column looked up where they only had a path."""
    nodes: dict[str, Any] = {}
    paths = {shown: path for path, shown in profile_files(root, replacements).values()}
    paths |= {shown: root / shown for shown in (PLATFORM, REGISTER, EMERGENCIES, data_items.REGISTER)}
    paths |= {shown: path for path, shown in _waiver_files(root)}

    def located(finding: Finding) -> Finding:
        where = finding.where
        if where.line or where.file not in paths:
            return finding
        if where.file not in nodes:
            text = source.read(paths[where.file])
            nodes[where.file] = parse(text).root if isinstance(text, str) else None
        if nodes[where.file] is None:
            return finding
        line, column = place(nodes[where.file], where.path)
        return msgspec.structs.replace(finding, where=Where(where.file, where.path, line, column))

    return in_order([located(finding) for finding in findings])


def _read(file: _Source, schema_name: str, kind: type[RecordT], parser: Parser) -> _File:
    text = source.read(file.path)
    document = parser(text) if isinstance(text, str) else Document(None, None, (text,))
    if document.problems:
        return _File(None, None, tuple(_from_problem(problem, file) for problem in document.problems))
    reasons = list(schema.violations(schema_name, document.data))
    if not reasons:
        try:
            return _File(record(document.data, kind), document.data, ())
        except msgspec.ValidationError:  # schema and records disagree, or the cache was tampered with: fail closed
            reasons = [schema.UNEXPLAINED]
    root = document.root or parse(text if isinstance(text, str) else "").root
    return _File(None, None, tuple(_from_reason(reason, root, file) for reason in reasons))


def _operators(root: Path, parser: Parser) -> tuple[tuple[Operator, ...], tuple[Finding, ...]]:
    """Return who is registered, nobody where there is no register, and what is wrong with its file."""
    register, findings = _register(root, REGISTER, schema.OPERATORS, OperatorRegister, parser)
    return register.operators if register is not None else (), findings


def _emergencies(root: Path, parser: Parser) -> tuple[Emergencies, tuple[Finding, ...]]:
    """Return what the register holds, nothing where there is none, and what is wrong with its file."""
    register, findings = _register(root, EMERGENCIES, schema.EMERGENCIES, EmergencyRegister, parser)
    return register.spec if register is not None else NONE, findings


def _data_items(root: Path, parser: Parser) -> tuple[tuple[Datum, ...], tuple[Finding, ...]]:
    """Return the data that somebody holds, none where there is no register, and what is wrong with its file."""
    register, findings = _register(root, data_items.REGISTER, schema.DATA_ITEMS, DataItemRegister, parser)
    return register.spec.items if register is not None else (), findings


def _register(
    root: Path, shown: str, schema_name: str, kind: type[RecordT], parser: Parser
) -> tuple[RecordT | None, tuple[Finding, ...]]:
    """Return a register of the platform, None where there is none or it cannot be read, and what is wrong with it."""
    path = root / shown
    misspelt = path.parent.glob(f"{path.stem}.yml")  # a record that nobody reads would be missed late
    findings = tuple(_misspelt(str(other.relative_to(root)), "platform") for other in misspelt)
    if not _is_there(path):
        return None, findings
    file = _read(_Source(path, shown, "platform"), schema_name, kind, parser)
    return file.record, (*findings, *file.findings)


def _waivers(root: Path, parser: Parser) -> tuple[tuple[Waiver, ...], tuple[Finding, ...]]:
    """Return the committee's records in order of their ids, none where there is no folder; and what is wrong there."""
    folder = root / WAIVERS
    if not _is_there(folder):
        return (), ()
    try:
        os.scandir(folder).close()  # a glob keeps silent about what it cannot list
    except OSError as error:
        return (), (_unlistable(WAIVERS, error),)
    waivers: list[Waiver] = []
    findings = [_misspelt(f"{WAIVERS}/{printable(path.name)}", "platform") for path in sorted(folder.glob("*.yml"))]
    for path, shown in _waiver_files(root):
        file = _Source(path, shown, "platform")
        read = _read(file, schema.WAIVER, Waiver, parser)
        findings += read.findings or _misnamed(read.record.id, printable(path.stem), file)
        waivers += [read.record] if read.record is not None else []
    return tuple(sorted(waivers, key=lambda waiver: waiver.id)), tuple(findings)


def _unlistable(shown: str, error: OSError) -> Finding:
    reason = error.strerror or type(error).__name__
    return Finding(
        rule="unreadable-file",
        subject="platform",
        where=Where(shown),
        summary=Words(f"the folder cannot be read: {reason}", f"پوشه خوانده نمی‌شود: {reason}"),
        remedy=Words("look at its path and its permissions", "مسیر و دسترسی آن را بررسی کنید"),
    )


def _waiver_files(root: Path) -> list[tuple[Path, str]]:
    return [(path, f"{WAIVERS}/{printable(path.name)}") for path in sorted((root / WAIVERS).glob("[!.]*.yaml"))]


def _is_there(path: Path) -> bool:
    """Return whether anything lies at `path`; yes where it cannot be known, so that whoever reads it says why."""
    try:
        path.lstat()
    except OSError as error:
        return not isinstance(error, FileNotFoundError)
    return True


def _from_problem(problem: Problem, file: _Source) -> Finding:
    where = Where(file.shown, (), problem.line, problem.column)
    return Finding(rule=problem.rule, subject=file.subject, where=where, summary=problem.summary, remedy=problem.remedy)


def _from_reason(reason: Reason, root: Any, file: _Source) -> Finding:
    where = Where(file.shown, reason.path, *(place(root, reason.path) if root else ()))
    return Finding(rule=reason.rule, subject=file.subject, where=where, summary=reason.summary, remedy=reason.remedy)


def _misnamed(own_id: str, stem: str, file: _Source) -> Iterator[Finding]:
    if own_id != stem:
        yield Finding(
            rule="id-not-file-name",
            subject=file.subject,
            where=Where(file.shown, ("metadata", "id")),
            summary=Words(
                f"the id is {own_id!r}, the file is {quoted(stem)}",
                f"شناسه {own_id!r} است و نام پرونده {quoted(stem)}",
            ),
            remedy=Words(
                f"the id never changes: name the file {own_id}.yaml",
                f"شناسه تغییر نمی‌کند: نام پرونده را {own_id}.yaml بگذارید",
            ),
        )


def _misspelt(shown: str, subject: str) -> Finding:
    return Finding(
        rule="file-ending",
        subject=subject,
        where=Where(shown),
        summary=Words("a file that ends in .yml is not read", "پرونده‌ای که نامش به .yml پایان یابد خوانده نمی‌شود"),
        remedy=Words("let its name end in .yaml", "پایان نام آن را .yaml بگذارید"),
    )
