"""Runs a scanner over a folder of manifests: what it finds wrong, in which object, in one form for all scanners."""

import functools
import itertools
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

_PASSED: Final = 10  # the best of kube-score's grades; what it was told to skip has grade 0


class Place(NamedTuple):
    """An object, and where in it.

    Attributes:
        path: Inside the object, as `spec.oidc.clientID`; empty where the whole object is meant.
    """

    kind: str
    namespace: str
    name: str
    path: str


class Failure(NamedTuple):
    """A check that an object failed."""

    scanner: str
    check: str
    place: Place
    said: str
    where: str


class Scan(NamedTuple):
    """What one scanner made of a folder: how many objects it knew, and what they failed."""

    objects: int
    failures: tuple[Failure, ...]


class ScannerError(Exception):
    """A scanner did not do its work; then nothing is known of the objects."""


def checkov(program: Path, folder: Path) -> Scan:
    """Run checkov's checks of Kubernetes objects, and its search for secrets.

    Raises:
        ScannerError: It broke, or there is a file that it could not read.
    """
    options = ("--framework", "kubernetes", "secrets", "--output", "json", "--compact", "--skip-download")
    output = _output([str(program), "--directory", str(folder), "--soft-fail", *options], (0,))
    reports = output if isinstance(output, list) else [output]
    kubernetes = [report for report in reports if report.get("check_type") == "kubernetes"]
    if len(kubernetes) != 1 or any(report["results"]["parsing_errors"] for report in reports):
        raise ScannerError(f"checkov did not read all of {folder}: {json.dumps(output)[:2000]}")
    return Scan(kubernetes[0]["summary"]["resource_count"], tuple(_of_checkov(reports)))


def kube_score(program: Path, folder: Path, kubernetes: str) -> Scan:
    """Run all checks of kube-score, the optional ones too.

    Args:
        program: The scanner.
        folder: With the manifests.
        kubernetes: The cluster's version, as `v1.36`.

    Raises:
        ScannerError: It broke.
    """
    options = ("--all-default-optional", "--disable-ignore-checks-annotations", "--disable-optional-checks-annotations")
    command = (str(program), "score", "--kubernetes-version", kubernetes, *options, "--output-format", "json")
    scored = _output([*command, *map(str, sorted(folder.rglob("*.yaml")))], (0, 1))
    return Scan(len(scored), tuple(_of_kube_score(scored)))


def _of_checkov(reports: Sequence[Any]) -> Iterator[Failure]:
    for report in reports:
        for found in (*report["results"]["failed_checks"], *report["results"]["skipped_checks"]):
            file, line = Path(found["file_abs_path"]), found["file_line_range"][0]
            place = place_at(file, line)
            if report["check_type"] == "kubernetes":  # of secrets it names their digest
                if f".{place.name}" not in found["resource"]:  # whose kind may be Pod, of what holds a template of one
                    raise ScannerError(f"{file}:{line}: checkov speaks of {found['resource']}, here is {place}")
                place = place._replace(path="")
            yield Failure("checkov", found["check_id"], place, found["check_name"], f"{file.name}:{line}")


def _of_kube_score(scored: Sequence[Any]) -> Iterator[Failure]:
    for body in scored:
        metadata = body["object_meta"]
        place = Place(body["type_meta"]["kind"], metadata.get("namespace", ""), metadata["name"], "")
        where = f"{Path(body['file_name']).name}:{body['file_row']}"
        for check in body["checks"]:
            if check["grade"] < _PASSED:
                said = "; ".join(comment["summary"] for comment in check["comments"] or ())
                yield Failure("kube-score", check["check"]["id"], place, said or check["check"]["comment"], where)


def place_at(file: Path, line: int) -> Place:
    """Return what stands in a line, counted from 1, of a file with manifests."""
    number = line - 1
    *_, root = itertools.takewhile(lambda one: one.start_mark.line <= number, _roots(file))
    body = yaml.CSafeLoader("").construct_document(root)
    path = ".".join(map(str, _path(root, number)))
    return Place(body["kind"], body["metadata"].get("namespace", ""), body["metadata"]["name"], path)


@functools.cache
def _roots(file: Path) -> tuple[Node, ...]:
    return tuple(yaml.compose_all(file.read_text("utf-8"), yaml.CSafeLoader))


def _path(node: Node, line: int) -> Iterator[str | int]:
    """Yield the way to the last node that begins in this line or before it."""
    children: list[tuple[str | int, int, Node]] = []
    if isinstance(node, MappingNode):
        children = [(key.value, key.start_mark.line, value) for key, value in node.value]
    elif isinstance(node, SequenceNode):
        children = [(index, item.start_mark.line, item) for index, item in enumerate(node.value)]
    before = [child for child in children if child[1] <= line]
    if before:
        part, _, value = before[-1]
        yield part
        yield from _path(value, line)


def _output(command: Sequence[str], codes: Sequence[int]) -> Any:
    """Return the JSON that a scanner prints; it sees neither the user's settings nor his tokens."""
    with tempfile.TemporaryDirectory(prefix="govcloud-scanner-") as home:
        environment = {"HOME": home, "PATH": os.environ.get("PATH", ""), "PYTHONUTF8": "1"}
        done = subprocess.run(command, cwd=home, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False)  # fmt: skip
    try:
        if done.returncode in codes:
            return json.loads(done.stdout)
    except ValueError:
        pass
    raise ScannerError(
        f"{Path(command[0]).name} ended with {done.returncode}: {done.stdout[-1000:]}{done.stderr[-1000:]}"
    )
