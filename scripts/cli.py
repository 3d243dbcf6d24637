"""The `govcloud` command: finds the project and the verb, and turns every error into a sentence and an exit code.

0 clean or advisory only · 1 mandatory findings · 2 wrong use, missing path, unreachable cluster, disk · 130 stopped
"""

import argparse
import gc
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Final

from scripts.errors import GovcloudError, UsageError

VERBS: Final = ("check", "explain", "render", "apply", "cloud")
_MARKER: Final = "Pulumi.yaml"
GC_THRESHOLDS: Final = (100_000, 50, 100)
"""Plain data makes no cycles: to look for them as often as Python does by itself is a quarter of a `check`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    gc.set_threshold(*GC_THRESHOLDS)
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):  # whatever the locale says: titles are Persian
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        args = _parser(arguments).parse_args(arguments)
        code: int = import_module(f"scripts.{args.verb}").run(args, _root(args.root))
        sys.stdout.flush()
    except GovcloudError as error:
        return _complain(str(error), 2)
    except KeyboardInterrupt:
        return _complain("stopped; run the same command again to continue", 130)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return _complain(f"{error.filename or 'the system'}: {error.strerror or error}", 2)
    except Exception as error:  # noqa: BLE001  # no traceback reaches a user who did not ask for one
        if os.environ.get("GOVCLOUD_DEBUG"):
            traceback.print_exc()
        return _complain(f"unexpected: {error!r}. This is a defect; GOVCLOUD_DEBUG=1 shows where it happened", 2)
    return code


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="govcloud",
        description="Isolated, SSO-connected tenants on a shared government cloud, from one YAML profile per agency.",
        epilog="example: govcloud check irica --lang fa",
    )
    parser.add_argument("--root", type=Path, help=f"the project (default: the nearest folder with {_MARKER})")
    subparsers = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    asked = [argument for argument in arguments if argument in VERBS][:1]
    for verb in asked or VERBS:  # only the verb that was asked for pays for its imports
        import_module(f"scripts.{verb}").register(subparsers)
        subparsers.choices[verb].add_argument("--root", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return parser


def _root(given: Path | None) -> Path:
    start = (given or Path.cwd()).resolve()
    candidates = [start] if given else [start, *start.parents]
    root = next((folder for folder in candidates if (folder / _MARKER).is_file()), None)
    if root is None:
        raise UsageError(f"{start} holds no {_MARKER}: go to the project's folder, or name it with --root")
    return root


def _complain(message: str, code: int) -> int:
    sys.stderr.write(f"govcloud: {message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
