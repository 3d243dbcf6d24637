"""Private files, whole or not at all, and the lock that one writer at a time holds."""

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Progress = Callable[[str], None]


def silent(_: str) -> None:
    """Show no progress."""


def make_private(directory: Path) -> None:
    """Make the folder and its parents, the folder itself readable by its owner only."""
    directory.mkdir(parents=True, exist_ok=True)
    if stat.S_IMODE(directory.stat().st_mode) != stat.S_IRWXU:
        directory.chmod(stat.S_IRWXU)


def write_private(path: Path, data: bytes) -> None:
    """Replace the file in one step; its mode is 0600 from the first byte on."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, progress: Progress, holder: str) -> Iterator[None]:
    """Hold the lock file; the kernel frees it when its holder dies, so a left-over file means nothing."""
    while True:
        make_private(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                progress(f"waiting for another {holder} at work on {path.parent}")
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not _is_at(descriptor, path):
                continue  # `down --delete` removed the file while we waited: lock the one that is there now
            yield
            return
        finally:
            os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
