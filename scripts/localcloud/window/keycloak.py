"""Keycloak's distribution, fetched and built once into the user's cache; the digest pins it."""

import os
import shutil
import subprocess
import time
import zipfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from scripts.localcloud import binaries
from scripts.localcloud.errors import BuildError, UnavailableError
from scripts.localcloud.files import Progress, locked, make_private

VERSION = "26.7.3"
DIGEST = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"
ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
THREADS = "io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory"
# What Keycloak's own start script passes, with a heap for one machine, its smallest collector, and the compiler
# that starts twice as fast.
JAVA_OPTIONS = (
    "-XX:TieredStopAtLevel=1",
    "-Xms64m", "-Xmx512m", "-XX:MaxMetaspaceSize=256m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError",
    "-Dfile.encoding=UTF-8", "-Duser.language=en", "-Duser.country=US",
    "-Djava.util.logging.manager=org.jboss.logmanager.LogManager", "-Dpicocli.disable.closures=true",
    f"-Djava.util.concurrent.ForkJoinPool.common.threadFactory={THREADS}",
    *(f"--add-opens=java.base/java.{name}=ALL-UNNAMED" for name in ("util", "util.concurrent", "security", "lang")),
)  # fmt: skip
BUILD_OPTIONS = ("build", "--db=dev-file", "--health-enabled=true")
HASH_CHUNK = 1 << 20
_BARE = {"PATH": os.defpath}  # Keycloak reads every KC_*


def command(java: Path, home: Path, arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the command that runs Keycloak from this home."""
    places = (f"-Dkc.home.dir={home}", f"-Djboss.server.config.dir={home / 'conf'}")
    program = ("-cp", str(home / "lib" / "quarkus-run.jar"), "io.quarkus.bootstrap.runner.QuarkusEntryPoint")
    return (str(java), *JAVA_OPTIONS, *places, *program, *arguments)


def build(java: Path, progress: Progress) -> Path:
    """Return the folder of the built distribution, having made it if that was never done.

    Raises:
        UnavailableError: It cannot be fetched here.
        BuildError: It could not be built.
    """
    key = sha256(repr((DIGEST, BUILD_OPTIONS)).encode()).hexdigest()[:16]
    folder = binaries.base() / f"keycloak-{VERSION}-{key}"
    if folder.exists():
        return folder
    make_private(folder.parent)
    with locked(folder.parent / "keycloak.lock", progress, "fetch of Keycloak"):
        if not folder.exists():
            _make(java, folder, progress)
    return folder


def _make(java: Path, folder: Path, progress: Progress) -> None:
    partial = folder.with_name(f".{folder.name}")
    shutil.rmtree(partial, ignore_errors=True)  # left by one that was killed
    start = time.monotonic()
    try:
        archive = _fetch(partial, progress)
        progress(f"building Keycloak {VERSION} (once, about a minute)")
        with zipfile.ZipFile(archive) as content:
            content.extractall(partial)
        archive.unlink()
        home = partial / f"keycloak-{VERSION}"
        _run([*command(java, home, BUILD_OPTIONS)], folder.with_suffix(".log"), "Keycloak's own build", _BARE)
        home.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    progress(f"built Keycloak in {time.monotonic() - start:.0f} s")


def _fetch(partial: Path, progress: Progress) -> Path:
    maven = shutil.which("mvn")
    if maven is None:
        raise UnavailableError(
            f"The national login (Keycloak {VERSION}) comes by Maven, and there is no `mvn` on PATH. "
            "Install Maven from your distribution."
        )
    progress(f"fetching Keycloak {VERSION} by Maven (once, 170 MB)")
    partial.mkdir(parents=True)
    copy = [maven, "-B", "-q", "dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={partial}"]
    try:
        _run(copy, partial.with_suffix(".fetch.log"), "Fetching Keycloak by Maven", dict(os.environ))
    except BuildError as error:
        raise UnavailableError(str(error)) from error
    archive = next(partial.glob("*.zip"))
    digest = sha256()
    with archive.open("rb") as file:
        while chunk := file.read(HASH_CHUNK):
            digest.update(chunk)
    if digest.hexdigest() != DIGEST:
        raise UnavailableError(
            f"Keycloak {VERSION} is not what was pinned: its SHA-256 is {digest.hexdigest()} instead of {DIGEST}. "
            "Remove it from Maven's local repository and use a mirror that you trust."
        )
    return archive


def _run(arguments: Sequence[str], log: Path, title: str, environment: dict[str, str]) -> None:
    with log.open("wb") as output:
        result = subprocess.run(  # noqa: S603 - Maven and Java, fixed arguments
            arguments, cwd=log.parent, env=environment, stdin=subprocess.DEVNULL,
            stdout=output, stderr=output, check=False,
        )  # fmt: skip
    if result.returncode != 0:
        lines = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        raise BuildError(f"{title} failed: {lines[-1][:400]} Output: {log}")
